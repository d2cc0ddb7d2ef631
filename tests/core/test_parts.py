"""Where parts of GPUs go: beside others of their firm, and within what may be taken of a node."""

import random
from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import pytest
from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.job import RankNeeds, Shape
from bostan_scheduler.core.placement import place
from bostan_scheduler.core.placement.allowance import ranks_within
from bostan_scheduler.core.room import Ledger
from bostan_scheduler.core.room.held import Claim
from bostan_scheduler.core.room.limit import Limit
from hypothesis import given, settings
from hypothesis import strategies as st
from placing import part, shape, spots
from worlds import world


def held(ledger: Ledger, name: str, asked: Shape) -> str:
    """Where it goes, and there it stays."""
    placement = place(ledger, asked, "a100")
    if placement is not None:
        ledger.put_claim(name, Claim(asked.rank, asked.firm, placement.places))
    return spots(placement)


def test_a_firm_shares_a_gpu_with_itself_alone() -> None:
    ledger = Ledger.of(world("node p/a 2; quota x 2"))
    assert held(ledger, "1", part(500)) == "p/a 0"
    assert held(ledger, "2", part(300)) == "p/a 0"
    assert held(ledger, "3", part(300)) == "p/a 1"
    assert held(ledger, "4", part(100, "y")) == "nowhere"
    assert held(ledger, "5", shape("x 1")) == "nowhere"
    ledger.release("3")
    assert held(ledger, "4", part(100, "y")) == "p/a 1"


def test_a_part_goes_where_the_least_is_left_beside_it() -> None:
    ledger = Ledger.of(world("node p/a 3; quota x 2"))
    for name, milli in (("1", 700), ("2", 400)):
        held(ledger, name, part(milli))
    assert held(ledger, "3", part(300)) == "p/a 0"
    assert held(ledger, "4", part(600)) == "p/a 1"


def test_ranks_of_a_gang_share_gpus_of_one_node() -> None:
    ledger = Ledger.of(world("node p/a 2; quota x 2"))
    assert held(ledger, "1", part(400, ranks=4)) == "p/a 0 p/a 0 p/a 1 p/a 1"
    assert held(ledger, "2", part(400, ranks=1)) == "nowhere"
    assert held(ledger, "3", part(200, ranks=2)) == "p/a 0 p/a 1"
    assert not [name for name in ledger.held.claims if name.startswith("tried")]


HALF_USED = "node p/a 3; quota x 4; run j0 x p/a 1 milli=600"


@pytest.mark.parametrize(
    ("cluster", "limits", "asked", "expected"),
    [
        pytest.param("node p/a 2", {"p/a": 1}, part(400, ranks=2), "p/a 0 p/a 0", id="two share the one that may be taken"),
        pytest.param("node p/a 2", {"p/a": 1}, part(400, ranks=3), "nowhere", id="a third has no room there"),
        pytest.param("node p/a 4", {"p/a": 2}, part(300, ranks=6), "p/a 0 p/a 0 p/a 0 p/a 1 p/a 1 p/a 1", id="as many as two hold"),
        pytest.param(HALF_USED, {"p/a": 1}, part(300), "p/a 0", id="beside another"),
        pytest.param(HALF_USED, {"p/a": 0}, part(300), "nowhere", id="who shares it may go before it is needed"),
        pytest.param(HALF_USED, {"p/a": 1}, part(300, ranks=3), "p/a 1 p/a 1 p/a 1", id="where all of them have room"),
        pytest.param(HALF_USED, {"p/a": 2}, part(300, ranks=4), "p/a 0 p/a 1 p/a 1 p/a 1", id="on both"),
        pytest.param(HALF_USED, {"p/a": Limit(0, {"p/a:0"})}, part(300), "p/a 0", id="beside another that stays"),
        pytest.param(HALF_USED, {"p/a": Limit(0, {"p/a:0"})}, part(300, ranks=2), "nowhere", id="no more than it leaves"),
        pytest.param(HALF_USED, {"p/a": Limit(1, {"p/a:0"})}, part(300, ranks=4), "p/a 0 p/a 1 p/a 1 p/a 1", id="beside it, and on one more"),
        pytest.param(HALF_USED, {"p/a": Limit(0, {"p/a:0"})}, part(300, "y"), "nowhere", id="not beside another firm"),
        pytest.param(HALF_USED, {"p/a": Limit(0, {"p/a:1"})}, part(300), "nowhere", id="nobody is there to share it with"),
        pytest.param("node p/a 2; node p/b 2", {"p/a": 1, "p/b": 1}, part(400, ranks=4), "p/a 0 p/a 0 p/b 0 p/b 0", id="over nodes"),
    ],
)  # fmt: skip
def test_parts_on_a_limited_node_take_no_more_gpus_than_its_limit(
    cluster: str, limits: Mapping[str, int], asked: Shape, expected: str
) -> None:
    ledger = Ledger.of(world(cluster))
    assert spots(place(ledger, asked, "a100", limits)) == expected
    assert not [name for name in ledger.held.claims if name.startswith("tried")]


@pytest.mark.parametrize("flag", ["drained", "silent"])
def test_no_part_fits_a_limited_node_that_is_not_open(flag: str) -> None:
    ledger = Ledger.of(world(f"node p/a 2 {flag}; node p/b 2xt4"))
    assert [ranks_within(ledger, node, "a100", part(300), 1) for node in ("p/a", "p/b")] == [0, 0]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_as_many_parts_are_placed_as_there_is_room_for(seed: int) -> None:
    chance = random.Random(seed)
    nodes = {f"p/{number}": chance.randint(1, 4) for number in range(chance.randint(1, 3))}
    ledger = Ledger.of(world("; ".join(f"node {node_id} {gpus}" for node_id, gpus in nodes.items())))
    left = {f"{node_id}:{at}": 1000 for node_id, gpus in nodes.items() for at in range(gpus)}
    for uuid in sorted(left):
        milli, firm = chance.choice((0, 200, 500, 800, 1000)), chance.choice("xxy")
        if milli:
            there = Place(0, uuid.partition(":")[0], (uuid,))
            ledger.put_claim(uuid, Claim(RankNeeds(1, gpu_milli=milli), firm, (there,)))
            left[uuid] = 1000 - milli if firm == "x" else 0
    stay = {uuid for uuid, of in left.items() if 0 < of < 1000 and chance.random() < 0.5}
    limits = {node_id: Limit(chance.randint(0, 3), stay) for node_id in nodes if chance.random() < 0.7}
    milli = chance.choice((200, 300, 400, 500))
    most = sum(
        max(
            sum(left[uuid] // milli for uuid in chosen)
            for count in range(gpus + 1)
            for chosen in combinations([f"{node_id}:{at}" for at in range(gpus)], count)
            if len(set(chosen) - stay) <= limits.get(node_id, gpus)
        )
        for node_id, gpus in nodes.items()
    )
    assert place(ledger, part(milli, ranks=most + 1), "a100", limits) is None
    placement = place(ledger, part(milli, ranks=most), "a100", limits) if most else None
    taken = Counter(uuid for one in placement.places for uuid in one.gpus) if placement else Counter()
    assert taken.total() == most
    assert all(count * milli <= left[uuid] for uuid, count in taken.items())
    for node_id, limit in limits.items():
        assert sum(uuid.startswith(f"{node_id}:") and uuid not in stay for uuid in taken) <= limit

"""Where gangs go: cases worked out by hand, and what must hold of any placement."""

import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from bostan_scheduler.core.job import RankNeeds
from bostan_scheduler.core.placement import best_of, classes_for, equals_for, place, place_in_any
from bostan_scheduler.core.room import Demand, Ledger, Mix
from bostan_scheduler.core.snapshot import ClassFacts, Snapshot
from clusters import clusters
from hypothesis import given, settings
from hypothesis import strategies as st
from placing import labelled, shape, spots
from worlds import GIB, world


def mix(**weights: int) -> Mix:
    """A workload such as `g1=3, g4=1`: so many demands for so many GPUs."""
    return Mix({Demand(RankNeeds(int(name[1:]))): weight for name, weight in weights.items()})


FOUR_USED = "run j1 x p/b 4"

CASES = [
    # One that asks for 1 GPU, where jobs of 4 are common: on p/a it leaves 3 of 4 to nobody, on p/b 1 of 2.
    pytest.param("node p/a 4; node p/b 6; quota x 9; run j1 x p/b 4", "x 1", mix(g4=1), "p/b 4", id="spare whole nodes"),
    pytest.param("node p/a 4; node p/b 6; quota x 9; run j1 x p/b 4", "x 1", mix(), "p/b 4", id="and so does the fit"),
    # Fit would fill p/a and leave 1 that no job of 2 can use; 8 - 3 on p/b leaves 5, all of use to jobs of 2.
    pytest.param("node p/a 4; node p/b 8; quota x 9", "x 3", mix(g2=1), "p/b 0,1,2", id="what is left is of use"),
    pytest.param("node p/a 4; node p/b 8; quota x 9", "x 3", mix(), "p/a 0,1,2", id="no workload known"),
    pytest.param("node p/a 4; node p/b 8; quota x 9", "x 3", mix(g1=1), "p/a 0,1,2", id="nothing is unusable"),
    pytest.param("node p/a 4 links=2,2; node p/b 8; quota x 12; run j1 x p/a 1", "x 3", mix(), "p/b 0,1,2", id="linked before tight"),
    pytest.param("node q/a 4; node p/b 4; quota x 8", "x 2", mix(), "p/b 0,1", id="of equals the first by name"),
    # gangs
    pytest.param("node p/a 8; node p/b 8; node p/c 8; quota x 24; run j1 x p/a 1", "x 1x16", mix(), "p/b 0 p/b 1 p/b 2 p/b 3 p/b 4 p/b 5 p/b 6 p/b 7 p/c 0 p/c 1 p/c 2 p/c 3 p/c 4 p/c 5 p/c 6 p/c 7", id="whole nodes"),
    pytest.param("node p/a 8; node q/b 4; node q/c 4; node q/d 4; quota x 24", "x 4x3", mix(), "q/b 0,1,2,3 q/c 0,1,2,3 q/d 0,1,2,3", id="the only park that holds it"),
    pytest.param("node p/a 2; node p/b 2; node q/c 4; node q/d 2; quota x 24", "x 2x3", mix(), "q/c 0,1 q/c 2,3 q/d 0,1", id="the park where fewer nodes do"),
    pytest.param("node p/a 2; node p/b 2; node p/c 2; quota x 24", "x 2x2 prefer=q", mix(), "p/a 0,1 p/b 0,1", id="a preferred park that is not there"),
    pytest.param("node p/a 2; node p/b 2; node q/c 2; quota x 24", "x 2x2 prefer=q", mix(), "p/a 0,1 p/b 0,1", id="a preferred park that is too small"),
    pytest.param("node p/a 2; node p/b 2", "x 2x3", mix(), "nowhere", id="too large"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "asked", "workload", "expected"), CASES)
def test_where_a_gang_goes(cluster: str, asked: str, workload: Mix, expected: str) -> None:
    assert spots(place(Ledger.of(world(cluster), workload), shape(asked), "a100")) == expected


FIVE = "; ".join(f"node p/{name} 8" for name in "abcde")


@pytest.mark.parametrize(
    ("where", "asked", "nodes"),
    [
        pytest.param({"a": "r1/s1", "b": "r2/s2", "c": "r1/s1"}, "x 8x2", ["p/a", "p/c"], id="one switch"),
        pytest.param({"a": "r1/s1", "b": "r2/s2", "d": "r2/s4"}, "x 8x2", ["p/b", "p/d"], id="else one rack"),
        pytest.param({"a": "r1/s1", "b": "r2/s2"}, "x 8x2", ["p/a", "p/b"], id="else any nodes"),
        pytest.param({"b": "r1/", "e": "r1/"}, "x 8x2", ["p/b", "p/e"], id="racks alone"),
        pytest.param({"b": "/s1", "e": "/s1"}, "x 8x2", ["p/b", "p/e"], id="switches alone"),
        pytest.param({"a": "r1/s1", "b": "r1/s2", "c": "r2/s1"}, "x 8x2", ["p/a", "p/c"], id="a switch of two racks"),
        pytest.param({"a": "r1/s2", "b": "r1/s1", "d": "/s1"}, "x 8x2", ["p/d", "p/b"], id="a switch and no rack"),
        pytest.param({"a": "/s1", "b": "/s2", "d": "r1/s3", "e": "r1/s4"}, "x 8x2", ["p/d", "p/e"], id="no rack is none"),
        pytest.param(
            {"a": "r1/s1", "b": "r1/s2", "c": "r2/s1", "d": "/s2"}, "x 8x4", ["p/a", "p/c", "p/d", "p/b"],
            id="those at one switch are neighbours",
        ),
        pytest.param(
            {"a": "r2/s1", "b": "r1/s2", "c": "r2/s1", "d": "r1/s2"}, "x 8x4", ["p/b", "p/d", "p/a", "p/c"],
            id="neighbours get neighbouring ranks",
        ),
    ],
)  # fmt: skip
def test_a_gang_stays_together(where: Mapping[str, str], asked: str, nodes: list[str]) -> None:
    placement = place(Ledger.of(labelled(world(FIVE), where)), shape(asked), "a100")
    assert placement is not None
    assert [one.node_id for one in placement.places] == nodes


PARKS = "; ".join(f"node {park}/{name} 8" for park in "pq" for name in "ab")
ROOMY = "node p/a 8; node p/b 8; node q/a 9; node q/b 9"


@pytest.mark.parametrize(
    ("cluster", "where", "limits", "asked", "nodes"),
    [
        pytest.param(PARKS, {"q/a": "/s1", "q/b": "/s1"}, {}, "x 8x2", "q/a q/b", id="a park with a switch for all"),
        pytest.param(PARKS, {"q/a": "r1/", "q/b": "r1/"}, {}, "x 8x2", "q/a q/b", id="a park with a rack for all"),
        pytest.param(PARKS, {"p/a": "r1/", "p/b": "r1/", "q/a": "/s", "q/b": "/s"}, {}, "x 8x2", "q/a q/b", id="a switch is better than a rack"),
        pytest.param(PARKS, {"p/b": "/s1", "q/a": "/s1"}, {}, "x 8x2", "p/a p/b", id="switches of two parks are two"),
        pytest.param(ROOMY, {"q/a": "/s1", "q/b": "/s1"}, {}, "x 8x2", "q/a q/b", id="near before tight"),
        pytest.param(ROOMY, {"p/a": "/s1", "p/b": "/s1", "q/a": "/s1", "q/b": "/s1"}, {}, "x 8x2", "p/a p/b", id="of those that are near the tightest"),
        pytest.param("node p/a 4; node p/b 4; node q/a 2; node q/b 2; node q/c 2", {"q/a": "/s", "q/b": "/s", "q/c": "/s"}, {}, "x 2x3", "p/a p/a p/b", id="few nodes before near ones"),
        pytest.param(f"{PARKS}; node q/c 8", {"q/a": "/s1", "q/b": "/s2", "q/c": "/s2"}, {}, "x 8x2", "q/b q/c", id="one switch of several"),
        pytest.param(PARKS, {"q/a": "/s1", "q/b": "/s1"}, {"q/a": 7}, "x 8x2", "p/a p/b", id="not where its nodes are limited"),
        pytest.param(f"{PARKS}; node q/c 8", {"q/a": "/s1", "q/b": "/s1", "q/c": "/s1"}, {"q/a": 7}, "x 8x2", "q/b q/c", id="beside a node that is limited"),
        pytest.param("node p/a 8; node p/b 8; node q/a 8; node q/b 9", {"q/a": "/s1", "q/b": "/s1"}, {"q/b": 4}, "x 4x3", "q/a q/a q/b", id="as much as a limit leaves"),
    ],
)  # fmt: skip
def test_a_gang_goes_where_it_stays_together(
    cluster: str, where: Mapping[str, str], limits: Mapping[str, int], asked: str, nodes: str
) -> None:
    placement = place(Ledger.of(labelled(world(cluster), where)), shape(asked), "a100", limits)
    assert placement is not None
    assert " ".join(one.node_id for one in placement.places) == nodes


@pytest.mark.parametrize(
    ("limits", "asked", "expected"),
    [
        pytest.param({"p/a": 1}, "x 2", "p/b 0,1", id="too few on the best node"),
        pytest.param({"p/a": 2}, "x 2", "p/a 0,1", id="just enough"),
        pytest.param({"p/a": 0, "p/b": 0}, "x 1", "nowhere", id="nothing anywhere"),
        pytest.param({"p/a": 2, "gone/x": 0}, "x 2x4", "p/a 0,1 p/b 0,1 p/b 2,3 p/b 4,5", id="a gang takes so many there"),
        pytest.param({"p/b": 4}, "x 2x4", "p/a 0,1 p/a 2,3 p/b 0,1 p/b 2,3", id="and so many there"),
        pytest.param({"p/b": 3}, "x 2x4", "nowhere", id="a gang that no longer fits"),
        pytest.param({"p/b": 99}, "x 2x4", "p/b 0,1 p/b 2,3 p/b 4,5 p/b 6,7", id="a limit that does not bind"),
    ],
)  # fmt: skip
def test_a_limited_node_gives_no_more_than_its_limit(
    limits: Mapping[str, int], asked: str, expected: str
) -> None:
    ledger = Ledger.of(world("node p/a 4; node p/b 8"))
    blocked = {**limits, "p/b": 7} if limits == {"p/a": 2, "gone/x": 0} else limits
    assert spots(place(ledger, shape(asked), "a100", blocked)) == expected


def test_nodes_to_avoid_are_taken_last_even_by_gangs() -> None:
    ledger = Ledger.of(world("node p/a 2; node p/b 4; node p/c 4; node p/d 4"))
    assert spots(place(ledger, shape("x 2", avoid=("p/a",)), "a100")) == "p/b 0,1"
    gang = shape("x 4x2", avoid=("p/b",))
    assert spots(place(ledger, gang, "a100")) == "p/c 0,1,2,3 p/d 0,1,2,3"


def test_a_job_without_gpus_goes_to_a_node_without_any() -> None:
    ledger = Ledger.of(world("node p/a 0; quota x 8"), mix(g1=2))
    assert spots(place(ledger, shape("x 0x2"), None)) == "p/a p/a"


# Classes


def test_the_fastest_class_comes_first_then_the_cheapest_then_the_smallest() -> None:
    snapshot = world("node p/a 1xa; node p/b 1xb; node p/c 1xc; node p/d 1xd")
    small = replace(
        snapshot.nodes["p/d"], gpus=(replace(snapshot.nodes["p/d"].gpus[0], memory_bytes=40 * GIB),)
    )
    facts = {
        "a": ClassFacts(1000, 500),
        "b": ClassFacts(2000, 900),
        "c": ClassFacts(1000, 400),
        "d": ClassFacts(1000, 400),
    }
    snapshot = replace(snapshot, nodes={**snapshot.nodes, "p/d": small}, classes=facts)
    ledger = Ledger.of(snapshot)
    assert classes_for(snapshot, ledger, shape("x 1")) == ("b", "d", "c", "a")
    assert classes_for(snapshot, ledger, shape("x 1 class=a,c")) == ("a", "c")
    large = replace(shape("x 1"), min_gpu_memory_bytes=41 * GIB)
    assert classes_for(snapshot, ledger, large) == ("b", "c", "a")
    fast_on_a = replace(shape("x 1"), speeds=(("a", 9.0),))
    assert classes_for(snapshot, ledger, fast_on_a)[0] == "a"


def test_a_slice_is_taken_only_by_who_names_it() -> None:
    snapshot = world("node p/a 1xa100,2xa100/1g.10gb; quota x 8")
    ledger = Ledger.of(snapshot)
    assert classes_for(snapshot, ledger, shape("x 1")) == ("a100",)
    named = shape("x 1x2 class=a100/1g.10gb")
    (gpu_class,) = classes_for(snapshot, ledger, named)
    assert spots(place(ledger, named, gpu_class)) == "p/a 1 p/a 2"


def test_of_equal_classes_the_freest_is_taken_then_where_the_least_becomes_unusable() -> None:
    snapshot = world("node p/a 4xa; node p/b 4xb; quota x 8 class=a; run j1 x p/a 3 class=a")
    assert equals_for(snapshot, Ledger.of(snapshot), shape("x 1")) == (("b", "a"),)
    found = place_in_any(Ledger.of(snapshot), shape("x 1"), ("a", "b"))
    assert found is not None
    assert (found[0], spots(found[1])) == ("b", "p/b 0")
    even = Ledger.of(world("node p/a 4xa; node p/b 3xb; node q/c 1xb"), mix(g4=1))
    found = place_in_any(even, shape("x 1"), ("a", "b"))
    assert found is not None
    assert (found[0], spots(found[1])) == ("b", "q/c 0")
    assert best_of(even, []) is None


def test_of_equal_classes_one_that_keeps_a_gang_together_is_taken() -> None:
    snapshot = world(
        "node p/a 8xa; node p/b 8xa; node p/c 8xa; node q/d 8xb; node q/e 8xb; node q/f 1xb,8xt; quota x 8 class=b; run j1 x q/f 1 class=b"
    )
    ledger = Ledger.of(labelled(snapshot, {"q/d": "/s1", "q/e": "/s1"}))
    found = place_in_any(ledger, shape("x 8x2"), ("a", "b"))
    assert found is not None
    assert found[0] == "b"


# Properties


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_no_choice_of_nodes_is_smaller_or_nearer(seed: int) -> None:
    chance = random.Random(seed)
    named = {
        f"{chance.choice('pq')}/{number}": (
            chance.randint(1, 3),
            chance.choice(("", "r1", "r2")),
            chance.choice(("", "s1", "s2")),
        )
        for number in range(chance.randint(2, 8))
    }
    limits = {node_id: chance.randint(0, 3) for node_id in named if chance.random() < 0.2}
    ranks = chance.randint(2, 6)
    cluster = world("; ".join(f"node {node_id} {gpus}" for node_id, (gpus, _, _) in named.items()))
    cluster = labelled(cluster, {node_id: f"{rack}/{switch}" for node_id, (_, rack, switch) in named.items()})
    most = {node_id: min(gpus, limits.get(node_id, gpus)) for node_id, (gpus, _, _) in named.items()}
    choices = [
        (count, apart(named, chosen))
        for count in range(1, len(named) + 1)
        for chosen in combinations(named, count)
        if sum(most[one] for one in chosen) >= ranks and len({one[0] for one in chosen}) == 1
    ]
    placement = place(Ledger.of(cluster), shape(f"x 1x{ranks}"), "a100", limits)
    found = placement and tuple(dict.fromkeys(one.node_id for one in placement.places))
    assert (found and (len(found), apart(named, found))) == min(choices, default=None)


def apart(named: Mapping[str, tuple[int, str, str]], chosen: tuple[str, ...]) -> int:
    """0 on one node or at one switch, 1 in one rack, 2 anywhere."""
    racks, switches = ({named[one][at] for one in chosen} for at in (1, 2))
    if len(chosen) == 1 or (len(switches) == 1 and switches != {""}):
        return 0
    return 1 if len(racks) == 1 and racks != {""} else 2


@settings(max_examples=60, deadline=None)
@given(clusters(), st.sampled_from(["x 1", "x 2", "x 3x2", "x 1x5", "x 4x3", "x 0x2"]), st.integers(0, 3))
def test_a_placement_is_whole_free_in_one_park_and_within_limits(
    snapshot: Snapshot, asked: str, limit: int
) -> None:
    ledger, wanted = Ledger.of(snapshot), shape(asked)
    gpu_class = "a100" if wanted.rank.gpus else None
    limits = {"p/0": limit}
    placement = place(ledger, wanted, gpu_class, limits)
    if placement is None:
        return
    uuids = [uuid for one in placement.places for uuid in one.gpus]
    assert [one.rank for one in placement.places] == list(range(wanted.replicas))
    assert len(set(uuids)) == len(uuids) == wanted.gpus
    nodes = [snapshot.nodes[one.node_id] for one in placement.places]
    assert all(node.open and node.park == placement.park for node in nodes)
    assert set(uuids) <= {gpu.uuid for node in nodes for gpu in node.gpus if gpu.usable}
    assert (
        sum(len(one.gpus) for one in placement.places if one.node_id == "p/0") <= limit or gpu_class is None
    )
    assert ledger.held.claims == {}

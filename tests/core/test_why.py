"""What would help a waiting job, how it looks in each park, and who is before it: a line a case."""

import pytest
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.plan import Planner
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.why.viewer import OTHERS, Viewer, seen_by
from bostan_scheduler.core.why.why import Why, explain
from worlds import world

HELPS = [
    # fewer
    pytest.param("node p/a 8; quota x 16; run j0 x p/a 5; job j1 x 8", ["it would start now with 3 of the 8 GPUs"], id="fewer GPUs"),
    pytest.param("node p/a 4; node p/b 4; quota x 16; run j0 x p/a 2; job j1 x 3x2", ["it would start now with 1 of the 2 replicas"], id="fewer replicas"),
    pytest.param("node p/a 8; quota x 4 max-job=2; job j1 x 8", ["it would start now with 2 of the 8 GPUs"], id="as many as the quota allows a job"),
    pytest.param("node p/a 4; node p/b 4; quota x 8; run j0 x p/a 2; run j9 x p/b 2; job j1 x 4", ["it would start now as 2 x 2 GPUs instead of 1 x 4", "it would start now with 2 of the 4 GPUs"], id="the same GPUs on more nodes"),
    pytest.param("node p/a 8 cpus=8; quota x 8; run j0 x p/a 1 cpus=5; job j1 x 1 cpus=6", ["it would start now with at most 3 CPUs a replica instead of 6"], id="fewer CPUs"),
    pytest.param("node p/a 8; quota x 8; run j0 x p/a 1 memory=500; job j1 x 1 memory=40", ["it would start now with at most 12 GiB of memory a replica"], id="less memory"),
    pytest.param("node p/a 8; quota x 16; run j0 x p/a 8; job j1 x 8", [], id="nothing is free"),
    # elsewhere
    pytest.param("node p/a 4; node q/b 4; quota x 16; run j0 x p/a 4; job j1 x 2 park=p", ["it would start now in q, which the job does not allow"], id="in another park"),
    pytest.param("node p/a 4,4xt4; quota x 16; quota x 4 class=t4; run j0 x p/a 4; job j1 x 2 class=a100", ["it would start now on t4"], id="on another class"),
    pytest.param("node p/a 4,4xt4; quota x 16; run j0 x p/a 4; job j1 x 2 class=a100", [], id="not on a class without quota"),
    # time
    pytest.param("node p/a 8; quota x 8; job j1 x 8 hours=24; closed w1 p 3720 7200", ["it would start now if it saved itself when asked (checkpoint on signal)", "it would start now with a time limit of at most 1 h"], id="before a window"),
    pytest.param("node p/a 8; quota x 8; job j1 x 8 hours=24 estimate=7200; closed w1 p 3600 7200", ["it would start now if it saved itself when asked (checkpoint on signal)"], id="not in less time than it takes"),
    pytest.param("node p/a 8; quota x 8; job j1 x 8 hours=24; booked w1 p y 4 5400 7200", ["it would start now if it saved itself when asked (checkpoint on signal)", "it would start now with 4 of the 8 GPUs", "it would start now with a time limit of at most 1 h 28 min"], id="before a reservation"),
    pytest.param("node p/a 8; quota x 8 max-hours=2; job j1 x 8 hours=3", ["it would start now with a time limit of at most 2 h"], id="as long as the quota allows"),
    # granted
    pytest.param("node p/a 8; quota x 2; job j1 x 3", ["it would start now with 2 of the 3 GPUs", "it would start now if x allowed 1 a100 more"], id="a larger quota"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4-1 under r; job j1 x 6", ["it would start now with 5 of the 6 GPUs", "it would start now if r allowed 1 a100 more"], id="more above"),
    pytest.param("node p/a 8; quota x 2; quota z 8; run j0 x p/a 2; run j9 z p/a 6; job j1 x 3", [], id="a larger quota alone is of no use"),
    pytest.param("node p/a 4; quota x 8; quota z 8; run j0 z p/a 4 qos=scavenger for=7200; job j1 x 4 qos=scavenger", ["with qos standard running jobs would make room for it (1)"], id="a firmer claim"),
    pytest.param("node p/a 4; quota x 8; quota z 8; run j0 z p/a 4 for=7200; job j1 x 4 estimate=100000", [], id="no claim is firm enough"),
    # where nothing that it asks matters
    pytest.param("node p/a 8; job j1 x 3", [], id="without quota"),
]  # fmt: skip


def explained(text: str, job_id: str = "j1") -> Why:
    """Why a job waits once what can start has started."""
    snapshot = settled(world(text))
    return explain(Planner().at(snapshot), snapshot.jobs[job_id])


def settled(snapshot: Snapshot) -> Snapshot:
    return apply_all(snapshot, Planner().plan(snapshot).starts)


@pytest.mark.parametrize(("cluster", "expected"), HELPS)
def test_what_would_help(cluster: str, expected: list[str]) -> None:
    assert [one.sentence for one in explained(cluster).helps] == expected


ROWS = [
    ("node p/a 4; node q/b 8; quota x 16; run j0 x p/a 4; run j9 x q/b 6; job j1 x 4", ["q a100 2 of 8 free: gpus-busy", "p a100 0 of 4 free: gpus-busy"]),
    ("node p/a 4; node q/b 8; quota x 16; run j0 x p/a 4; job j1 x 4 park=p", ["p a100 0 of 4 free: gpus-busy", "q a100 8 of 8 free, not allowed: nothing"]),
    ("node p/a 4; quota x 2; job j1 x 4", ["p a100 4 of 4 free: nothing"]),
    ("node p/a 4 silent; node p/b 2; quota x 8; job j1 x 4", ["p a100 2 of 6 free, 1 of 2 nodes away: nodes-away"]),
    ("node p/a 8; quota x 8; job j1 x 8; closed w1 p 3600 7200", ["p a100 8 of 8 free, 8 set aside: window-ahead"]),
    ("node p/a 4,2xt4; node q/b 4; quota x 8; quota x 8 class=t4; run j0 x p/a 4; run j9 x q/b 4; job j1 x 4 class=a100,t4", ["p t4 2 of 2 free: no-such-gpu", "p a100 0 of 4 free: gpus-busy", "q a100 0 of 4 free: gpus-busy"]),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), ROWS)
def test_how_it_looks_in_each_park(cluster: str, expected: list[str]) -> None:
    assert [_line(row) for row in explained(cluster).parks] == expected


def _line(row) -> str:
    parts = [f"{row.park} {row.gpu_class} {row.free} of {row.gpus} free"]
    parts += ["not allowed"] if not row.allowed else []
    parts += [f"{row.nodes_away} of {row.nodes} nodes away"] if row.nodes_away else []
    parts += [f"{row.set_aside} set aside"] if row.set_aside else []
    return ", ".join(parts) + f": {row.lacks.reason if row.lacks else 'nothing'}"


def test_who_is_before_it_in_line():
    full = "node p/a 4; quota r 8 firm=branch; quota x 2+4 under r; quota y 2+4 under r; run j0 y p/a 4"
    text = f"{full}; job j1 x 4; job j2 x 4 age=50; job j3 y 4; job j4 x 4 age=60 qos=scavenger"
    counts = {one: explained(text, one).ahead for one in ("j1", "j2", "j3", "j4")}
    told = {one: (count.jobs, count.of_firm) for one, count in counts.items()}
    assert told == {"j2": (0, 0), "j1": (1, 1), "j3": (2, 0), "j4": (3, 2)}


CROWDED = (
    "node p/a 4; node q/b 4; quota r 8 firm=branch; quota x 2+6 under r; quota y 6 under r;"
    "run j0 x p/a 1; run j9 y p/a 3; run j8 y q/b 4; job j1 x 2"
)


def test_a_firm_sees_others_as_a_number():
    why = seen_by(explained(CROWDED), Viewer(firm="x"))
    assert {row.park: row.held_by for row in why.parks} == {"p": (("x", 1), (OTHERS, 3)), "q": ((OTHERS, 4),)}
    assert {row.quota for row in why.quotas} == {"x"}
    assert "y" not in repr(why).replace("gpus-busy", "").split("'")


def test_administrators_see_who_holds_what():
    why = seen_by(explained(CROWDED), Viewer())
    assert {row.park: row.held_by for row in why.parks} == {"p": (("y", 3), ("x", 1)), "q": (("y", 4),)}
    assert [(row.quota, row.uses) for row in why.quotas] == [("x", 1), ("r", 8)]


def test_an_operator_sees_their_park_and_nothing_of_quotas():
    why = seen_by(explained(CROWDED), Viewer(park="q"))
    assert [row.park for row in why.parks] == ["q"]
    assert not why.quotas
    assert [one.sentence for one in why.waits] == ["0 of 4 a100 are free, the job asks 2"]
    over = seen_by(explained("node p/a 8; quota x 2; job j1 x 3"), Viewer(park="p"))
    assert [one.sentence for one in over.waits] == ["it does not wait for anything in p"]
    assert [one.kind for one in over.helps] == ["gpus"]


def test_the_desk_is_as_before():
    snapshot = settled(world(CROWDED))
    planner = Planner()
    planner.plan(snapshot)
    desk = planner.at(snapshot)
    before = repr((desk.memory, desk.books.quotas.accounts, desk.books.claims, desk.room.held, desk.queue))
    explain(desk, snapshot.jobs["j1"])
    assert (
        repr((desk.memory, desk.books.quotas.accounts, desk.books.claims, desk.room.held, desk.queue))
        == before
    )

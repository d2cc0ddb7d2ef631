"""Nodes that a job is to avoid: all of them if it can be, else the oldest are forgotten first; for a while none at all."""

import random
from dataclasses import replace

from bostan_scheduler.core.changes import Start
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.node import Drain
from bostan_scheduler.core.plan import Planner, Rows
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import Settings, Snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Table
from worlds import NOW, lines, sentence, world

WAITS = Settings(avoid_wait_seconds=120, preemption=Preemption(spacing_seconds=600))


def requeued(text: str, seconds_ago: int = 0) -> Snapshot:
    """The world, in which all that waits was queued again so long ago."""
    snapshot = world(text, WAITS)
    phase = Queued(after(NOW, -seconds_ago))
    jobs = {one: replace(job, phase=phase) for one, job in snapshot.jobs.items() if job.avoid_nodes}
    return replace(snapshot, jobs={**snapshot.jobs, **jobs})


def starts(table: Table) -> list[str]:
    """Where jobs would start now."""
    return [one.attempt.places[0].node_id for one in table.plan() if isinstance(one, Start)]


def test_the_oldest_are_forgotten_first() -> None:
    """In order of being avoided: a, b, c. A gang that needs two nodes takes a, and of the others the one not avoided."""
    nodes = "node p/a 2; node p/b 2; node p/c 2; quota x 8; "
    assert lines(world(nodes + "job j1 x 2 avoid=p/a,p/b,p/c")) == ["start j1 p/a 0,1"]
    assert lines(world(nodes + "job j1 x 2x2 avoid=p/a,p/b,p/c")) == ["start j1 p/a 0,1 p/b 0,1"]
    more = "node p/d 2; "
    assert lines(world(more + nodes + "job j1 x 2x2 avoid=p/c,p/b,p/a")) == ["start j1 p/c 0,1 p/d 0,1"]


def test_another_class_comes_before_a_node_to_avoid() -> None:
    nodes = "node p/a 4; node p/b 4xt4; quota x 4; quota x 4 class=t4; "
    assert lines(world(nodes + "job j1 x 2 class=a100,t4 avoid=p/a")) == ["start j1 p/b 0,1"]
    assert lines(world(nodes + "job j1 x 2 class=a100,t4 avoid=p/b")) == ["start j1 p/a 0,1"]
    assert lines(world(nodes + "job j1 x 2 class=a100,t4 avoid=p/b,p/a")) == ["start j1 p/b 0,1"]
    assert lines(world(nodes + "job j1 x 2 class=a100 avoid=p/a")) == ["start j1 p/a 0,1"]


def test_a_job_waits_for_another_node_that_is_busy_or_silent() -> None:
    for other in ("node p/b 4; quota x 8; run j0 x p/b 4", "node p/b 4 silent; quota x 8"):
        text = f"node p/a 4; {other}; job j1 x 2 avoid=p/a"
        assert lines(requeued(text, 119))[-1].startswith("wait j1 ")
        assert lines(requeued(text, 120)) == ["start j1 p/a 0,1"]


def test_nobody_waits_for_nodes_that_could_never_hold_a_rank() -> None:
    for other in ("1", "4 drained", "4 failed=3", "4xt4", "4 cpus=1"):
        text = f"node p/a 4; node p/b {other}; node q/c 4; quota x 4; job j1 x 2 class=a100 park=p cpus=2 avoid=p/a"
        assert lines(requeued(text)) == ["start j1 p/a 0,1"], other


def test_why_it_waits() -> None:
    snapshot = requeued("node p/a 4; node p/b 4; quota x 8; run j0 x p/b 4; job j1 x 2 avoid=p/a")
    assert sentence(snapshot, "j1").startswith("only nodes that it is to avoid have room (p/a)")
    loose = requeued("node p/a 4; node p/b 4; quota x 8; run j0 x p/b 4 cpus=64; job j1 x 0 cpus=8 avoid=p/a")
    assert sentence(loose, "j1").startswith("only nodes that it is to avoid have room (p/a)")


def test_the_plan_is_drawn_up_again_when_patience_ends() -> None:
    table = Table(requeued("node p/a 4; node p/b 4; quota x 8; run j0 x p/b 4; job j1 x 2 avoid=p/a", 20))
    assert starts(table) == []
    assert table.planner.plan(table.snapshot).again_at == after(NOW, 100)
    table.later(99)
    assert starts(table) == []
    table.later(1)
    assert starts(table) == ["p/a"]


def test_a_node_that_goes_for_good_is_waited_for_no_longer() -> None:
    table = Table(requeued("node p/a 4; node p/b 4; quota x 8; run j0 x p/b 4; job j1 x 2 avoid=p/a"))
    assert starts(table) == []
    drained = replace(table.snapshot.nodes["p/b"], drain=Drain(NOW, "operator", ""))
    table.snapshot = replace(table.snapshot, nodes={**table.snapshot.nodes, "p/b": drained})
    table.planner.update(table.snapshot, Rows(nodes=["p/b"]))
    assert starts(table) == ["p/a"]


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_a_kept_desk_plans_as_a_new_one_whatever_is_avoided(seed: int) -> None:
    chance = random.Random(seed)
    table = Table(_cluster(chance))
    for _ in range(6):
        match chance.randint(0, 3):
            case 0:
                _turn_a_node(table, chance)
            case 1:
                _queue_again(table, chance)
            case _:
                table.later(chance.randint(1, 150))
        fresh = Planner().plan(table.snapshot)
        assert table.planner.plan(table.snapshot) == fresh
        table.carry(fresh.changes)
        table.play()


def _cluster(chance: random.Random) -> Snapshot:
    nodes = [f"{park}/{number}" for park in "pq" for number in range(chance.randint(1, 2))]
    words = [f"node {one} {chance.choice(('4', '2', '4xt4', '2,2xt4'))}" for one in nodes]
    words += ["quota x 16", "quota x 16 class=t4"]
    for number in range(chance.randint(1, 6)):
        size, avoid = chance.choice(("1", "2", "4", "2x2", "0x2")), ",".join(chance.sample(nodes, 2))
        wish = chance.choice(("", " class=a100", " class=t4,a100", " park=p"))
        words.append(f"job w{number} x {size} avoid={avoid}{wish} age=-{chance.choice((0, 700, 990))}")
    return world("; ".join(words), WAITS)


def _turn_a_node(table: Table, chance: random.Random) -> None:
    """Drain a node, or let it be used again."""
    node = table.snapshot.nodes[chance.choice(sorted(table.snapshot.nodes))]
    drain = None if node.drain else Drain(table.snapshot.now, "operator", "")
    nodes = {**table.snapshot.nodes, node.id: replace(node, drain=drain)}
    table.snapshot = replace(table.snapshot, nodes=nodes)
    table.planner.update(table.snapshot, Rows(nodes=[node.id]))


def _queue_again(table: Table, chance: random.Random) -> None:
    """A job that waits is queued again just now, with another node to avoid."""
    waiting = [job for job in table.snapshot.jobs.values() if isinstance(job.phase, Queued)]
    if not waiting:
        return
    job = chance.choice(waiting)
    avoid = (*job.avoid_nodes, chance.choice(sorted(table.snapshot.nodes)))
    again = replace(job, phase=Queued(table.snapshot.now), avoid_nodes=tuple(dict.fromkeys(avoid)))
    table.snapshot = replace(table.snapshot, jobs={**table.snapshot.jobs, job.id: again})
    table.planner.update(table.snapshot, Rows(jobs=[job.id]))

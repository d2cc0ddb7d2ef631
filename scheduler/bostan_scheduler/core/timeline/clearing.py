"""What runs where a window begins is asked to save itself and go, in time."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import Attempt, Offered, Run, Running, Starting, Stop, StopCause, Unknown
from bostan_scheduler.core.changes import Change, Intend
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.observe.ending import withdraw
from bostan_scheduler.core.outcome import Preempted
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.timeline.block import Block
from bostan_scheduler.core.timeline.pins import sizes
from bostan_scheduler.core.timeline.timeline import gpus_on


def clear_windows(desk: Desk) -> Iterator[Change]:
    """Stops, each in time for its job to save itself before the window; nothing is stopped twice."""
    told: set[str] = set()
    for blocks in desk.timeline.obstacles.values():
        for block in blocks:
            for attempt in _in_the_way(desk, block):
                if attempt.id not in told:
                    told.add(attempt.id)
                    yield from _stop(desk, attempt, block)


def _in_the_way(desk: Desk, block: Block) -> Iterator[Attempt]:
    """The youngest attempts that hold what the block needs, once it is time for them to go."""
    node = desk.snapshot.nodes.get(block.node_id)
    if node is None or block.until_at <= desk.snapshot.now or not block.movable:
        return
    here = [one for one in desk.running.on(block.node_id) if one.gpu_class == block.gpu_class]
    others = [one for one in here if one.firm != block.firm and not _may_stay(desk, one, block)]
    own = sum(gpus_on(one, block.node_id) for one in here if one.firm == block.firm)
    excess = sum(gpus_on(one, block.node_id) for one in here) + max(0, block.gpus - own)
    excess -= sizes(desk.snapshot, node).get(block.gpu_class, 0)
    for attempt in sorted(others, key=lambda one: (-one.created_at, one.id)):
        if excess <= 0:
            return
        excess -= gpus_on(attempt, block.node_id)
        if _time_to_go(desk, attempt, block):
            yield attempt


def _may_stay(desk: Desk, attempt: Attempt, block: Block) -> bool:
    return block.while_open and desk.snapshot.jobs[attempt.job_id].spec.checkpoint_on_signal


def _time_to_go(desk: Desk, attempt: Attempt, block: Block) -> bool:
    stop_seconds = desk.snapshot.jobs[attempt.job_id].spec.stop_seconds
    return desk.snapshot.now >= after(block.from_at, -stop_seconds)


def _stop(desk: Desk, attempt: Attempt, block: Block) -> tuple[Change, ...]:
    outcome = Preempted(f"a window begins on {block.node_id}")
    match attempt.phase:
        case Offered():
            return withdraw(desk.snapshot, attempt, outcome)
        case Starting() | Running() | Unknown() if isinstance(attempt.intent, Run):
            stop = Stop(StopCause.PREEMPTED, checkpoint=True, since=desk.snapshot.now, outcome=outcome)
            return (Intend(attempt.id, stop),)
        case _:
            return ()

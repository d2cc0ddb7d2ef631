"""What runs where a window begins is asked to save itself and go, in time."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import Attempt, Offered, Run, Running, Starting, Stop, StopCause, Unknown
from bostan_scheduler.core.changes import Change, Intend
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.observe.ending import withdraw
from bostan_scheduler.core.outcome import Preempted
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.timeline.block import Block
from bostan_scheduler.core.timeline.pins import sizes
from bostan_scheduler.core.timeline.taken import Holder, holder_of, taken

_UNDER_WAY = Offered | Starting | Running | Unknown


def clear_windows(desk: Desk) -> Iterator[Change]:
    """Stops, each in time for its job to save itself before the window; nothing is stopped twice."""
    told: set[str] = set()
    for blocks in desk.timeline.obstacles.values():
        for block in blocks:
            for attempt in _in_the_way(desk, block, blocks):
                if attempt.id not in told:
                    told.add(attempt.id)
                    yield from _stop(desk, attempt, block)


def next_clearing(desk: Desk) -> Instant | None:
    """When it is time next to look whether somebody has to go."""
    now = desk.snapshot.now
    times = (
        _leaves_at(desk, attempt, block)
        for (node_id, gpu_class), blocks in desk.timeline.obstacles.items()
        for block in blocks
        if block.movable and block.from_at > now
        for attempt in desk.running.on(node_id)
        if attempt.gpu_class == gpu_class and goes_on(attempt)
    )
    return min((at for at in times if at > now), default=None)


def _in_the_way(desk: Desk, block: Block, beside: list[Block]) -> Iterator[Attempt]:
    """The youngest attempts that find no room beside what the block needs, once it is time for them to go."""
    ahead = block.until_at > desk.snapshot.now and block.node_id in desk.snapshot.nodes
    if not ahead or not block.movable:
        return
    here = [one for one in desk.running.on(block.node_id) if one.gpu_class == block.gpu_class]
    if any(_time_to_go(desk, one, block) for one in here):
        yield from (one for one in _too_many(desk, block, beside, here) if _time_to_go(desk, one, block))


def _too_many(desk: Desk, block: Block, beside: list[Block], here: list[Attempt]) -> list[Attempt]:
    """Of those that may not stay, all but the oldest that have room beside what is kept; the youngest first."""
    snapshot, begin = desk.snapshot, max(desk.snapshot.now, block.from_at)
    size = sizes(snapshot, snapshot.nodes[block.node_id]).get(block.gpu_class, 0)
    in_force = [one for one in beside if one.from_at <= begin < one.until_at]
    there = [(one, holder) for one, holder in _holders(desk, block, here) if holder.until_at > begin]
    stay, going = [holder for _, holder in there if may_stay(holder, block)], list[Attempt]()
    for attempt, holder in reversed(there):
        if may_stay(holder, block):
            continue
        if taken([*stay, holder], in_force) <= size:
            stay.append(holder)
        else:
            going.append(attempt)
    return going[::-1]


def _holders(desk: Desk, block: Block, here: list[Attempt]) -> Iterator[tuple[Attempt, Holder]]:
    """Those that are not on their way out already, the youngest first."""
    for attempt in sorted(here, key=lambda one: (-one.created_at, one.id)):
        if goes_on(attempt):
            yield attempt, holder_of(desk.snapshot, attempt, block.node_id)


def goes_on(attempt: Attempt) -> bool:
    """Whether it is not on its way out already."""
    return isinstance(attempt.phase, _UNDER_WAY) and isinstance(attempt.intent, Run)


def may_stay(holder: Holder, block: Block) -> bool:
    """Whether a window is no reason to go."""
    return holder.firm == block.firm or block.lent_to(holder.saves_within_seconds)


def _time_to_go(desk: Desk, attempt: Attempt, block: Block) -> bool:
    return desk.snapshot.now >= _leaves_at(desk, attempt, block)


def _leaves_at(desk: Desk, attempt: Attempt, block: Block) -> Instant:
    """When it has to be asked to go, so that it is gone when the block begins."""
    stop_seconds = desk.snapshot.jobs[attempt.job_id].spec.stop_seconds
    return after(block.from_at, -stop_seconds)


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

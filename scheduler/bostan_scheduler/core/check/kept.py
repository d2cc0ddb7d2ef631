"""Reservations: nobody else takes what is kept for a job, and no more is kept than will be there."""

from collections.abc import Iterable, Sequence

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import Change, Reserve, Unreserve
from bostan_scheduler.core.check.standing import goes_on, gpus_held, stands_until, usable_on
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.timeline.reserved import Reserved


def check_kept(after: Snapshot, new: Sequence[Reserve]) -> None:
    """Assert what must hold of reservations after a plan, in which these are `new`."""
    for job_id in after.reserved:
        assert job_id in after.jobs, f"GPUs are kept for {job_id}, which has finished"
    ahead, most = [one for one in after.reserved.values() if one.ahead], after.settings.preemption
    if any(one.reserved.ahead for one in new):
        assert len(ahead) <= most.reservations_max, f"{len(ahead)} reservations are ahead"
    for one in new:
        assert all(after.nodes[node_id].park == one.reserved.park for node_id, _ in one.reserved.gpus)
        for node_id, _ in one.reserved.gpus if not one.reserved.parts else ():
            _will_be_there(after, one.reserved, node_id)


def _will_be_there(after: Snapshot, new: Reserved, node_id: str) -> None:
    """What is kept on a node, and what goes on beside it, have room from when it begins until it ends."""
    whole = [one for one in after.reserved.values() if not one.parts and one.gpu_class == new.gpu_class]
    begins = {max(one.from_at, new.from_at) for one in whole}
    for at in {at for at in begins if at < new.until_at}:
        kept = _kept_on(whole, node_id, at)
        beside = [one for one in after.attempts.values() if goes_on(one) and one.gpu_class == new.gpu_class]
        has = usable_on(after, node_id, new.gpu_class)
        held = has & gpus_held(one for one in beside if stands_until(after, one) > at)
        assert kept + len(held) <= len(has), (
            f"{kept} GPUs are kept on {node_id}, beside {len(held)} of {len(has)}, for {new.job_id} among others"
        )


def _kept_on(reserved: Iterable[Reserved], node_id: str, at: Instant) -> int:
    in_force = [one for one in reserved if one.from_at <= at < one.until_at]
    return sum(gpus for one in in_force for where, gpus in one.gpus if where == node_id)


def leaves_alone_what_is_kept(after: Snapshot, changes: Iterable[Change], started: Sequence[Attempt]) -> None:
    """Assert that what starts and what goes on, by their time limits, leave what was kept for others before this plan."""
    given_up = {one.job_id for one in changes if isinstance(one, Unreserve)}
    kept = [one for job_id, one in after.reserved.items() if job_id not in given_up and not one.parts]
    for reserved in kept:
        for node_id, _ in reserved.gpus:
            _left_alone(after, kept, reserved, node_id, started)


def _left_alone(
    after: Snapshot, kept: list[Reserved], reserved: Reserved, node_id: str, started: Sequence[Attempt]
) -> None:
    at, gpu_class = max(after.now, reserved.from_at), reserved.gpu_class
    new = [one for one in started if node_id in one.node_ids and one.gpu_class == gpu_class]
    in_the_way = [one for one in new if stands_until(after, one) > at]
    if not in_the_way or at >= reserved.until_at:
        return
    beside = [one for one in after.attempts.values() if goes_on(one) and one.gpu_class == gpu_class]
    has = usable_on(after, node_id, gpu_class)
    held = has & gpus_held([*in_the_way, *(one for one in beside if stands_until(after, one) > at)])
    count = _kept_on([one for one in kept if one.gpu_class == gpu_class], node_id, at)
    assert len(held) + count <= len(has), (
        f"{[one.id for one in in_the_way]} start on {node_id}, where {count} of {len(has)} GPUs are kept for others"
    )

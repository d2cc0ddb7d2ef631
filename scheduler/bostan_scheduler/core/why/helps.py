"""The few changes of which one alone would be enough, those that change least first; each was tried and is true."""

from itertools import chain

from bostan_scheduler.core.job import Job
from bostan_scheduler.core.patience import shape_of
from bostan_scheduler.core.waits import Reason, Wait
from bostan_scheduler.core.why.elsewhere import in_another_park, in_other_portions, on_another_class
from bostan_scheduler.core.why.granted import with_a_firmer_claim, with_more_quota
from bostan_scheduler.core.why.help import Help
from bostan_scheduler.core.why.look import Look
from bostan_scheduler.core.why.smaller import (
    if_it_saved_itself,
    with_fewer_gpus,
    with_less_beside,
    with_less_time,
)

HELPS_MAX = 5
SETTLED = {Reason.NO_QUOTA, Reason.CHECKPOINT_ON_ITS_WAY, Reason.ROOM_IS_MADE, Reason.NOT_YET_PLANNED}
"""Where nothing that the job asks matters, or help is on its way."""
WAYS = (
    in_another_park,
    on_another_class,
    in_other_portions,
    if_it_saved_itself,
    with_less_time,
    with_less_beside,
    with_fewer_gpus,
    with_a_firmer_claim,
    with_more_quota,
)


def helps(look: Look, job: Job, waits: tuple[Wait, ...]) -> tuple[Help, ...]:
    """What would help a queued job that waits for these reasons."""
    if any(one.reason in SETTLED for one in waits):
        return ()
    shape = shape_of(look.desk.snapshot, job)
    found = chain.from_iterable(way(look, job, shape) for way in WAYS)
    return tuple(sorted(found, key=lambda one: (one.change, one.kind, one.numbers))[:HELPS_MAX])

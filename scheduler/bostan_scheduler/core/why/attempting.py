"""Whether a queued job would start now if it asked for something else: nothing is changed for it."""

from collections.abc import Iterator

from bostan_scheduler.core.job import Job, Shape
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.quota import QuotaNode
from bostan_scheduler.core.why.look import Look


def starts_now(look: Look, job: Job, shape: Shape) -> bool:
    """Whether it would start now with this shape, in its turn. What is kept for it must count as free for it."""
    return any(look.has_room(shape, gpu_class) for gpu_class in classes_open_to(look, job, shape))


def starts_but_for_what_is_ahead(look: Look, job: Job, shape: Shape) -> bool:
    """Whether it would start now if nothing lay ahead."""
    return any(look.has_free(shape, gpu_class) for gpu_class in classes_open_to(look, job, shape))


def classes_open_to(look: Look, job: Job, shape: Shape) -> Iterator[str | None]:
    """The classes of which the job's leaf may hold it with this shape, and that nobody before it keeps it from."""
    desk, leaf = look.desk, look.desk.leaf(job)
    if leaf is not None and allowed(leaf, shape):
        for one in classes_of(desk, shape):
            if one not in look.awaited and in_quota(desk, leaf, shape, one):
                yield one


def in_quota(desk: Desk, leaf: QuotaNode, shape: Shape, gpu_class: str | None) -> bool:
    """Whether the leaf may hold so much more of the class until it is over."""
    return gpu_class is None or desk.in_quota(leaf, gpu_class, shape)

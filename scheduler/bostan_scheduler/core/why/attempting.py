"""Whether a queued job would start now if it asked for something else: tried on the desk, which is as before after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.job import Job, Shape
from bostan_scheduler.core.placement import place
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import allowed, classes_of
from bostan_scheduler.core.planning.kept_parts import parts_let_go
from bostan_scheduler.core.quota import QuotaNode


def class_now(desk: Desk, job: Job, shape: Shape) -> tuple[str | None] | None:
    """The class on which the job would start now with this shape, in its turn; None when it would not.

    What is kept for the job as it is counts as free for it. Nothing is remembered of the answer.
    """
    leaf = desk.leaf(job)
    if leaf is None or not allowed(leaf, shape):
        return None
    with given_back(desk, job):
        for gpu_class in classes_of(desk, shape):
            if in_quota(desk, leaf, shape, gpu_class) and has_room(desk, job, shape, gpu_class):
                return (gpu_class,)
    return None


def starts_now(desk: Desk, job: Job, shape: Shape) -> bool:
    """Whether it would start now with this shape, in its turn."""
    return class_now(desk, job, shape) is not None


def in_quota(desk: Desk, leaf: QuotaNode, shape: Shape, gpu_class: str | None) -> bool:
    """Whether the leaf may hold so much more of the class."""
    return gpu_class is None or desk.books.quotas.covers(leaf, gpu_class, shape.gpus)


def has_room(desk: Desk, job: Job, shape: Shape, gpu_class: str | None) -> bool:
    """Whether there is room for it that nothing keeps for others before it would end."""
    return place(desk.room, shape, gpu_class, desk.limits(shape, gpu_class, job.id)) is not None


@contextmanager
def given_back(desk: Desk, job: Job) -> Iterator[None]:
    """As if neither quota nor parts of GPUs were set aside for the job."""
    charge = desk.books.claims.get(job.id)
    if charge is not None:
        desk.books.quotas.give(*charge)
    try:
        with parts_let_go(desk.room, job, desk.timeline.reserved.get(job.id)):
            yield
    finally:
        if charge is not None:
            desk.books.quotas.take(*charge)


@contextmanager
def raised(desk: Desk, node: QuotaNode, gpu_class: str, more: Gpus) -> Iterator[None]:
    """As if a node of the quota tree might hold so many more of a class: a root more of its own, any other borrowed."""
    quotas = desk.books.quotas
    quotas.available(node, gpu_class)  # its account is made when it is first asked for
    account = quotas.accounts[node.id, gpu_class]
    before = account.guaranteed, account.limit
    account.limit += more.count
    account.guaranteed += more.count if account.parent is None else 0
    try:
        yield
    finally:
        account.guaranteed, account.limit = before

"""What is set aside on the desk, as if it were otherwise for a while; the desk is as before after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.kept_parts import parts_let_go
from bostan_scheduler.core.quota import QuotaNode


@contextmanager
def given_back(desk: Desk, job: Job) -> Iterator[None]:
    """As if neither quota nor parts of GPUs were set aside for the job."""
    charge = desk.books.claims.get(job.id)
    if charge is not None:
        desk.books.quotas.give(*charge)
    try:
        kept = desk.timeline.reserved.get(job.id)
        with parts_let_go(desk.room, job, kept), desk.ahead.without(job.id):
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

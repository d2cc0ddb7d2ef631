"""Why a queued job waits, in full: the reasons, how it looks in each park, who is before it, and what would help."""

from collections.abc import Iterator
from dataclasses import dataclass

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import classes_of
from bostan_scheduler.core.waits import Wait
from bostan_scheduler.core.why.ahead import Ahead, ahead_of
from bostan_scheduler.core.why.help import Help
from bostan_scheduler.core.why.helps import helps
from bostan_scheduler.core.why.look import looking
from bostan_scheduler.core.why.parks import ParkRow, park_rows
from bostan_scheduler.core.why.reasons import reasons


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """A node of the quota tree over the job, and a class that the job takes."""

    quota: str
    gpu_class: str
    uses: int
    limit: Gpus
    available: int


@dataclass(frozen=True, slots=True)
class Why:
    """The main reason first. `quotas` go from the job's own leaf up to the root; in short, nothing but the reasons is told."""

    waits: tuple[Wait, ...]
    since: Instant
    ahead: Ahead | None = None
    parks: tuple[ParkRow, ...] = ()
    quotas: tuple[QuotaRow, ...] = ()
    helps: tuple[Help, ...] = ()


def explain(desk: Desk, job: Job) -> Why:
    """All that is to be said of a queued job, for somebody who may see everything. The desk is as before after it."""
    assert isinstance(job.phase, Queued), f"{job.id} does not wait"
    quotas = tuple(_quota_rows(desk, job))
    with looking(desk, job) as look:
        waits = reasons(desk, job, look)
        parks, would_help = park_rows(look, job), helps(look, job, waits)
    return Why(waits, job.phase.since, ahead_of(desk, job), parks, quotas, would_help)


def in_short(desk: Desk, job: Job) -> Why:
    """The reasons alone: for those who ask about many jobs."""
    assert isinstance(job.phase, Queued), f"{job.id} does not wait"
    return Why(reasons(desk, job), job.phase.since)


def _quota_rows(desk: Desk, job: Job) -> Iterator[QuotaRow]:
    leaf, quotas = desk.leaf(job), desk.books.quotas
    for node in desk.books.tree.up(leaf) if leaf is not None else ():
        for gpu_class in classes_of(desk, job.shape):
            if gpu_class is not None:
                quota = node.of_class(gpu_class)
                uses, left = quotas.held(node.id, gpu_class), quotas.available(node, gpu_class)
                limit = quota.limit if node.parent is not None else quota.guaranteed
                yield QuotaRow(node.id, gpu_class, uses.count, limit, left.count)

"""The production core over the jobs of a trace: one set of settings for all traces, and only the order differs.

A job's time limit is twice its true run time on the slowest class that it takes, rounded up to 1, 2, 4, 8, ... hours, as
people ask for round times. It saves itself when it is asked to. All else is as a centre has it by default, except for facts of the
machine: what a restart costs.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from bostan.errors import BostanError
from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.core.quota import QuotaTree
from bostan_scheduler.core.snapshot import Firm, Settings
from bostan_scheduler.sim import Model, Records, World, simulate
from bostan_scheduler.sim.asked import Asked, Estimates, works
from bostan_scheduler.sim.pool import Pool, snapshot
from bostan_scheduler.sim.world import IDEALISED, SETTINGS, YEARS_10, Work

SAY_SECONDS = 30.0
HOUR = 3600
LIMIT_FACTOR = 2
PRODUCTION = "service"


class Unfinished(BostanError):
    """Jobs of a trace have not been done, so that its figures would mean nothing."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One way to serve the jobs; the name is added to the case. Idealised: all are placed anew at every event, free."""

    order: str
    name: str = ""
    idealised: bool = False

    def case(self, stem: str) -> str:
        """The name of the trace, for all but the order that was asked for with what is special about it."""
        return f"{stem}, {self.name}" if self.name else stem


SRSF, SERVICE = Row("srsf", "srsf"), Row(PRODUCTION)
STRICT_FIFO = Row("strict-fifo", "strict fifo")
FREE_STRICT_FIFO = Row("strict-fifo", "strict fifo, idealised", idealised=True)
FREE_SRSF = Row("srsf", "srsf, idealised", idealised=True)


def rows(order: str | None, quick: bool, calibrations: Sequence[Row]) -> list[Row]:
    """The order that was asked for alone; else the calibrations, unless it is to be quick, and both orders of ours."""
    if order is not None:
        return [Row(order)]
    return [*(() if quick else calibrations), SRSF, SERVICE]


def limited(asked: Asked) -> Asked:
    """The job with its time limit."""
    slowest = min((speed for _, speed in asked.speeds), default=1.0)
    hours = ceil(LIMIT_FACTOR * asked.run_seconds / slowest / HOUR)
    return replace(asked, time_limit_seconds=HOUR * 2 ** (hours - 1).bit_length())


def arriving(asked: Sequence[Asked], pool: Pool, sigma: float | None) -> tuple[Work, ...]:
    """The jobs with limits, and with estimates whose error is `sigma`; None: without any."""
    return works(map(limited, asked), pool.start_at, pool.largest(), Estimates(sigma))


def serve(
    case: str, row: Row, pool: Pool, quota: QuotaTree, jobs: tuple[Work, ...], restart_seconds: int
) -> Records:
    """Run it to its end, saying on standard error how far it is. Raises `Unfinished`."""
    firms = sorted({node.firm for node in quota.nodes.values() if node.firm is not None})
    start = snapshot(pool, map(Firm, firms), quota, settings(row, restart_seconds))
    model = IDEALISED if row.idealised else Model(restart_seconds=restart_seconds)
    records = simulate(World(start, jobs, model=model), watch=Teller(case, len(jobs), pool.start_at))
    refuse_unfinished(case, records)
    return records


def settings(row: Row, restart_seconds: int) -> Settings:
    """The defaults, with an order and what a restart costs here. Where all moves for free, no rounds make room."""
    spacing = YEARS_10 if row.idealised else SETTINGS.preemption.spacing_seconds
    preemption = replace(SETTINGS.preemption, restart_seconds=restart_seconds, spacing_seconds=spacing)
    return replace(SETTINGS, order=ORDERS[row.order](), preemption=preemption)


def refuse_unfinished(case: str, records: Records) -> None:
    """Raise unless every job was done."""
    wrong = [one for one in records.jobs if one.outcome != "succeeded"]
    if wrong:
        first = wrong[0]
        raise Unfinished(
            f"{case}: {len(wrong)} of {len(records.jobs)} jobs were not done, as {first.id} with {first.gpus} GPUs "
            f"({first.outcome or 'it never ended'})",
            "take jobs out of the file that the pool is too small for",
        )


class Teller:
    """Says on standard error how far a run is: at its beginning, every half minute, and at its end."""

    def __init__(self, case: str, total: int, start_at: Instant) -> None:
        self.case, self.total, self.start_at = case, total, start_at
        self.began = self.said = time.monotonic()
        print(f"{case}: {total:,} jobs", file=sys.stderr, flush=True)

    def __call__(self, now: Instant, finished: int) -> None:
        """So many jobs are finished at this instant."""
        clock = time.monotonic()
        if finished == self.total or clock > self.said + SAY_SECONDS:
            self.said = clock
            day, took = (now - self.start_at) / DAY_MILLISECONDS, clock - self.began
            done = f"{finished:,} of {self.total:,} jobs by day {day:,.1f}, after {took:,.0f} s"
            print(f"{self.case}: {done}", file=sys.stderr, flush=True)


def split(jobs: Sequence[Work]) -> Iterator[tuple[str, tuple[Work, ...]]]:
    """The jobs of each firm, as they are; the firms by name."""
    for firm in sorted({job.spec.firm for job in jobs}):
        yield firm, tuple(job for job in jobs if job.spec.firm == firm)

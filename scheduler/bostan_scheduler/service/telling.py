"""Telling what queued jobs wait for: an event for each job whose main reason has changed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.waits import Reason, Wait
from bostan_scheduler.core.why.reasons import reasons
from bostan_scheduler.service.ports import NewEvent

JOBS_A_MILLISECOND = 10
"""How many waiting jobs are looked through for each millisecond that passes before it is done again."""


@dataclass(frozen=True, slots=True)
class Told:
    """The main reason that each queued job was told, how many each was told to, and when it is time to look again."""

    reasons: dict[str, Reason] = field(default_factory=dict)
    counts: Mapping[Reason, int] = field(default_factory=dict)
    again_at: Instant = 0

    def due(self, now: Instant) -> bool:
        """Many jobs are not looked through at each plan."""
        return now >= self.again_at


def tell(told: Told, desk: Desk, view: Snapshot) -> tuple[Told, list[NewEvent]]:
    """What is told now, and an event for each job that hears something new."""
    events, now_told = list[NewEvent](), dict[str, Reason]()
    sentence = cache(_sentence)  # jobs of one shape wait for the same
    for job, main in _mains(desk, view):
        now_told[job.id] = main.reason
        was = told.reasons.get(job.id)
        if was != main.reason:
            events.append(
                NewEvent(
                    view.now,
                    "job-waits",
                    job.spec.firm,
                    job.id,
                    was=was or "",
                    now=main.reason,
                    why=sentence(main),
                )
            )
    return Told(now_told, Counter(now_told.values()), view.now + len(now_told) // JOBS_A_MILLISECOND), events


def _mains(desk: Desk, view: Snapshot) -> Iterator[tuple[Job, Wait]]:
    """Each queued job's main reason, found once for jobs that wait in one line."""
    lines: dict[object, Wait] = {}
    for job in view.jobs.values():
        if isinstance(job.phase, Queued):
            spot = desk.queue.spots.get(job.id)
            if spot is None:
                yield job, reasons(desk, job)[0]
                continue
            main = lines.get(spot.pair)
            if main is None:
                main = lines[spot.pair] = reasons(desk, job)[0]
            yield job, main


def _sentence(wait: Wait) -> str:
    return wait.sentence

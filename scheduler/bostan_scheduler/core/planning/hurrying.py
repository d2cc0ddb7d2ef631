"""Who must not wait, found at a round among all jobs that wait or run."""

from collections.abc import Iterator
from math import fsum

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.estimate import remaining_seconds
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.order.fair_clock import FairClock
from bostan_scheduler.core.order.urgency import Hurry
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.progress import under_way_milliseconds
from bostan_scheduler.core.speed import speed_of


def hurrying(desk: Desk) -> tuple[FairClock, tuple[str, ...]]:
    """The fair clock from now on, and the urgent jobs, the most urgent first; none where the order knows no urgency."""
    snapshot, urgency = desk.snapshot, desk.queue.order.urgency
    until = after(snapshot.now, snapshot.settings.preemption.spacing_seconds)
    hurries = [*_waiting(desk), *_running(desk)]
    clock = snapshot.fair_clock.turn(snapshot.now, until, _pace(desk, hurries))
    if urgency is None:
        return clock, ()
    return clock, urgency.choose(hurries, desk.pool_gpus, clock.seconds, clock.rate)


def _pace(desk: Desk, hurries: list[Hurry]) -> float:
    """GPUs that run, each by its speed, of the GPUs that are asked for."""
    asked = sum(one.gpus for one in hurries)
    runs = fsum(one.gpus * _speed(desk, one) for one in desk.running.attempts.values())
    return runs / asked if asked else 1.0


def _speed(desk: Desk, attempt: Attempt) -> float:
    return speed_of(desk.snapshot.classes, desk.snapshot.jobs[attempt.job_id].spec, attempt.gpu_class)


def _waiting(desk: Desk) -> Iterator[Hurry]:
    for job_id, spot in desk.queue.spots.items():
        yield _hurry(desk.snapshot.jobs[job_id], spot.ask.remaining_seconds, 0)


def _running(desk: Desk) -> Iterator[Hurry]:
    for attempt in desk.running.attempts.values():
        job = desk.snapshot.jobs[attempt.job_id]
        under_way = under_way_milliseconds(desk.snapshot.classes, job, attempt, desk.snapshot.now)
        default_seconds = desk.snapshot.settings.default_estimate_seconds
        yield _hurry(job, remaining_seconds(job, default_seconds, under_way), under_way)


def _hurry(job: Job, remaining: float, under_way_milliseconds: int) -> Hurry:
    in_all = remaining + (job.done_milliseconds + under_way_milliseconds) / 1000
    return Hurry(job.id, job.spec.gpus, remaining, in_all, job.fair_at_seconds, job.submitted_at)

"""Who must not wait, found at a round among all jobs that wait or run."""

from math import fsum

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.fair_clock import FairClock
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.speed import speed_of


def hurrying(desk: Desk) -> tuple[FairClock, tuple[str, ...]]:
    """The fair clock from now on, and the urgent jobs, the most urgent first; none where the order knows no urgency."""
    snapshot, urgency = desk.snapshot, desk.queue.order.urgency
    until = after(snapshot.now, snapshot.settings.preemption.spacing_seconds)
    asks = [
        *(spot.ask for spot in desk.queue.spots.values()),
        *map(desk.ask_of, desk.running.attempts.values()),
    ]
    clock = snapshot.fair_clock.turn(snapshot.now, until, _pace(desk, asks))
    if urgency is None:
        return clock, ()
    return clock, urgency.choose(asks, desk.pool_gpus, clock.seconds, clock.rate)


def _pace(desk: Desk, asks: list[Ask]) -> float:
    """GPUs that run, each by its speed, of the GPUs that are asked for."""
    asked = sum(one.gpus for one in asks)
    runs = fsum(_service(desk, one) for one in desk.running.attempts.values())
    return runs / asked if asked else 1.0


def _service(desk: Desk, attempt: Attempt) -> float:
    job = desk.snapshot.jobs[attempt.job_id]
    return job.shape.service_gpus * speed_of(desk.snapshot.classes, job.spec, attempt.gpu_class)

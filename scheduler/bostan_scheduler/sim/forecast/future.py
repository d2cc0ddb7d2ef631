"""One possible future of a case: how long every job runs, and who will come, drawn from one seed."""

import random
from collections.abc import Iterator
from math import exp

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.forecast.case import Case, attained
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.forecast.past import Past
from bostan_scheduler.sim.forecast.runtimes import RunTimes
from bostan_scheduler.sim.forecast.spread import Spread
from bostan_scheduler.sim.world import Model, Work, World

PAST_MIN = 10
"""From fewer jobs nothing is said of those that will come."""
MORE_OR_LESS = 0.3
"""No two weeks are alike: in each future all jobs are longer or shorter, and come faster or slower, by a factor whose
logarithm has this deviation."""


def future(case: Case, times: RunTimes, seed: int, limits: ForecastLimits) -> World:
    """The world of one sample. The same seed gives the same."""
    chance = random.Random(f"forecast {seed}")  # noqa: S311 - nothing secret
    snapshot = case.snapshot
    times = times.longer_by(exp(MORE_OR_LESS * chance.gauss(0, 1)))
    works = (*_unfinished(snapshot, times, chance), *_arrivals(case.past, snapshot, times, chance, limits))
    restart = snapshot.settings.preemption.restart_seconds
    until = snapshot.now + limits.horizon_seconds * 1000
    return World(snapshot, works, model=Model(restart_seconds=restart), until=until)


def run_times(snapshot: Snapshot, past: Past) -> RunTimes:
    """What is known of run times."""
    default = snapshot.settings.default_estimate_seconds
    return RunTimes(snapshot.history, Spread.learnt(past), default)


def _unfinished(snapshot: Snapshot, times: RunTimes, chance: random.Random) -> Iterator[Work]:
    holding: dict[str, list[Attempt]] = {}
    for attempt in snapshot.attempts.values():
        if attempt.holds:
            holding.setdefault(attempt.job_id, []).append(attempt)
    for _, job in sorted(snapshot.jobs.items()):
        so_far = attained(snapshot, job, holding.get(job.id, ()))
        yield Work(job.id, job.submitted_at, times.draw(job.spec, so_far, chance), job.spec)


def _arrivals(
    past: Past, snapshot: Snapshot, times: RunTimes, chance: random.Random, limits: ForecastLimits
) -> Iterator[Work]:
    """The past once more from some day of it on, around and around; what ran runs as long again."""
    gaps = past.gaps()
    if len(gaps) < PAST_MIN:
        return
    until, at = snapshot.now + limits.horizon_seconds * 1000, snapshot.now
    first, pace = chance.randrange(len(gaps)), exp(MORE_OR_LESS * chance.gauss(0, 1))
    for number in range(limits.arrivals_max):
        place = (first + number) % len(gaps)
        came = past.came[(place + 1) % len(gaps)]
        at += max(1, round(gaps[place] * pace * (1.0 if number else chance.random())))
        if at > until:
            return
        yield Work(f"future{number:06}", at, times.again(came, chance), came.spec)

"""Plays futures of a case until its job starts, and says what they come to."""

import time
from collections.abc import Sequence

from bostan_scheduler.core.foretold import Forecast, Foretold, Unforeseen
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.planning.planner import Planner
from bostan_scheduler.core.waits import Reason
from bostan_scheduler.core.why.reasons import reasons
from bostan_scheduler.sim.engine import Engine
from bostan_scheduler.sim.forecast.case import Case
from bostan_scheduler.sim.forecast.future import future, run_times
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.world import World

Start = float | None
"""Seconds until the job starts; None: not within the horizon."""

NEVER = {
    Reason.NO_QUOTA,
    Reason.CLASS_NOT_IN_QUOTA,
    Reason.JOB_TOO_LARGE,
    Reason.JOB_TOO_LONG,
    Reason.NO_SUCH_GPU,
    Reason.NO_SUCH_NODE,
    Reason.PARK_RULES,
}
"""What no time cures."""


def unforeseeable(case: Case, limits: ForecastLimits) -> Unforeseen | None:
    """Why the case is not even begun with."""
    job = case.snapshot.jobs.get(case.job_id)
    if job is None or not isinstance(job.phase, Queued):
        return Unforeseen.NOT_WAITING
    if len(case.snapshot.jobs) > limits.jobs_max:
        return Unforeseen.TOO_MANY_JOBS
    never = reasons(Planner().at(case.snapshot), job)[0].reason in NEVER
    return Unforeseen.NEVER if never and not _windows(case) else None


def _windows(case: Case) -> bool:
    """Whether another quota is in force later."""
    now = case.snapshot.now
    return any(node.from_at > now for node in case.snapshot.quota.nodes.values())


def starts(case: Case, seeds: Sequence[int], limits: ForecastLimits) -> list[Start]:
    """When the job starts in the future of each seed; fewer than there are seeds when time runs out."""
    deadline, found = time.monotonic() + limits.wall_seconds, list[Start]()
    times = run_times(case.snapshot, case.past)
    for seed in seeds:
        found.append(_play(case, future(case, times, seed, limits), limits, deadline))
        if time.monotonic() > deadline:
            break
    return found


def _play(case: Case, world: World, limits: ForecastLimits, deadline: float) -> Start:
    """When the job started. A future that could not be played so far counts as one in which it did not."""
    engine = Engine.of(world, check=False)
    record = engine.scribe.jobs[case.job_id]
    for _ in engine.run():
        if record.first_start_at is not None:
            return (record.first_start_at - case.snapshot.now) / 1000
        if engine.scribe.events > limits.events_max or time.monotonic() > deadline:
            return None
    return None


def forecast(case: Case, found: Sequence[Start], limits: ForecastLimits) -> Forecast:
    """What the starts come to."""
    if len(found) < limits.samples_min:
        return Unforeseen.TOO_SLOW
    job = case.snapshot.jobs[case.job_id]
    ordered = sorted(limits.horizon_seconds + 1.0 if one is None else one for one in found)
    tenth, half, most = (_at(ordered, part, limits.horizon_seconds) for part in (0.1, 0.5, 0.9))
    basis = run_times(case.snapshot, case.past).basis(job.spec)
    return Foretold(case.snapshot.now, len(found), limits.horizon_seconds, tenth, half, most, basis)


def _at(ordered: Sequence[float], part: float, horizon_seconds: int) -> int | None:
    """The start that this part of the futures does not exceed, in whole seconds."""
    value = ordered[min(len(ordered) - 1, int(part * len(ordered)))]
    return None if value > horizon_seconds else round(value)

"""Forecasts: what runs goes on in the simulator, futures differ as run times do, and each limit ends something."""

import random
from dataclasses import replace
from statistics import fmean, median

import pytest
from bostan_scheduler.core.attempt import (
    Ending,
    Lease,
    Offered,
    RankExited,
    RankOffered,
    Stop,
    StopCause,
    Unknown,
)
from bostan_scheduler.core.foretold import Basis, Foretold, Unforeseen
from bostan_scheduler.core.history import History
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Finished
from bostan_scheduler.core.outcome import Cancelled, Succeeded
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.engine import Engine
from bostan_scheduler.sim.forecast.case import ASKED, Case, frozen, with_job
from bostan_scheduler.sim.forecast.future import future, run_times
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.forecast.past import Came, Past
from bostan_scheduler.sim.forecast.play import forecast, starts, unforeseeable
from bostan_scheduler.sim.forecast.runtimes import RUNS_MIN, RunTimes
from bostan_scheduler.sim.forecast.spread import LEARN_FROM, Spread, beyond
from bostan_scheduler.sim.world import Model, Work, World
from worlds import NOW, spec_of, world

FEW = ForecastLimits(samples=21, samples_min=20)
FULL = "node p/a 4; quota x 8; run r x p/a 4 for=600 estimate=3600; job j1 x 4"
NO_PAST = Past()
SURE = {("x", "train", 4): (3_600_000,) * RUNS_MIN}


def foretold(text: str, limits: ForecastLimits = FEW, past: Past = NO_PAST, **rows: object) -> Foretold:
    snapshot = replace(world(text), **rows)  # type: ignore[arg-type]
    case = Case(frozen(snapshot), past, "j1")
    found = forecast(case, starts(case, range(limits.samples), limits), limits)
    assert isinstance(found, Foretold), found
    return found


# What runs goes on


def lived(snapshot: Snapshot, seconds: dict[str, int]) -> dict[str, tuple[int | None, int | None]]:
    """When each job first starts and ends after the snapshot, in seconds, if it runs so long in all."""
    works = [
        Work(job.id, job.submitted_at, seconds[job.id] * 1000, job.spec) for job in snapshot.jobs.values()
    ]
    engine = Engine.of(
        World(frozen(snapshot), tuple(works), model=Model(restart_seconds=0), until=after(NOW, 20_000)),
        check=True,
    )
    for _ in engine.run():
        pass
    return {one.id: (_after(one.first_start_at), _after(one.end_at)) for one in engine.scribe.jobs.values()}


def _after(at: int | None) -> int | None:
    return None if at is None else (at - NOW) // 1000


def test_what_has_run_for_a_while_has_less_left():
    assert lived(world(FULL), {"r": 3600, "j1": 100}) == {"r": (None, 3000), "j1": (3000, 3100)}


def test_what_is_just_offered_starts_and_what_ends_is_free_at_once():
    snapshot = world(FULL)
    attempt = snapshot.attempts["r.1"]
    offered = replace(attempt, phase=Offered(NOW, after(NOW, 60)), seen=(RankOffered(),), started_at=None)
    ended = RankExited(0, 0, "exited", "", NOW - 1000, None, NOW, 0)
    ending = replace(attempt, phase=Ending(NOW, snapshot.attempts["r.1"].lease, Succeeded()), seen=(ended,))
    for phase, expected in ((offered, (100, 200)), (ending, (0, 100))):
        now = replace(snapshot, attempts={"r.1": phase})
        assert lived(now, {"r": 100, "j1": 100})["j1"] == expected


def test_what_is_being_stopped_stops():
    snapshot = world(FULL)
    stop = Stop(StopCause.CANCELLED, checkpoint=False, since=NOW, outcome=Cancelled("somebody", ""))
    stopped = replace(snapshot.attempts["r.1"], intent=stop)
    assert lived(replace(snapshot, attempts={"r.1": stopped}), {"r": 3600, "j1": 100})["j1"] == (0, 100)


def test_a_silent_node_keeps_what_it_runs_until_the_lease_has_ended():
    snapshot = world(FULL.replace("p/a 4;", "p/a 4 silent; node p/b 4 drained;", 1))
    attempt = snapshot.attempts["r.1"]
    running = replace(attempt.phase, lease=Lease(after(NOW, 500), NOW))
    unknown = replace(attempt, phase=Unknown(NOW, running))
    found = lived(replace(snapshot, attempts={"r.1": unknown}), {"r": 3600, "j1": 100})
    assert found["j1"] == (None, None)


def test_progress_that_is_saved_is_not_done_again():
    snapshot = world("node p/a 4; quota x 8; job j1 x 4")
    job = replace(snapshot.jobs["j1"], attempts=2, done_milliseconds=900_000)
    assert lived(replace(snapshot, jobs={"j1": job}), {"j1": 1000})["j1"] == (0, 100)


# What is foretold


def test_a_job_with_room_starts_at_once():
    found = foretold("node p/a 4; quota x 8; job j1 x 4")
    assert (found.p10_seconds, found.p50_seconds, found.p90_seconds) == (0, 0, 0)


def test_behind_one_whose_like_always_ran_an_hour_it_waits_for_the_rest_of_it():
    found = foretold(FULL, history=History(SURE))
    assert found.p50_seconds is not None
    assert 2000 < found.p50_seconds < 4500
    assert found.basis is Basis.RUNS


def test_the_less_is_known_the_wider_it_is():
    sure = foretold(FULL, history=History(SURE))
    unsure = foretold(FULL)
    assert None not in (sure.p90_seconds, unsure.p90_seconds, sure.p10_seconds, unsure.p10_seconds)
    assert unsure.p90_seconds - unsure.p10_seconds > 2 * (sure.p90_seconds - sure.p10_seconds)  # type: ignore[operator]
    assert unsure.basis is Basis.GUESS


def test_the_same_case_is_foretold_the_same():
    assert foretold(FULL) == foretold(FULL)


def test_who_will_come_and_go_first_delays_it():
    """Small jobs come all the time, and those that are shorter are served first."""
    small = spec_of(["x", "4"], {"estimate": "600"})
    past = Past(tuple(Came(NOW - 800_000 * number, small, 600_000) for number in range(40, 0, -1)))
    long, limits = FULL + " estimate=20000", replace(FEW, horizon_seconds=86_400)
    alone, among_others = foretold(long, limits), foretold(long, limits, past)
    assert alone.p50_seconds is not None
    assert among_others.p50_seconds is None or among_others.p50_seconds > 1.5 * alone.p50_seconds


def test_a_job_that_nobody_has_submitted():
    snapshot = with_job(frozen(world(FULL)), spec_of(["x", "2"], {}))
    case = Case(snapshot, Past(), ASKED)
    assert unforeseeable(case, FEW) is None
    found = forecast(case, starts(case, range(21), FEW), FEW)
    assert isinstance(found, Foretold)
    assert found.p50_seconds


NOTHING_TO_SAY = [
    ("node p/a 4; quota x 8; run j1 x p/a 4", Unforeseen.NOT_WAITING),
    ("node p/a 4; quota x 8; job j1 x 8", Unforeseen.NEVER),
    ("node p/a 4; job j1 x 4", Unforeseen.NEVER),
    ("node p/a 4; quota x 8 max-job=2; job j1 x 4", Unforeseen.NEVER),
    ("node p/a 4; quota x 8; run r x p/a 4; job j1 x 4; job j2 x 4; job j3 x 4", Unforeseen.TOO_MANY_JOBS),
    ("node p/a 4; quota x 8; job j1 x 4", None),
    ("node p/a 4; quota x 0; quota x2 8 firm=x from=600; job j1 x 4", None),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), NOTHING_TO_SAY)
def test_when_there_is_nothing_to_say(cluster: str, expected: Unforeseen | None) -> None:
    limits = replace(FEW, jobs_max=3)
    assert unforeseeable(Case(frozen(world(cluster)), Past(), "j1"), limits) is expected


# Limits


def test_beyond_the_horizon_no_instant_is_told():
    found = foretold(FULL, replace(FEW, horizon_seconds=60))
    assert (found.p10_seconds, found.p50_seconds, found.p90_seconds) == (None, None, None)


def test_when_time_is_over_what_was_played_does_not_suffice():
    limits = replace(FEW, wall_seconds=1e-9)
    case = Case(frozen(world(FULL)), Past(), "j1")
    found = starts(case, range(limits.samples), limits)
    assert found == [None]
    assert forecast(case, found, limits) is Unforeseen.TOO_SLOW


def test_a_future_in_which_too_much_happens_counts_as_a_late_one():
    found = foretold(FULL, replace(FEW, events_max=0))
    assert found.p50_seconds is None


def test_no_more_arrivals_than_may_be():
    past = Past(tuple(Came(NOW + number, spec_of(["x", "1"], {}), 1000) for number in range(20)))
    case = Case(frozen(world(FULL)), past, "j1")
    times = run_times(case.snapshot, past)
    played = future(case, times, 1, replace(FEW, arrivals_max=7))
    assert len(played.works) == 2 + 7


# Run times


def test_run_times_beyond_what_was_attained():
    chance = random.Random(3)
    for attained in (0.0, 10.0, 100.0, 1e4, 1e7):
        drawn = [beyond(100.0, 1.0, attained, chance) for _ in range(200)]
        assert min(drawn) >= attained
    assert 80 < median(beyond(100.0, 1.0, 0, chance) for _ in range(2000)) < 125


def _came(estimate: int, ran: float | None, attained: float = 0.0) -> Came:
    spec = spec_of(["x", "1"], {"estimate": str(estimate)})
    return Came(NOW, spec, None if ran is None else round(ran * 1000), round(attained * 1000))


def test_what_was_estimated_too_long_before_is_so_again():
    chance = random.Random(5)
    ends = [
        (seconds := chance.randint(100, 100_000), seconds / 4 * chance.lognormvariate(0, 0.3))
        for _ in range(200)
    ]
    spread = Spread.learnt(Past(tuple(_came(*end) for end in ends)))
    assert 0.2 < spread.centre(10_000) / 10_000 < 0.3
    assert 0.2 < spread.sigma < 0.4


def test_few_jobs_teach_nothing():
    assert Spread.learnt(Past(tuple(_came(100, 10.0) for _ in range(LEARN_FROM - 1)))) == Spread()


def test_jobs_that_have_not_ended_teach_that_jobs_are_long():
    """Else only what ended soon would teach: here jobs run as estimated, and half of them have not ended."""
    chance = random.Random(6)
    truth = [
        (seconds := chance.randint(1000, 100_000), seconds * chance.lognormvariate(0, 1)) for _ in range(400)
    ]
    cut = [_came(one, ran if ran < 8000 else None, min(ran, 8000)) for one, ran in truth]
    shift = fmean(Spread.learnt(Past(tuple(cut))).centre(one) / one for one in (3000, 10_000, 60_000))
    naive = [one for one in cut if one.ran_milliseconds is not None]
    biased = fmean(Spread.learnt(Past(tuple(naive))).centre(one) / one for one in (3000, 10_000, 60_000))
    assert 0.7 < shift < 1.4
    assert biased < 0.5


def test_run_times_of_jobs_like_it_are_drawn_again():
    times = RunTimes(History(SURE), Spread(), 3600)
    chance = random.Random(1)
    drawn = [times.draw(spec_of(["x", "4"], {}), 0, chance) for _ in range(100)]
    assert 2_500_000 < min(drawn) < max(drawn) < 5_000_000
    assert times.draw(spec_of(["x", "4"], {}), 9_000_000, chance) > 9_000_000


def test_the_past_goes_around():
    past = Past(tuple(Came(NOW + at, spec_of(["x", "1"], {}), 1) for at in (0, 10, 40)))
    assert past.gaps() == [10, 30, 20]
    assert Past().gaps() == []


def test_only_what_succeeded_tells_how_long_it_ran():
    job = world("node p/a 4; quota x 8; job j1 x 4").jobs["j1"]
    over = replace(job, phase=Finished(Succeeded(), NOW), done_milliseconds=500)
    cancelled = replace(over, phase=Finished(Cancelled("somebody", ""), NOW))
    told = [one.ran_milliseconds for one in Past.of((job, over, cancelled)).came]
    assert sorted(told, key=lambda one: (one is not None, one)) == [None, None, 500]

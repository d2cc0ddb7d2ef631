"""Forecasts over REST: of a job that waits, and of one that is not submitted; who may ask, and what is said when nothing can be."""

import asyncio
import pickle
from dataclasses import replace
from typing import Any

import pytest
from bostan import api
from bostan_scheduler.cluster.forecasting import WAITING_MAX, Forecasts
from bostan_scheduler.core.foretold import Foretold, Unforeseen
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.sim.forecast.play import starts
from fronts import RestFront

LIMITS = ForecastLimits(samples=20, samples_min=20, horizon_seconds=86_400)


class Player:
    """Plays in this process, and counts how often it was asked to; `gate` holds it back."""

    def __init__(self) -> None:
        self.played = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, case: Any, groups: Any, limits: ForecastLimits) -> list[float | None]:
        self.played += 1
        await self.gate.wait()
        case = pickle.loads(pickle.dumps(case))  # as it comes to another process
        return [one for seeds in groups for one in starts(case, seeds, limits)]


@pytest.fixture
async def player(rest: RestFront) -> Player:
    """The front's forecasts, played here."""
    player = Player()
    story = rest.story
    forecaster = Forecasts(story.store, story.settings, lambda: story.now, LIMITS, player, 3)
    object.__setattr__(rest.parts, "forecaster", forecaster)
    return player


async def waiting(rest: RestFront) -> str:
    """A job behind one that holds everything."""
    rest.story.connect("p/a", 4)
    await rest.run(rank={"gpus": 4}, estimate_seconds=600)
    job_id = await rest.submit(rank={"gpus": 4})
    rest.story.plan()
    return job_id


async def test_when_a_waiting_job_starts(rest, player):
    job_id = await waiting(rest)
    found = api.Forecast.model_validate(await rest.seen("member", f"/v1/jobs/{job_id}/forecast"))
    assert (found.job_id, found.available, found.samples, found.basis) == (job_id, True, 20, "guess")
    assert found.at == rest.story.now
    assert found.p10_at is not None
    assert found.p50_at is not None
    assert found.at < found.p10_at <= found.p50_at


async def test_when_a_job_would_start_that_is_not_submitted(rest, player, new_job):
    await waiting(rest)
    before = rest.story.store.counts()
    answer = await rest.post(
        "owner", "/v1/forecasts", new_job(work_dir={"sha256": "0" * 64, "size_bytes": 9})
    )
    found = api.Forecast.model_validate(answer.json())
    assert (answer.status_code, found.job_id, found.available) == (200, None, True)
    assert rest.story.store.counts() == before


async def test_a_job_that_has_come_just_now_is_known(rest, player):
    first = await waiting(rest)
    assert (await rest.seen("member", f"/v1/jobs/{first}/forecast"))["available"]
    second = await rest.submit(rank={"gpus": 1})
    assert (await rest.seen("member", f"/v1/jobs/{second}/forecast"))["available"]


async def test_the_same_question_is_answered_once(rest, player, new_job):
    job_id = await waiting(rest)
    for _ in range(3):
        await rest.seen("member", f"/v1/jobs/{job_id}/forecast")
        await rest.post("owner", "/v1/forecasts", new_job())
    assert player.played == 2


async def test_so_many_wait_for_a_forecast_and_no_more(rest, player, new_job):
    await waiting(rest)
    player.gate.clear()
    forecaster = rest.parts.forecaster
    asked = [asyncio.create_task(forecaster.forecast(f"j{number}")) for number in range(WAITING_MAX)]
    await asyncio.sleep(0)
    answer = await rest.post("owner", "/v1/forecasts", new_job())
    assert (answer.json()["available"], answer.json()["reason"]) == (False, "busy")
    player.gate.set()
    assert set(await asyncio.gather(*asked)) == {Unforeseen.NOT_WAITING}
    assert isinstance(await forecaster.forecast("j-none"), Unforeseen)


async def test_nothing_is_foretold_of_what_does_not_wait(rest, player):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    found = await rest.seen("owner", f"/v1/jobs/{job_id}/forecast")
    assert (found["available"], found["reason"], found["p50_at"]) == (False, "not-waiting", None)


async def test_a_centre_that_forecasts_nothing_says_so(rest):
    job_id = await rest.submit()
    found = await rest.seen("owner", f"/v1/jobs/{job_id}/forecast")
    assert (found["available"], found["reason"]) == (False, "off")


async def test_what_is_foreign_or_impossible_is_refused(rest, player, new_job):
    job_id = await waiting(rest)
    assert (await rest.get("rival", f"/v1/jobs/{job_id}/forecast")).status_code == 404
    assert (await rest.post("rival", "/v1/forecasts", new_job())).status_code == 403
    answer = await rest.post("owner", "/v1/forecasts", new_job(rank={"gpus": 64}))
    assert (answer.status_code, answer.json()["field"]) == (422, "rank.gpus")
    assert player.played == 0


async def test_what_was_not_played_in_time_is_said_to_be_too_slow(rest, player):
    job_id = await waiting(rest)
    rest.parts.forecaster.limits = replace(LIMITS, wall_seconds=1e-9)
    found = await rest.parts.forecaster.forecast(job_id)
    assert found is Unforeseen.TOO_SLOW


async def test_a_forecast_begins_with_what_is_committed(rest, player):
    job_id = await waiting(rest)
    found = await rest.parts.forecaster.forecast(job_id)
    assert isinstance(found, Foretold)
    assert found.at == rest.story.now

"""For machines that watch: alive, ready, and metrics that name nobody."""

import asyncio

from bostan_scheduler.core.node import Verdict
from bostan_scheduler.core.reports import HealthReported
from bostan_scheduler.core.waits import Reason
from bostan_scheduler.service.decisions import NoDecisionLog, Tally
from prometheus_client.parser import text_string_to_metric_families


async def samples(rest):
    answer = await rest.get(None, "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    found = {}
    for family in families:
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found[(sample.name, *labels)] = sample.value
    return found


async def test_alive_whatever_the_leader_does(rest):
    rest.leader.away = True
    assert (await rest.get(None, "/healthz")).json() == {"status": "alive"}


async def test_ready_only_when_the_leader_answers(rest):
    assert (await rest.get(None, "/readyz")).json() == {"status": "ready"}
    rest.leader.away = True
    answer = await rest.get(None, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["remedy"]


async def test_a_leader_that_does_not_answer_in_time_is_not_ready(small, monkeypatch):
    monkeypatch.setattr(small.leader, "ask", lambda _request: asyncio.sleep(60))
    assert (await small.get(None, "/readyz")).status_code == 503


async def test_metrics_count_jobs_nodes_and_gpus(small):
    small.story.connect("p/a", 4)
    small.story.connect("p/b", 2)
    await small.run(rank={"gpus": 2})
    for _ in range(3):
        await small.submit()
    small.story.tell(HealthReported("p/a", (("p/a:3", Verdict.FAILED, ()),)))
    small.parts.link.sessions, small.parts.link.epoch = ["one", "other"], lambda: 7
    found = await samples(small)
    assert found["bostan_jobs", "queued"] == 3
    assert found["bostan_jobs", "active"] == 1
    waits = {key[1]: value for key, value in found.items() if key[0] == "bostan_jobs_waiting"}
    assert set(waits) == set(Reason)
    assert waits["gpus-busy"] == 0
    assert found["bostan_nodes", "ready"] == 2
    gpus = {key[2]: value for key, value in found.items() if key[:2] == ("bostan_gpus", "a100")}
    free = {state: value for state, value in gpus.items() if state in ("free", "held", "unhealthy")}
    assert sum(free.values()) == 6
    assert gpus["held"] == 2
    assert gpus["unhealthy"] == 1
    assert found["bostan_agent_sessions",] == 2
    assert found["bostan_leader_epoch",] == 7
    assert found["bostan_events_total",] > 5


async def test_metrics_count_plans_and_decisions(small):
    small.story.service.decisions = Counting()
    found = await samples(small)
    assert (found["bostan_plan_seconds_count",], found["bostan_plan_seconds_sum",]) == (7, 0.25)
    assert found["bostan_decisions_total", "written"] == 5
    assert found["bostan_decisions_total", "lost"] == 1
    assert found["bostan_decision_snapshots_total", "written"] == 2
    assert found["bostan_decision_snapshots_total", "lost"] == 3


class Counting(NoDecisionLog):
    """A log that has counted something."""

    def tally(self):
        return Tally(7, 0.25, 5, 1, 2, 3)


async def test_metrics_time_requests_by_route_and_never_by_what_strangers_make_up(small):
    job_id = await small.submit()
    await small.seen("owner", f"/v1/jobs/{job_id}")
    for path in ("/x", "/y", f"/{job_id}"):
        await small.get(None, path)
    await small.ask(None, "BREW", "/coffee")
    found = await samples(small)
    count = "bostan_http_request_seconds_count"
    assert found[count, "GET", "/v1/jobs/{job_id}", "200"] == 1
    assert found[count, "POST", "/v1/jobs", "201"] == 1
    assert found[count, "any", "other", "404"] == 4
    assert job_id not in str(found)


async def test_metrics_name_no_firm_and_ask_the_store_once_in_a_while(rest):
    await rest.submit()
    first = await samples(rest)
    await rest.submit()
    assert (await samples(rest))["bostan_jobs", "queued"] == first["bostan_jobs", "queued"]
    assert "acme" not in str(first)

"""The OpenAPI document says what the routes do; requests made up from it meet no fault and answer as it says."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from bostan_scheduler.http import HttpLimits
from bostan_scheduler.http.access import OPEN, TABLE
from bostan_scheduler.http.openapi import describe
from bostan_scheduler.service.ports import JobFilter
from fronts import RestFront
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
SOME = settings(
    max_examples=3,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


async def test_the_document_describes_every_route(rest):
    document = (await rest.get(None, "/v1/openapi.json")).json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == (TABLE.keys() | OPEN) - {("GET", "/v1/openapi.json")}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"
            assert "default" in operation["responses"]
            assert ("security" in operation) == ((method.upper(), path) not in OPEN)


async def test_every_reference_leads_somewhere(rest):
    document = (await rest.get(None, "/v1/openapi.json")).json()
    names = {ref.removeprefix("#/components/schemas/") for ref in _references(document)}
    assert names <= document["components"]["schemas"].keys()
    assert {"NewJob", "Batch", "QuotaDocument", "Problem"} <= names


def _references(value: Any) -> set[str]:
    match value:
        case dict():
            own = {value["$ref"]} if "$ref" in value else set()
            return own.union(*(_references(one) for one in value.values()))
        case list():
            return set().union(*(_references(one) for one in value))
        case _:
            return set()


async def _centre(folder: Path) -> RestFront:
    front = RestFront(folder, HttpLimits(heartbeat_seconds=0.01, poll_seconds=0.01))
    front.story.quota("acme", "zeta")
    front.story.connect("p/a", 4)
    for name in ("n1", "n2"):
        await front.run(name=name)
    return front


def test_requests_made_up_from_the_document_meet_no_fault(tmp_path: Path) -> None:
    front = asyncio.run(_centre(tmp_path))
    schema = schemathesis.openapi.from_dict(describe(front.app))
    jobs = [job.id for job in front.story.store.jobs(JobFilter(), None, 10)]
    known = {"job_id": jobs, "park": ["p"], "name": ["a"], "rank": [0]}
    with asyncio.Runner() as runner:
        for operation in (result.ok() for result in schema.get_all_operations()):
            _try(front, runner, operation, known)


def _try(front: RestFront, runner: asyncio.Runner, operation: Any, known: dict[str, list[Any]]) -> None:
    """Some requests for one operation, half of them about things that exist."""

    @seed(1)
    @SOME
    @given(operation.as_strategy(), st.data())
    def attempt(case: Any, data: Any) -> None:
        for name, values in known.items():
            if name in (case.path_parameters or {}) and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(values))
        (case.query or {}).pop("follow", None)  # a stream has no end
        _check(front, runner, case)

    attempt()


def _check(front: RestFront, runner: asyncio.Runner, case: Any) -> None:
    words = case.as_transport_kwargs(base_url="http://centre", headers=front.headers("admin"))
    del words["cookies"]
    if isinstance(words.get("data"), bytes):
        words["content"] = words.pop("data")
    answer = runner.run(_sent(front, words))
    case.validate_response(answer, checks=CHECKS)


async def _sent(front: RestFront, words: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front.app)) as client:
        return await client.request(**words)

"""The OpenAPI document says what the routes do; requests made up from it meet no fault and answer as it says."""

import asyncio
from typing import Any

import httpx
from bostan_scheduler.http.access import OPEN, TABLE
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = 6


class Application(httpx.BaseTransport):
    """The application behind a client that waits."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._handled(request))

    async def _handled(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        body = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body, request=request)


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

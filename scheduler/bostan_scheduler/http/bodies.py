"""Bodies: read once, checked once, described in the OpenAPI document, answered as one piece of JSON."""

from collections.abc import Mapping
from typing import Any, TypeVar

from bostan.api import Contract
from fastapi import Request, Response
from pydantic import ValidationError

from bostan_scheduler.http.problems import Problem, of_validation

Model = TypeVar("Model", bound=Contract)

BODIES: dict[str, type[Contract]] = {}
"""Every model that some route takes, by name: the OpenAPI document describes them."""


def takes(model: type[Contract], *, required: bool = True) -> dict[str, Any]:
    """What a route says of its body in the OpenAPI document."""
    BODIES[model.__name__] = model
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body as this model; an empty one stands for all defaults. Raises Problem."""
    return parsed(await json_bytes(request), model)


async def json_bytes(request: Request) -> bytes:
    """The body's bytes, which say that they are JSON. Raises Problem."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, f"a body of {kind[:100]} is not taken", "send `Content-Type: application/json`")
    return await request.body()


def parsed(raw: bytes, model: type[Model]) -> Model:
    """Bytes of JSON as this model. Raises Problem."""
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise of_validation(error, "body", model) from error


def answer(model: Contract, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The model as an answer."""
    return Response(model.model_dump_json(), status, headers and dict(headers), "application/json")

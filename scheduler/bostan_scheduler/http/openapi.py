"""The OpenAPI document: what FastAPI knows of the routes, the bodies that rooms read themselves, tokens and problems."""

from typing import Any

from bostan.api import Problem
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from bostan_scheduler.http.access import OPEN
from bostan_scheduler.http.bodies import BODIES
from bostan_scheduler.http.problems import MEDIA_TYPE

_REF = "#/components/schemas/{model}"
_METHODS = ("get", "head", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(_bodies())
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        scheme = {"type": "http", "scheme": "bearer"}
        document["components"]["securitySchemes"] = {"token": scheme}
        for path, methods in document["paths"].items():
            for method in _METHODS:
                if method in methods:
                    _complete(path, method, methods[method])
        app.openapi_schema = document
    return app.openapi_schema


def _bodies() -> dict[str, Any]:
    models = [(model, "validation") for model in (*BODIES.values(), Problem)]
    _, schema = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Any route may answer with a problem; all but a few need a token."""
    responses = operation["responses"]
    responses.pop("422", None)
    problem = {"schema": {"$ref": _REF.format(model=Problem.__name__)}}
    responses["default"] = {"description": "A problem.", "content": {MEDIA_TYPE: problem}}
    if (method.upper(), path) not in OPEN:
        operation["security"] = [{"token": []}]

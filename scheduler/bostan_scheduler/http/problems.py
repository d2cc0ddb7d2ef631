"""Every error answer: problem+json with what is wrong, where, and what to do about it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bostan.api import Problem as ProblemBody
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2


class Problem(Exception):
    """An error to be answered. `field` names what in the request is wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        remedy: str,
        *,
        field: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.remedy, self.field = status, detail, remedy, field
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        body = ProblemBody(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            remedy=self.remedy,
            field=self.field,
        )
        return Response(body.model_dump_json(), self.status, self.headers, MEDIA_TYPE)


def invalid(field: str, detail: str, remedy: str) -> Problem:
    """Something in the request cannot be as it is."""
    return Problem(422, detail, remedy, field=field)


def not_found(what: str, remedy: str = "see the list, or correct the name") -> Problem:
    """There is none, or it is not the asker's to see."""
    return Problem(404, f"there is no {what}", remedy)


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to try again."""
    return {"Retry-After": str(max(1, round(seconds)))}


def unavailable(detail: str) -> Problem:
    """The leader did not answer; what was asked may have been done."""
    remedy = "try again in a moment, with the same Idempotency-Key where there is one"
    return Problem(503, detail, remedy, headers=retry_after(RETRY_SECONDS))


def of_validation(error: ValidationError | RequestValidationError, at: str = "") -> Problem:
    """The first of the mistakes that a check has found, and how many more there are."""
    mistakes = error.errors()
    first = mistakes[0]
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    field = _field(first["loc"]) or at
    return invalid(
        field, f"{field}: {first['msg']}{more}" if field else f"{first['msg']}{more}", _remedy(first)
    )


def _field(location: tuple[Any, ...] | list[Any]) -> str:
    parts = list(location)
    if parts and parts[0] in ("query", "path", "header", "body"):
        parts = parts[1:]
    return ".".join(str(part) for part in parts)[:200]


def _remedy(mistake: Mapping[str, Any]) -> str:
    match mistake["type"]:
        case "extra_forbidden":
            return "remove it: there is no such field"
        case "missing":
            return "add it"
        case "json_invalid":
            return "send one JSON object in UTF-8"
        case _:
            return "correct it; /v1/openapi.json describes every field"


def of_http(error: HTTPException) -> Problem:
    """What the router itself refuses: an unknown path, a method that the path does not have."""
    remedies = {404: "see /v1/openapi.json for the paths", 405: "use a method that the Allow header names"}
    remedy = remedies.get(error.status_code, "see /v1/openapi.json")
    details = {404: "there is no such path", 405: "the path does not have this method"}
    detail = details.get(error.status_code, str(error.detail))
    return Problem(error.status_code, detail, remedy, headers=error.headers)


async def answer_problem(_request: Request, error: Exception) -> Response:
    """For what rooms raise themselves."""
    assert isinstance(error, Problem)
    return error.response()


async def answer_validation(_request: Request, error: Exception) -> Response:
    """For parameters that do not fit."""
    assert isinstance(error, RequestValidationError)
    return of_validation(error).response()


async def answer_http(_request: Request, error: Exception) -> Response:
    """For what the router refuses."""
    assert isinstance(error, HTTPException)
    return of_http(error).response()

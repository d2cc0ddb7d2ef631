"""Every error answer: problem+json with what is wrong, where, and what to do about it."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from bostan.api import Mistake
from bostan.api import Problem as ProblemBody
from bostan.api.common import CLASS_PATTERN, ID_PATTERN, MISTAKES_MAX, SHA256_PATTERN
from bostan.strictmodel import told, unknown_key
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
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
        mistakes: tuple[Mistake, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.remedy, self.field = status, detail, remedy, field
        self.headers, self.mistakes = dict(headers or {}), mistakes

    def response(self) -> Response:
        """The answer."""
        body = ProblemBody(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            remedy=self.remedy,
            field=self.field,
            mistakes=self.mistakes,
        )
        return Response(body.model_dump_json(), self.status, self.headers, MEDIA_TYPE)


def invalid(field: str, detail: str, remedy: str) -> Problem:
    """Something in the request cannot be as it is."""
    return Problem(422, detail, remedy, field=field)


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise what was found as one problem, in the order given; nothing when there is nothing."""
    found = [Mistake(field=one.field, detail=one.detail, remedy=one.remedy) for one in problems]
    if found:
        raise of_mistakes(found)


def of_mistakes(mistakes: list[Mistake]) -> Problem:
    """All that is wrong with a request, in one answer."""
    first, shown = mistakes[0], mistakes[:MISTAKES_MAX]
    if len(mistakes) == 1:
        return invalid(first.field, first.detail, first.remedy)
    details = [one.detail for one in shown]
    details += [f"and {len(mistakes) - len(shown)} more"] if len(mistakes) > len(shown) else []
    remedies = dict.fromkeys(one.remedy for one in shown if one.remedy)
    return Problem(422, "; ".join(details), "; ".join(remedies), field=first.field, mistakes=tuple(shown))


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


def of_validation(
    error: ValidationError | RequestValidationError, at: str = "", model: type[BaseModel] | None = None
) -> Problem:
    """All mistakes that a check has found, in plain words; `model` is what was wanted."""
    return of_mistakes([_mistake(one, at, model) for one in error.errors() if not _follows(one)])


def _follows(error: ErrorDetails) -> bool:
    """A list whose entries are all wrong is counted as empty besides."""
    given = error["input"]
    return (
        error["type"] == "too_short" and isinstance(given, list) and len(given) >= error["ctx"]["min_length"]
    )


def _mistake(error: ErrorDetails, at: str, model: type[BaseModel] | None) -> Mistake:
    field = _field(error["loc"]) or at
    problem, remedy = _told(error, model)
    return Mistake(field=field, detail=f"{field}: {problem}" if field else problem, remedy=remedy)


def _told(error: ErrorDetails, model: type[BaseModel] | None) -> tuple[str, str]:
    match error["type"]:
        case "extra_forbidden" if model is not None:
            finding = unknown_key(error["loc"], model)
            return finding.problem, finding.remedy
        case "json_invalid":
            return f"is not JSON ({error['ctx']['error']})", "send one JSON object in UTF-8"
        case "string_pattern_mismatch":
            pattern = error["ctx"]["pattern"]
            return _FORMS.get(pattern, (f"is not of the form {pattern}", "correct it"))
        case kind:
            problem, remedy = told(kind, error.get("ctx", {}), error)
            return problem, _IN_JSON.get(kind, remedy)


_ID_FORM = "write 1 to 63 of a-z, 0-9, '-' and '/'"
_FORMS = {
    ID_PATTERN: ("is not an id", _ID_FORM),
    CLASS_PATTERN: ("is not a GPU class", f"{_ID_FORM}, or name a slice: a100-80g/1g.10gb"),
    SHA256_PATTERN: ("is not a SHA-256", "write 64 lower-case hexadecimal digits"),
}
_IN_JSON = {
    "list_type": "write [a, b]",
    "tuple_type": "write [a, b]",
    "dict_type": 'write {"key": value}',
    "model_type": 'write {"key": value}',
    "model_attributes_type": 'write {"key": value}',
}


def _field(location: tuple[Any, ...] | list[Any]) -> str:
    parts = list(location)
    if parts and parts[0] in ("query", "path", "header", "body"):
        parts = parts[1:]
    return ".".join(str(part) for part in parts)[:200]


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

"""A request and its answer as values, and what an error answer means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from bostan.api import Contract, Page
from bostan.errors import ServerFault, WrongUsage, from_problem

T = TypeVar("T")
M = TypeVar("M", bound=Contract)

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
PAGE_ITEMS = 500
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers by lower-case name, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What to send, and how to read the answer to it. `understands` lists error statuses that `read` reads itself."""

    method: Method
    path: str
    read: Callable[[Answer], T]
    params: Mapping[str, str | int] = field(default_factory=dict)
    json: Contract | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    understands: frozenset[int] = frozenset()

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in _REPEATABLE or "Idempotency-Key" in self.headers


def read_answer(request: Request[T], answer: Answer) -> T:
    """The value in the answer. Raises the exception that its problem+json stands for."""
    if answer.status >= 400 and answer.status not in request.understands:
        raise from_problem(answer.status, _problem(answer), _retry_after_seconds(answer))
    try:
        return request.read(answer)
    except (ValidationError, KeyError, ValueError) as exc:
        what = f"{request.method} {request.path}: {type(exc).__name__}"
        remedy = "check that the URL is the centre's, and that client and centre have like versions"
        raise ServerFault("The answer is not understood", what, remedy, status=answer.status) from exc


def _problem(answer: Answer) -> Mapping[str, object]:
    """The problem+json of an error answer; a proxy's page of HTML counts as none."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"title": f"HTTP status {answer.status}"}


def _retry_after_seconds(answer: Answer) -> float | None:
    """Retry-After in seconds; its other form, a date, is not used by the centre."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def model(kind: type[M]) -> Callable[[Answer], M]:
    """Reads the body as this model. A field that only a newer centre knows is passed over."""
    return lambda answer: kind.model_validate_json(answer.body, extra="ignore")


def page(kind: type[M]) -> Callable[[Answer], Page[M]]:
    """Reads the body as one page of these."""
    adapter: TypeAdapter[Page[M]] = TypeAdapter(Page[kind])  # type: ignore[valid-type]
    return lambda answer: adapter.validate_json(answer.body, extra="ignore")


def listing(path: str, kind: type[M], cursor: str | None, **filters: str | int | None) -> Request[Page[M]]:
    """A page of a list, from the cursor on."""
    params = given(limit=PAGE_ITEMS, cursor=cursor, **filters)
    return Request("GET", path, page(kind), params=params)


def given(**params: Any) -> dict[str, str | int]:
    """The parameters that have a value."""
    return {name: value for name, value in params.items() if value is not None}


def at(*segments: str) -> str:
    """A path under /v1 with each segment quoted. Raises WrongUsage for one that would lead elsewhere."""
    for segment in segments:
        if segment in ("", ".", ".."):
            raise WrongUsage(f"{segment!r} is not an id", "give the id as the list shows it")
    return "/v1/" + "/".join(quote(segment, safe="") for segment in segments)


def nothing(_answer: Answer) -> None:
    """Reads an answer that holds nothing."""


def follows(request: Request[T]) -> Request[T]:
    """The same request, asking for server-sent events."""
    return replace(request, headers={**request.headers, "Accept": "text/event-stream"})

"""Following what grows: where to begin again after the line broke, so that nothing is missed or given twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bostan import requests
from bostan.api import Event
from bostan.errors import ServerFault
from bostan.requests import Request
from bostan.sse import ServerEvent

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = TypeVar("P", bound=BaseModel)


class Watch(Protocol[T_co]):
    """What is being followed. It knows how far it has come, and whether there is more."""

    finished: bool

    def request(self) -> Request[None]:
        """Asks for the stream from where it stands."""

    def take(self, event: ServerEvent) -> Iterator[T_co]:
        """What the event brings that is new."""


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Bytes of one attempt's log, from `offset` on."""

    attempt: int
    rank: int
    offset: int
    data: bytes


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Data(_Payload):
    attempt: int
    rank: int
    offset: int = Field(ge=0)
    text64: str


class _Began(_Payload):
    number: int


class LogWatch:
    """One rank's log, from attempt to attempt until the job ends."""

    def __init__(self, job_id: str, rank: int, attempt: int | None, offset: int) -> None:
        self.finished = False
        self._job_id, self._rank = job_id, rank
        self._attempt, self._offset = attempt, offset

    def request(self) -> Request[None]:
        return requests.watch_logs(self._job_id, attempt=self._attempt, rank=self._rank, offset=self._offset)

    def take(self, event: ServerEvent) -> Iterator[LogChunk]:
        match event.name:
            case "data":
                yield from self._data(_payload(_Data, event))
            case "attempt":
                self._go_to(_payload(_Began, event).number)
            case "end":
                self.finished = True
            case _:
                pass  # a newer centre may tell more than we ask for

    def _go_to(self, attempt: int) -> None:
        if self._attempt is None or attempt > self._attempt:
            # The offset a reader asked for belongs to the attempt it began with.
            self._offset = self._offset if self._attempt is None else 0
            self._attempt = attempt

    def _data(self, part: _Data) -> Iterator[LogChunk]:
        self._go_to(part.attempt)
        if part.attempt != self._attempt:
            return
        known = max(0, self._offset - part.offset)
        data = _decoded(part.text64)[known:]
        if data:
            self._offset = part.offset + known + len(data)
            yield LogChunk(part.attempt, part.rank, part.offset + known, data)


class EventWatch:
    """The centre's events, without end."""

    def __init__(self, after: int, job: str | None, firm: str | None) -> None:
        self.finished = False
        self._after, self._job, self._firm = after, job, firm

    def request(self) -> Request[None]:
        return requests.watch_events(after=self._after, job=self._job, firm=self._firm)

    def take(self, event: ServerEvent) -> Iterator[Event]:
        happened = _payload(Event, event)
        if happened.seq > self._after:
            self._after = happened.seq
            yield happened


def _payload(kind: type[P], event: ServerEvent) -> P:
    try:
        return kind.model_validate_json(event.data, extra="ignore")
    except ValidationError as exc:
        raise ServerFault("The stream is not understood", f"a {event.name!r} event") from exc


def _decoded(text64: str) -> bytes:
    try:
        return base64.b64decode(text64, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ServerFault("The stream is not understood", "a log part is not base64") from exc

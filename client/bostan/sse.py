"""Server-sent events: bytes in, events out. Knows nothing of how the bytes travel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bostan.errors import ServerFault

EVENT_BYTES_MAX: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of the stream."""

    name: str
    data: str
    id: str = ""


class Decoder:
    """Takes a stream apart, however it was cut into chunks. Comments (heartbeats) are passed over."""

    def __init__(self, event_bytes_max: int = EVENT_BYTES_MAX) -> None:
        self._event_bytes_max = event_bytes_max
        self._pending = b""
        self._event_bytes = 0
        self._fields: dict[str, list[str]] = {}

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that this chunk completes. Raises ServerFault for one that is too large or not text."""
        lines, self._pending = _whole_lines(self._pending + chunk)
        found = [event for line in lines if (event := self._line(line))]
        self._check_size(len(self._pending))
        return found

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        self._check_size(len(line))
        self._event_bytes += len(line)
        name, _, value = _text(line).partition(":")
        self._fields.setdefault(name, []).append(value.removeprefix(" "))
        return None

    def _dispatch(self) -> ServerEvent | None:
        fields, self._fields, self._event_bytes = self._fields, {}, 0
        if "data" not in fields:
            return None
        last = {name: values[-1] for name, values in fields.items()}
        return ServerEvent(last.get("event", "message"), "\n".join(fields["data"]), last.get("id", ""))

    def _check_size(self, more: int) -> None:
        if self._event_bytes + more > self._event_bytes_max:
            raise ServerFault("The stream is not understood", f"an event above {self._event_bytes_max} bytes")


def _whole_lines(text: bytes) -> tuple[list[bytes], bytes]:
    """The lines that have ended, and the rest. A CR at the very end may be half of a CRLF: it waits."""
    held = b"\r" if text.endswith(b"\r") else b""
    body = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    *lines, rest = body.split(b"\n")
    return lines, rest + held


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ServerFault("The stream is not understood", "it is not UTF-8 text") from exc

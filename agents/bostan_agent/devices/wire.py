"""How the child process and the agent talk: one JSON object a line, questions one way, answers and events back.

    question  {"id": 7, "ask": "processes", "uuids": ["GPU-…"]}
    answer    {"id": 7, "answer": …}   or   {"id": 7, "error": "DriverMissing", "message": "…"}
    event     {"event": "XidSeen", "value": {…}}

Only the standard library: the child must stay small.
"""

import json
from dataclasses import asdict
from typing import Any

Frame = dict[str, Any]

REQUESTS_MAX = 16
"""Questions that may be under way at once; the agent asks fewer, the child refuses more."""


def to_line(frame: Frame) -> bytes:
    """A frame as it travels."""
    return json.dumps(frame, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Frame:
    """A frame that came; `ValueError` where it is none."""
    frame = json.loads(line)
    if not isinstance(frame, dict):
        raise TypeError("a frame is an object")
    return frame


def plain(value: Any) -> Any:
    """A dataclass of `values` as JSON knows it."""
    return asdict(value)

"""What keeps GPUs of a park from some jobs for a time: maintenance, the park's own tenants, advance reservations."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    StrictStr,
    WithJsonSchema,
    model_validator,
)

from bostan.fieldtypes import ClassId, Count, Id, Text
from bostan.jobfile.fields import Notice
from bostan.quotas.instants import Instant
from bostan.strictmodel import Finding, StrictModel, refuse, refuse_all, shown, with_ascii_digits

ENTRIES_MAX: Final = 200
NOTICE_SECONDS: Final = 900
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_NODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", re.ASCII)


def _minute(value: Any) -> int:
    """Minutes since midnight of `07:30`."""
    text = value if isinstance(value, str) else ""
    if found := _TIME.fullmatch(text):
        return int(found[1] or 24) * 60 + int(found[2] or 0)
    spelt = with_ascii_digits(text)
    hint = spelt if _TIME.fullmatch(spelt) else f"0{spelt}" if _TIME.fullmatch(f"0{spelt}") else "07:30"
    raise refuse(f"{shown(value)} is not a time of day", f'write "{hint}"')


def _node(text: str) -> str:
    if _NODE.fullmatch(text):
        return text
    raise refuse(
        f"{shown(text)} is not a node's name", "write it as `bostan nodes` shows it, without its park"
    )


def time_text(minute: int) -> str:
    """`07:30`, for minutes since midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"


TimeOfDay = Annotated[
    int,
    BeforeValidator(_minute),
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^({_TIME.pattern})$"}),
]
NodeName = Annotated[
    StrictStr, AfterValidator(_node), WithJsonSchema({"type": "string", "pattern": f"^{_NODE.pattern}$"})
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _require_order(from_unix_seconds: int, until_unix_seconds: int) -> None:
    if from_unix_seconds >= until_unix_seconds:
        remedy = "the window is empty; correct one of them"
        raise refuse_all([Finding(("until",), "is not after from", remedy)])


class Maintenance(StrictModel):
    """Nodes of a park are away in `[from, until)`: those of the pools and those that are named, or all of them."""

    id: Id
    from_unix_seconds: Instant = Field(alias="from")
    until_unix_seconds: Instant = Field(alias="until")
    pools: tuple[Id, ...] = Field(default=(), max_length=1_000, description="pools of this park")
    nodes: tuple[NodeName, ...] = Field(
        default=(), max_length=1_000, description="nodes of this park, by name"
    )
    announced_at_unix_seconds: Instant | None = Field(default=None, alias="announced_at")
    reason: Text | None = None

    @model_validator(mode="after")
    def _is_a_window(self) -> Maintenance:
        _require_order(self.from_unix_seconds, self.until_unix_seconds)
        announced = self.announced_at_unix_seconds
        if announced is not None and announced > self.from_unix_seconds:
            remedy = "write when it was announced, or remove it"
            raise refuse_all([Finding(("announced_at",), "is after the window begins", remedy)])
        return self


class When(StrictModel):
    """Days of the week and times of day, by the clocks of `meta.timezone`."""

    days: tuple[Day, ...] = Field(min_length=1, max_length=7)
    from_minute: TimeOfDay = Field(alias="from", description="as 07:30")
    until_minute: TimeOfDay = Field(alias="to", description="as 14:00; not after `from`: on the next day")

    @model_validator(mode="after")
    def _is_a_time(self) -> When:
        if len(set(self.days)) < len(self.days):
            raise refuse_all([Finding(("days",), "names a day twice", "keep each once")])
        if self.from_minute == 24 * 60:
            raise refuse_all([Finding(("from",), "is the end of a day", "write 00:00")])
        if self.from_minute == self.until_minute:
            raise refuse_all(
                [Finding(("to",), "is the same as from", "write from: 00:00, to: 24:00 for all day")]
            )
        return self


class Reclaim(StrictModel):
    """How fast lent GPUs are to be back."""

    notice_seconds: Notice = Field(default=NOTICE_SECONDS, alias="notice")


class LocalReserve(StrictModel):
    """GPUs of the park's own tenants, always or at times; lent when idle, or never."""

    gpu_class: ClassId
    gpus: Count
    lend_when_idle: StrictBool = False
    reclaim: Reclaim | None = None
    when: When | None = Field(default=None, description="omitted: always")

    @property
    def notice_seconds(self) -> int:
        """How fast lent GPUs are to be back."""
        return self.reclaim.notice_seconds if self.reclaim else NOTICE_SECONDS

    @model_validator(mode="after")
    def _lends_what_it_reclaims(self) -> LocalReserve:
        if self.reclaim and not self.lend_when_idle:
            remedy = "write lend_when_idle: true, or remove it"
            raise refuse_all([Finding(("reclaim",), "is given for GPUs that are never lent", remedy)])
        return self


class Reservation(StrictModel):
    """GPUs of a park that are for one firm only in `[from, until)`."""

    id: Id
    firm: Id
    park: Id
    gpu_class: ClassId
    gpus: Count
    from_unix_seconds: Instant = Field(alias="from")
    until_unix_seconds: Instant = Field(alias="until")

    @model_validator(mode="after")
    def _is_a_window(self) -> Reservation:
        _require_order(self.from_unix_seconds, self.until_unix_seconds)
        return self

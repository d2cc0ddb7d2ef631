"""The types of what a job says to the planner: how firm its claim is, how fast it runs where."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from bostan.fieldtypes import CLASS_PATTERN, ClassId
from bostan.strictmodel import Finding, refuse, refuse_all, shown

QOS: Final = ("reserved", "standard", "scavenger")
WHOLE_GPU: Final = 1_000
SPEED_MIN: Final = 0.001
SPEED_MAX: Final = 1_000.0
SPEEDS_MAX: Final = 64


def checked_qos(value: Any) -> str:
    """One of the three words."""
    if value in QOS:
        return str(value)
    raise refuse(f"must be reserved, standard or scavenger, not {shown(value)}", "write one of them")


def checked_speed(value: Any) -> float:
    """A positive number; whole ones are taken too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(
            f"must be a number, not {shown(value)}", "write 1 for the reference, 0.5 for half as fast"
        )
    if not SPEED_MIN <= value <= SPEED_MAX:
        raise refuse(
            f"{shown(value)} is not from {SPEED_MIN:g} to {SPEED_MAX:g}", "write a speed between them"
        )
    return float(value)


def checked_speeds(speeds: dict[str, float]) -> dict[str, float]:
    """As many as a job may name."""
    if len(speeds) > SPEEDS_MAX:
        raise refuse_all([Finding((), f"has more than {SPEEDS_MAX} entries", "remove some")])
    return speeds


Qos = Annotated[str, BeforeValidator(checked_qos), WithJsonSchema({"enum": list(QOS)})]
Speed = Annotated[
    float,
    BeforeValidator(checked_speed),
    WithJsonSchema({"type": "number", "minimum": SPEED_MIN, "maximum": SPEED_MAX}),
]
Speeds = Annotated[
    dict[ClassId, Speed],
    AfterValidator(checked_speeds),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^{CLASS_PATTERN}$"},
            "additionalProperties": {"type": "number", "minimum": SPEED_MIN, "maximum": SPEED_MAX},
            "maxProperties": SPEEDS_MAX,
        }
    ),
]

"""The core's values as JSON text, and back. In a union, `case` names the class."""

from collections.abc import Iterable
from typing import Any, TypeVar

import orjson
from cattrs import Converter
from cattrs.preconf.orjson import make_converter
from cattrs.strategies import configure_tagged_union

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import AttemptPhase, Intent, RankSeen, Running, Starting
from bostan_scheduler.core.job import JobPhase
from bostan_scheduler.core.node import Session
from bostan_scheduler.core.obstacle import Announced
from bostan_scheduler.core.outcome import Outcome
from bostan_scheduler.core.outputs import RankOutputs
from bostan_scheduler.store.errors import CannotKeep, Damaged

Value = TypeVar("Value")

# A union before those that hold it: cattrs looks the inner one up when it makes the outer one's hooks.
UNIONS: tuple[Any, ...] = (
    Outcome,
    JobPhase,
    RankOutputs,
    RankSeen,
    Starting | Running,
    AttemptPhase,
    Intent,
    Session,
    Announced,
)

# Values are made by us and were checked at the edge: saying where in a value an error lies costs a third more time.
_converter = make_converter(detailed_validation=False)


def _name(case: type) -> str:
    return case.__name__


def prepare(converter: Converter, unions: Iterable[Any]) -> None:
    """Let a converter write the core's values as we do: an inner union is to come before those that hold it."""
    for union in unions:
        configure_tagged_union(union, converter, tag_name="case", tag_generator=_name)
    converter.register_unstructure_hook(Gpus, lambda gpus: gpus.count)
    converter.register_structure_hook(Gpus, lambda count, _: Gpus(int(count)))


prepare(_converter, UNIONS)


def encode(value: object, kind: Any = None) -> str:
    """JSON text of a value. `kind` is needed where the value is a case of a union: the union.

    Raises:
        CannotKeep: half a surrogate pair in a text, or a number of more than 64 bits.
    """
    try:
        return orjson.dumps(_converter.unstructure(value, kind)).decode()
    except orjson.JSONEncodeError as exc:
        raise CannotKeep(f"a {type(value).__name__} cannot be written down: {exc}") from exc


def decode(kind: type[Value], text: str) -> Value:
    """The value of this kind that the text holds. Keys that the kind does not have are passed over.

    Raises:
        Damaged: the text is not of such a value.
    """
    try:
        return _converter.structure(orjson.loads(text), kind)
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError) as exc:
        raise Damaged(f"a stored {_name(kind)} cannot be read: {type(exc).__name__}: {exc}") from exc

"""Any value of a type of the core, drawn from the type's own hints: what is added to a type is drawn at once."""

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import Enum
from functools import cache, partial
from typing import Any

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import Attempt, Place
from bostan_scheduler.core.decayed import Decayed
from bostan_scheduler.core.history import History
from bostan_scheduler.core.job import RankNeeds
from bostan_scheduler.core.obstacle import (
    AdvanceReservation,
    LocalReserve,
    Maintenance,
    StandingReserve,
    Weekly,
)
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import ClassFacts
from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

counts = st.integers(0, 99)
numbers = st.floats(allow_nan=False, allow_infinity=False)

WRITTEN_OUT: dict[Any, Strategy] = {
    str: st.text(max_size=8),
    int: st.integers(-(2**63), 2**63 - 1),
    float: numbers,
    bool: st.booleans(),
    types.NoneType: st.none(),
    Gpus: st.integers(0, 10**9).map(Gpus),
    RankNeeds: st.builds(RankNeeds, counts, st.none() | st.integers(1, 99)),
    ClassQuota: st.builds(
        lambda lent, kept: ClassQuota(Gpus(lent + kept), lend_limit=Gpus(lent)), counts, counts
    ),
    Gain: st.builds(Gain, st.floats(1.0, 9.0), counts, numbers),
}


@cache
def values_of(kind: Any) -> Strategy:
    """All values of a kind: found from its fields, except where those of one field depend on another's."""
    if kind in WRITTEN_OUT:
        return WRITTEN_OUT[kind]
    if kind in BUILT:
        return BUILT[kind]()
    parts = typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        return st.one_of(*map(values_of, parts))
    if typing.get_origin(kind) is Mapping:
        return st.dictionaries(*map(values_of, parts), max_size=2)
    if parts:
        many = st.lists(values_of(parts[0]), max_size=2).map(tuple)
        return many if parts[-1] is ... else st.tuples(*map(values_of, parts))
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    return st.builds(kind, **fields_of(kind))


def fields_of(kind: Any) -> dict[str, Strategy]:
    """All values of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {one.name: values_of(hints[one.name]) for one in fields(kind) if one.init}


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    """An attempt whose ranks each have a place and something seen."""
    parts = fields_of(Attempt)
    seen = draw(parts["seen"])
    gpus = values_of(tuple[str, ...])
    parts["seen"] = st.just(seen)
    parts["places"] = st.tuples(
        *(st.builds(Place, st.just(rank), values_of(str), gpus) for rank in range(len(seen)))
    )
    used_until_ms = st.tuples(*(values_of(int) for _ in seen))
    parts["used_until_ms"] = st.one_of(st.just(()), used_until_ms)
    return draw(st.builds(Attempt, **parts))


def trees() -> Strategy:
    """A tree of some roots."""
    nodes = st.lists(values_of(QuotaNode), max_size=2)
    return nodes.map(lambda found: QuotaTree({node.id: replace(node, parent=None) for node in found}))


SPAN = st.tuples(*[st.integers(-(2**60), 2**60)] * 2).filter(lambda span: span[0] < span[1])


def windows(kind: Any) -> Strategy:
    """A window that is not empty, of some GPUs where it has any."""
    own = fields_of(kind) | {name: st.integers(1, 99) for name in ("gpus", "notice_seconds")}
    parts = {name: strategy for name, strategy in own.items() if name in {one.name for one in fields(kind)}}
    return SPAN.flatmap(
        lambda span: st.builds(kind, **parts | {"from_at": st.just(span[0]), "until_at": st.just(span[1])})
    )


def reserves() -> Strategy:
    """What a park keeps, always or each week."""
    minute, some = st.integers(0, 1439), st.integers(1, 99)
    weekly = st.builds(Weekly, st.just(("mon",)), minute, minute, values_of(str))
    parts = fields_of(StandingReserve) | {"gpus": some, "notice_seconds": some}
    return st.builds(StandingReserve, **parts | {"weekly": st.none() | weekly})


BUILT: dict[Any, Any] = {
    **{kind: partial(windows, kind) for kind in (Maintenance, AdvanceReservation, LocalReserve)},
    StandingReserve: reserves,
    ClassFacts: lambda: st.builds(ClassFacts, st.integers(1, 99), st.integers(1, 99)),
    Attempt: attempts,
    QuotaTree: trees,
    History: lambda: st.builds(
        History, **fields_of(History) | {"runs_max": st.integers(1, 99), "kinds_max": st.integers(1, 99)}
    ),
    Decayed: lambda: st.builds(Decayed, **fields_of(Decayed) | {"half_life_seconds": st.integers(1, 10**6)}),
}

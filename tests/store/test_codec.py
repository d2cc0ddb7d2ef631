"""Every value that is kept as JSON comes back as it was; what cannot be written or read says so."""

import dataclasses
import json
import types
import typing

import orjson
import pytest
from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.attempt import (
    Attempt,
    Lease,
    Running,
    Unknown,
)
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.node import Node
from bostan_scheduler.core.obstacle import StandingReserve
from bostan_scheduler.core.quota import ClassQuota, QuotaNode
from bostan_scheduler.core.snapshot import ClassFacts
from bostan_scheduler.store.codec import UNIONS, decode, encode
from bostan_scheduler.store.errors import CannotKeep, Damaged
from bostan_scheduler.store.kept_windows import Kept
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_story import attempt, job
from values import values_of

KEPT = (Job, Attempt, Node, QuotaNode, Kept, StandingReserve, ClassFacts)


def first_name(kind):
    """A kind's name; a union's first case stands for it."""
    return kind.__name__ if isinstance(kind, type) else typing.get_args(kind)[0].__name__


@pytest.mark.parametrize("kind", [*KEPT, *UNIONS], ids=first_name)
@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_value_comes_back_as_it_was(kind, data):
    value = data.draw(values_of(kind))
    assert decode(kind, encode(value, kind)) == value


def unions_in(kind, met):
    """Every union of classes that a value of this kind may hold, at any depth."""
    parts = [part for part in typing.get_args(kind) if part is not type(None) and part is not ...]
    if isinstance(kind, types.UnionType) and len(parts) > 1:
        yield kind
    if dataclasses.is_dataclass(kind) and kind not in met:
        met.add(kind)
        parts = typing.get_type_hints(kind).values()
    for part in parts:
        yield from unions_in(part, met)


def test_every_union_names_its_cases():
    found = {union for kind in KEPT for union in unions_in(kind, set())}
    assert found == set(UNIONS)


def test_a_union_inside_a_union_names_both_cases():
    phase = Unknown(5, Running(3, Lease(9, 3)))
    text = json.loads(encode(dataclasses.replace(attempt(), phase=phase)))["phase"]
    assert (text["case"], text["before"]["case"]) == ("Unknown", "Running")


def test_a_count_of_gpus_is_a_number():
    assert json.loads(encode(ClassQuota(Gpus(4))))["guaranteed"] == 4


def test_persian_is_written_as_it_is():
    assert "آموزش" in encode(job(name="آموزش"))


@pytest.mark.parametrize(
    "unwritable",
    [
        pytest.param(job(name="half \ud800"), id="half a surrogate pair"),
        pytest.param(job(at=2**64), id="65 bits"),
    ],
)
def test_what_cannot_be_written_down_is_refused(unwritable):
    with pytest.raises(CannotKeep, match="a Job cannot be written down"):
        encode(unwritable)


def body(**changes):
    return orjson.dumps({**json.loads(encode(job())), **changes}).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="cut off"),
        pytest.param("[]", id="something else"),
        pytest.param("{}", id="nothing in it"),
        pytest.param(body(phase={"case": "Asleep", "since": 1}), id="an unknown case"),
        pytest.param(body(phase={"since": 1}), id="no case"),
        pytest.param(body(submitted_at="soon"), id="no number"),
        pytest.param(body(spec=None), id="a part missing"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_damaged(text):
    with pytest.raises(Damaged, match="a stored Job cannot be read"):
        decode(Job, text)


def test_an_older_value_gets_what_was_added_since_and_loses_what_was_dropped():
    older = json.loads(body(mood="good"))
    del older["avoid_nodes"], older["spec"]["retries"]
    assert decode(Job, json.dumps(older)) == job()

"""An anonymous dump names nobody, and the same plan follows from it."""

import json
import typing
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from bostan_scheduler.core.attempt import Stop, StopCause
from bostan_scheduler.core.changes import Change, HoldRound, Intend, Reserve, Start, Unreserve
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.node import Drain
from bostan_scheduler.core.outcome import Cancelled
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.anonymity import Renaming
from bostan_scheduler.decisions.codec import canonical, plain
from bostan_scheduler.decisions.naming import KEYS, NAMES, TEXTS_IN_MAPPINGS
from bostan_scheduler.decisions.planning import decide
from bostan_scheduler.decisions.unions import classes_in
from clusters import clusters
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stories import Story
from worlds import world

SALT = b"a salt of some bytes"


def holds_text(kind: Any) -> bool:
    """Whether values of this kind may be, or directly hold, a text."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return False
    return kind is str or any(holds_text(part) for part in typing.get_args(kind))


def test_every_field_that_can_hold_a_text_says_what_it_names() -> None:
    texts, keys = set(), set()
    for kind in {*classes_in(Snapshot), *classes_in(Start | Intend | HoldRound | Reserve | Unreserve)}:
        hints = typing.get_type_hints(kind)
        for field in fields(kind):
            hint = hints[field.name]
            if typing.get_origin(hint) is Mapping:
                keys.add((kind.__name__, field.name))
            elif holds_text(hint):
                texts.add((kind.__name__, field.name))
    assert sorted(texts - {(kind, name) for kind, names in NAMES.items() for name in names}) == []
    assert sorted(keys - {(kind, name) for kind, names in KEYS.items() for name in names}) == []
    assert keys >= TEXTS_IN_MAPPINGS


@settings(max_examples=30, deadline=None)
@given(clusters(), st.binary(min_size=1, max_size=8))
def test_the_plan_is_the_same_but_for_the_names(snapshot: Snapshot, salt: bytes) -> None:
    renaming = Renaming.of(snapshot, salt)
    hidden = renaming.all_of(snapshot)
    assume(
        sorted(hidden.parks) == [renaming.all_of(snapshot.parks[one]).id for one in sorted(snapshot.parks)]
    )
    before, after = decide(snapshot), decide(hidden)
    assert [plain(one, Change) for one in after.changes] == [
        plain(renaming.all_of(one), Change) for one in before.changes
    ]
    assert after.waiting == before.waiting


def secretive() -> Snapshot:
    """A snapshot with something to hide in every corner."""
    story = Story()
    story.quota("negar", "tabib")
    story.connect("p/gpu-host-1", boot="booted-so")
    story.run("j-first", "negar 2", env=(("KEY", "s3cret"),), command=("s3cret",), work_dir=Blob("beef", 9))
    story.submit("j-second", "tabib 4")
    story.plan()
    snapshot = story.service.snapshot
    (attempt,), (node,) = snapshot.attempts.values(), snapshot.nodes.values()
    stop = Stop(StopCause.PREEMPTED, False, story.now, Cancelled("maryam", "s3cret"), "j-second")
    labels = (("rack", "s3cret-rack"),)
    return replace(
        snapshot,
        attempts={attempt.id: replace(attempt, intent=stop)},
        nodes={
            node.id: replace(
                node, drain=Drain(story.now, "maryam", "s3cret"), labels=labels, problems=("s3cret",)
            )
        },
    )


def test_nobody_is_named() -> None:
    snapshot = secretive()
    hidden = canonical(Renaming.of(snapshot, SALT).all_of(snapshot), Snapshot).decode()
    shown = canonical(snapshot, Snapshot).decode()
    for name in (
        "negar",
        "tabib",
        "gpu-host",
        "j-first",
        "j-second",
        "maryam",
        "s3cret",
        "beef",
        "booted-so",
    ):
        assert name in shown, name
        assert name not in hidden, name
    assert json.loads(hidden)["nodes"].keys() == {"park-1/node-1"}


def test_the_same_name_gets_the_same_pseudonym_everywhere() -> None:
    snapshot = secretive()
    hidden = Renaming.of(snapshot, SALT).all_of(snapshot)
    (attempt,) = hidden.attempts.values()
    first, second = sorted(hidden.jobs)
    assert attempt.id == f"{attempt.job_id}.1"
    assert attempt.job_id == first
    assert attempt.intent == replace(attempt.intent, for_job=second)
    assert attempt.firm == hidden.jobs[first].spec.firm != hidden.jobs[second].spec.firm
    assert attempt.quota_id in hidden.quota.nodes
    assert attempt.places[0].node_id in hidden.nodes


def test_another_salt_gives_firms_other_numbers() -> None:
    snapshot = world("; ".join(f"quota firm{number} 1" for number in range(20)))
    numbered = {tuple(Renaming.of(snapshot, bytes([salt])).all_of(snapshot).firms) for salt in range(1, 4)}
    assert len(numbered) == 3

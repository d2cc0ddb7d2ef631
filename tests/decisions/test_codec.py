"""Every snapshot can be written down and read back; equal ones have equal text and hash, others have not."""

import random
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import orjson
import pytest
from bostan_scheduler.core.job import JobSpec
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import canonical, without_commands
from bostan_scheduler.decisions.document import lines, read
from bostan_scheduler.decisions.hashing import hash_of, hash_of_plain
from bostan_scheduler.errors import BadSnapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from values import values_of
from worlds import world

MANY = settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)


def written(snapshot: Snapshot) -> bytes:
    return b"".join(lines(snapshot, hash_of(snapshot, secrets=True), {"from": "a test"}))


@MANY
@given(values_of(Snapshot))
def test_every_snapshot_comes_back_as_it_was(snapshot: Snapshot) -> None:
    document = read(written(snapshot), "dump.json")
    assert document.snapshot == snapshot
    assert document.sha256 == hash_of(document.snapshot, secrets=True)
    assert written(document.snapshot) == written(snapshot)


@MANY
@given(values_of(Snapshot), st.randoms(use_true_random=False))
def test_the_order_of_mappings_is_not_seen(snapshot: Snapshot, chance: random.Random) -> None:
    assert written(shuffled(snapshot, chance)) == written(snapshot)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The value with every mapping in another order."""
    if isinstance(value, Mapping):
        items = [(key, shuffled(one, chance)) for key, one in value.items()]
        chance.shuffle(items)
        return dict(items)
    if isinstance(value, tuple):
        return tuple(shuffled(one, chance) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{one.name: shuffled(getattr(value, one.name), chance) for one in fields(value)}
        )
    return value


@pytest.mark.parametrize("name", [one.name for one in fields(Snapshot)])
@settings(max_examples=2, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_whatever_is_another_has_another_hash(name: str, data: st.DataObject) -> None:
    one, other = data.draw(values_of(Snapshot)), data.draw(values_of(Snapshot))
    mixed = replace(one, **{name: getattr(other, name)})
    assert (hash_of(mixed, secrets=True) == hash_of(one, secrets=True)) == (mixed == one)


@MANY
@given(values_of(Snapshot))
def test_without_secrets_commands_and_environments_are_not_hashed(snapshot: Snapshot) -> None:
    assert hash_of(snapshot) == hash_of(without_commands(snapshot), secrets=True)


def test_a_number_is_written_alike_whether_whole_or_not() -> None:
    spec = JobSpec("a", "x", None, ("true",), speeds=(("t4", 2),))
    assert canonical(spec, JobSpec) == canonical(replace(spec, speeds=(("t4", 2.0),)), JobSpec)


def test_the_hash_of_some_rows_never_changes() -> None:
    """When this fails, no kept snapshot fits its log any more: then the schema must be another too."""
    fields = {"now": 7, "jobs": {"a": {"id": "a"}, "b": {"id": "b"}}, "nodes": {}}
    assert hash_of_plain(fields) == "ad1686b8fe2c90d22541aad1e269bd153df4ac1375ab01c4a5b523e42765cdb0"


def text(**changes: Any) -> bytes:
    """A document with some fields of its head changed."""
    head = orjson.loads(written(world("node p/a 2; quota x 2; job j1 x 1")))
    return orjson.dumps({**head, **changes})


def changed(**changes: Any) -> bytes:
    """A document with fields of its snapshot changed."""
    head = orjson.loads(text())
    return text(snapshot={**head["snapshot"], **changes})


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        (b"", "dump.json:1: not JSON"),
        (text()[:-40], "is the file cut off?"),
        (b'{"schema":1,\n"about":{},,}', "dump.json:2: not JSON"),
        (b"[]", "not a snapshot"),
        (b"{}", "bostan-scheduler dump"),
        (text(schema=2), "schema: 2; this release reads 1"),
        (text(schema="1"), "schema: '1'; this release reads 1"),
        (text(sha256=None), "sha256: missing"),
        (text(snapshot=[]), "snapshot: missing or of another kind"),
        (text(sha256="0" * 64), "changed since it was written"),
        (changed(now=5), "changed since it was written"),
        (changed(jobs=[]), "its tables cannot be read"),
        (changed(weather="fine"), "the snapshot has weather, which this release does not know"),
    ],
)
def test_a_damaged_document_is_refused_with_the_remedy(damaged: bytes, says: str) -> None:
    with pytest.raises(BadSnapshot, match=r"dump\.json") as refused:
        read(damaged, "dump.json")
    assert says in str(refused.value)


def test_a_field_of_a_newer_release_is_not_passed_over() -> None:
    head = orjson.loads(text())
    head["snapshot"]["jobs"]["j1"]["mood"] = "good"
    with pytest.raises(BadSnapshot, match="a Job has mood, which this release does not know"):
        read(orjson.dumps({**head, "sha256": hash_of_plain(head["snapshot"])}), "dump.json")


def test_what_an_older_release_did_not_have_gets_its_default() -> None:
    snapshot = world("node p/a 2; quota x 2; job j1 x 1")
    head = orjson.loads(written(snapshot))
    del head["snapshot"]["obstacles"], head["snapshot"]["jobs"]["j1"]["spec"]["qos"]
    older = orjson.dumps({**head, "sha256": hash_of_plain(head["snapshot"])})
    assert read(older, "dump.json").snapshot == snapshot

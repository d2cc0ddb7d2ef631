"""The values of a snapshot as canonical JSON text, and back: equal values give equal text."""

from dataclasses import replace
from typing import Any, TypeVar

import orjson
from cattrs import ForbiddenExtraKeysError
from cattrs.preconf.orjson import make_converter

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.job import Job
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.mappings import prepare_mappings
from bostan_scheduler.decisions.unions import unions_in
from bostan_scheduler.errors import BadSnapshot
from bostan_scheduler.store.codec import prepare
from bostan_scheduler.store.errors import CannotKeep

Value = TypeVar("Value")

SCHEMA = 1
"""Of the text. It grows when an older release could read a newer text and take it for something else."""

# The hooks are made from the types, so that a field that is added to the core is in the text at once. A key that is
# not known is refused: who left it out would plan from something else.
_converter = make_converter(detailed_validation=False, forbid_extra_keys=True)
_converter.register_unstructure_hook(
    float, lambda number: number + 0.0
)  # 1 and 1.0 are equal, so is their text
prepare_mappings(_converter)
prepare(_converter, dict.fromkeys((*unions_in(Snapshot), *unions_in(Change))))


def plain(value: object, kind: Any) -> Any:
    """A value of this kind as what JSON can hold."""
    return _converter.unstructure(value, kind)


def text_of(value: Any) -> bytes:
    """The canonical text of what JSON can hold: keys sorted, no spaces.

    Raises:
        CannotKeep: half a surrogate pair in a text, or a number of more than 64 bits.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as exc:
        raise CannotKeep(f"a part of a snapshot cannot be written down: {exc}") from exc


def canonical(value: object, kind: Any) -> bytes:
    """The canonical text of a value of this kind. Raises `CannotKeep`."""
    return text_of(plain(value, kind))


def parsed(value: Any, kind: type[Value], what: str) -> Value:
    """The value of this kind that was read from JSON.

    Raises:
        BadSnapshot: it is not of this kind, or holds a field that this release does not have.
    """
    try:
        return _converter.structure(value, kind)
    except ForbiddenExtraKeysError as exc:
        names = ", ".join(sorted(exc.extra_fields))
        raise BadSnapshot(
            f"{what}: a {exc.cl.__name__} has {names}, which this release does not know; use the release that wrote it"
        ) from exc
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError) as exc:
        raise BadSnapshot(f"{what}: cannot be read: {type(exc).__name__}: {exc}") from exc


def bare_text(job: Job) -> bytes:
    """The canonical text of a job without what only its user should know. Raises `CannotKeep`."""
    value = plain(job, Job)
    value["spec"].update(command=(), env=())
    return text_of(value)


def without_commands(snapshot: Snapshot) -> Snapshot:
    """The snapshot with neither command nor environment of any job: planning looks at neither."""
    return replace(snapshot, jobs={job_id: _bare(job) for job_id, job in snapshot.jobs.items()})


def _bare(job: Job) -> Job:
    return replace(job, spec=replace(job.spec, command=(), env=()))

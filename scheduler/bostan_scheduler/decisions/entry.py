"""An entry of the log: what a plan decided, on which snapshot, and why the rest waits."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from bostan import __version__

from bostan_scheduler.core.attempt import Stop
from bostan_scheduler.core.changes import Change, Intend, Start
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import parsed, plain, text_of
from bostan_scheduler.decisions.planning import order_of
from bostan_scheduler.errors import BadSnapshot


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. `sha256` is of all that the changes say; `left_out` changes are not written, only hashed."""

    at: Instant
    epoch: int
    snapshot: str
    order: str
    changes: tuple[Change, ...]
    sha256: str
    waiting: Mapping[str, int]
    plan_milliseconds: float
    left_out: int = 0
    release: str = __version__


def entry_of(
    snapshot: Snapshot,
    sha256: str,
    changes: Sequence[Change],
    waiting: Iterable[tuple[str, int]],
    seconds: float,
) -> Entry:
    """What is to be written of a plan. Only the time and the settings of the snapshot are looked at."""
    return Entry(
        at=snapshot.now,
        epoch=snapshot.epoch,
        snapshot=sha256,
        order=order_of(snapshot.settings),
        changes=tuple(changes),
        sha256=hash_of_changes(changes),
        waiting=dict(sorted((str(reason), count) for reason, count in waiting)),
        plan_milliseconds=round(seconds * 1000, 3),
    )


def hash_of_changes(changes: Sequence[Change]) -> str:
    """Of every bit that they decide."""
    return hashlib.sha256(text_of([plain(one, Change) for one in changes])).hexdigest()


def line_of(entry: Entry, bytes_max: int) -> bytes:
    """The entry as a line of JSON; without its changes where it would be too long. Raises `CannotKeep`."""
    line = _line(entry, entry.changes)
    return line if len(line) <= bytes_max else _line(entry, ())


def _line(entry: Entry, changes: Sequence[Change]) -> bytes:
    fields = {name: getattr(entry, name) for name in Entry.__slots__}
    fields["changes"] = [plain(one, Change) for one in changes]
    fields["left_out"] = entry.left_out + len(entry.changes) - len(changes)
    return text_of(fields) + b"\n"


def entry_from(line: bytes, where: str) -> Entry:
    """The entry of a line; `where` is what errors call it.

    Raises:
        BadSnapshot: it is not such a line.
    """
    try:
        return parsed(orjson.loads(line), Entry, where)
    except orjson.JSONDecodeError as exc:
        raise BadSnapshot(f"{where}: not JSON: {exc.msg}; the line is damaged") from exc


def sentences(changes: Sequence[Change]) -> Iterator[str]:
    """The changes for people, one a line, in order."""
    for change in changes:
        match change:
            case Start(attempt):
                places = ", ".join(
                    f"{place.node_id} [{' '.join(place.gpus)}]" if place.gpus else place.node_id
                    for place in attempt.places
                )
                yield f"start {attempt.id} of {attempt.firm} on {attempt.gpu_class or 'no GPU'}: {places}"
            case Intend(attempt_id, Stop(cause, for_job=for_job)):
                yield f"stop {attempt_id}: {cause}" + (f", for {for_job}" if for_job is not None else "")
            case _:
                yield f"{type(change).__name__.lower()} {text_of(plain(change, Change)).decode()}"

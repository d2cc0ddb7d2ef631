"""`bostan-scheduler dump`: what the centre would plan from now, read from its store, whether it runs or not.

What was is known only where it was kept: the store holds no rows of before, so an earlier time is answered by the log.
"""

import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bostan import __version__
from bostan.cli.words import local_time_exact

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.anonymity import Renaming
from bostan_scheduler.decisions.codec import without_commands
from bostan_scheduler.decisions.document import lines
from bostan_scheduler.decisions.hashing import hash_of
from bostan_scheduler.decisions.history import entries_with_snapshots
from bostan_scheduler.decisions.kept import FOLDER, read_kept
from bostan_scheduler.decisions.snapshot_file import write_file
from bostan_scheduler.errors import BadSnapshot
from bostan_scheduler.service.ports import LeadershipLost
from bostan_scheduler.settings import CentreSettings
from bostan_scheduler.store import open_store

TRIES = 3
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be in a dump: what is now, or by an instant `by` that is past. Raises `BadSnapshot` where it does not fit."""

    now: Instant
    by: Instant | None = None
    commands: bool = False
    anonymous: bool = False

    def __post_init__(self) -> None:
        if self.commands and self.anonymous:
            raise BadSnapshot("--with-commands names what --anonymise hides; leave one of them out")
        if self.by is not None and self.by > self.now:
            raise BadSnapshot(
                f"--at: {local_time_exact(self.by)} has not come; give an earlier time, or leave it out for now"
            )
        if self.by is not None and self.commands:
            raise BadSnapshot("--with-commands: kept snapshots hold no commands; leave it or --at out")


@dataclass(frozen=True, slots=True)
class Dumped:
    """What was written."""

    at: Instant
    jobs: int
    nodes: int
    sha256: str


def dump(settings: CentreSettings, wanted: Wanted, file: Path | None) -> Dumped:
    """Write a snapshot to a file, or to standard output. Nothing is changed in the store.

    Raises:
        BadSnapshot: no centre ever ran on the store, none was kept by then, or the file cannot be written.
        BadDecisionLog: there is no log that could have kept one.
        StoreError: the store cannot be read.
    """
    snapshot = _shown(_found(settings, wanted), wanted)
    sha256 = hash_of(snapshot, secrets=True)
    text = lines(snapshot, sha256, _about(wanted))
    if file is None:
        sys.stdout.buffer.writelines(text)
        sys.stdout.buffer.flush()
    else:
        _write(file, text)
    return Dumped(snapshot.now, len(snapshot.jobs), len(snapshot.nodes), sha256)


def _found(settings: CentreSettings, wanted: Wanted) -> Snapshot:
    if wanted.by is None:
        return _read(settings, wanted.now)
    return _kept_by(settings.data_dir / "decisions", wanted.by)


def _kept_by(log: Path, by: Instant) -> Snapshot:
    """The newest snapshot that was kept by then."""
    oldest = None
    for entry in entries_with_snapshots(log):
        if entry.at <= by:
            return read_kept(log / FOLDER, entry.snapshot).snapshot
        oldest = entry.at
    since = f"the oldest is of {local_time_exact(oldest)}" if oldest is not None else "there is none at all"
    raise BadSnapshot(
        f"{log}: no decision by {local_time_exact(by)} has its snapshot, {since}; give a later time, "
        "or leave --at out; decision_snapshot_every and decision_snapshots_max say how many are kept"
    )


def _read(settings: CentreSettings, at: Instant) -> Snapshot:
    store = open_store(settings.store_url, settings.store_settings(), migrate=False)
    try:
        for _ in range(TRIES):
            epoch = store.epoch()
            if epoch == 0:
                raise BadSnapshot(f"no centre has ever run on {settings.store_url}; correct --data-dir")
            try:
                return store.load(epoch, settings.core_settings(), at)
            except LeadershipLost:  # another leader took over between the two questions
                continue
    finally:
        store.close()
    raise BadSnapshot("the leader changed again and again while the store was read; see the centre's logs")


def _shown(snapshot: Snapshot, wanted: Wanted) -> Snapshot:
    if wanted.anonymous:
        return Renaming.of(snapshot, secrets.token_bytes(SALT_BYTES)).all_of(snapshot)
    return snapshot if wanted.commands else without_commands(snapshot)


def _about(wanted: Wanted) -> dict[str, str]:
    return {
        "from": "the store" if wanted.by is None else "the log of decisions",
        "release": __version__,
        "commands": "kept" if wanted.commands else "left out",
        "names": "pseudonyms" if wanted.anonymous else "real",
    }


def _write(file: Path, text: Iterator[bytes]) -> None:
    try:
        write_file(file, text)
    except OSError as exc:
        raise BadSnapshot(f"{file}: cannot be written: {exc.strerror}; name another file with -o") from exc

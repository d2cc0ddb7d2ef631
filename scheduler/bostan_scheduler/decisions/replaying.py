"""Planning again: from a snapshot, and from each decision of a log that has its snapshot, to see whether it is the same."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bostan_scheduler.core.changes import Change
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.codec import plain, text_of
from bostan_scheduler.decisions.entry import Entry, entry_of
from bostan_scheduler.decisions.history import entries
from bostan_scheduler.decisions.kept import FOLDER, read_kept, snapshot_path
from bostan_scheduler.decisions.planning import decide


@dataclass(frozen=True, slots=True)
class Compared:
    """A decision of a log: whether its snapshot was kept, and the lines that differ; none: the same bit for bit."""

    entry: Entry
    kept: bool
    differences: tuple[str, ...] = ()


def replay(snapshot: Snapshot, sha256: str) -> Entry:
    """What planning gives now on a snapshot with this hash."""
    decided = decide(snapshot)
    return entry_of(snapshot, sha256, decided.changes, decided.waiting.items(), 0.0)


def compared(folder: Path, since: Instant) -> Iterator[Compared]:
    """Each decision of a log from an instant on, planned again where its snapshot was kept.

    Raises:
        BadDecisionLog: there is no log.
        BadSnapshot: a line or a snapshot is damaged, or of another release.
    """
    for entry in entries(folder, since):
        kept = snapshot_path(folder / FOLDER, entry.snapshot).exists()
        yield _compared(entry, folder / FOLDER) if kept else Compared(entry, kept=False)


def _compared(entry: Entry, folder: Path) -> Compared:
    document = read_kept(folder, entry.snapshot)
    again = replay(document.snapshot, document.sha256)
    return Compared(entry, kept=True, differences=tuple(differences(entry, again)))


def differences(before: Entry, now: Entry) -> Iterator[str]:
    """What two decisions on one snapshot do not have in common, as lines of a diff."""
    if before.left_out:
        now = replace(now, changes=(), left_out=len(now.changes))
    told = difflib.unified_diff(_told(before), _told(now), "logged", "now", lineterm="", n=0)
    return (line for line in told if not line.startswith("@@"))


def _told(entry: Entry) -> Sequence[str]:
    """All that was decided. Why others wait is told anew only now and then where many wait, so it is not compared."""
    facts = {
        "at": entry.at,
        "epoch": entry.epoch,
        "order": entry.order,
        "changes left out": entry.left_out,
        "hash of the changes": entry.sha256,
    }
    changes = (text_of(plain(one, Change)).decode() for one in entry.changes)
    return [*(f"{name}: {fact}" for name, fact in facts.items()), *changes]

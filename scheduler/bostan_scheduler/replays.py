"""`bostan-scheduler replay`: what planning gives now, for a snapshot in a file or for every decision of a log."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bostan_scheduler.core.changes import Change, Intend, Start
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.decisions.codec import plain
from bostan_scheduler.decisions.entry import Entry, sentences
from bostan_scheduler.decisions.hashing import hash_of
from bostan_scheduler.decisions.planning import in_order
from bostan_scheduler.decisions.replaying import Compared, compared, replay
from bostan_scheduler.decisions.snapshot_file import read_file
from bostan_scheduler.errors import BadDecisionLog

Say = Callable[[str], None]


def replay_file(file: Path, order: str | None) -> Entry:
    """Plan from a dump or a kept snapshot, in its own order or another. Raises `BadSnapshot`."""
    document = read_file(file)
    if order is None:
        return replay(document.snapshot, document.sha256)
    changed = in_order(document.snapshot, order)
    return replay(changed, hash_of(changed, secrets=True))


def as_json(entry: Entry) -> dict[str, Any]:
    """A plan for programs: as the log has it, without what only a leader knows."""
    return {
        "at": entry.at,
        "epoch": entry.epoch,
        "snapshot": entry.snapshot,
        "order": entry.order,
        "changes": [plain(one, Change) for one in entry.changes],
        "sha256": entry.sha256,
        "waiting": dict(entry.waiting),
    }


def as_lines(entry: Entry) -> list[str]:
    """A plan for people."""
    idle = not any(isinstance(one, Start | Intend) for one in entry.changes)
    return [
        f"snapshot {entry.snapshot[:12]} at {entry.at}, order {entry.order}",
        *sentences(entry.changes),
        *(("nothing starts or stops",) if idle else ()),
        *(f"{count} wait: {reason}" for reason, count in entry.waiting.items()),
    ]


def replay_log(folder: Path, since: Instant, say: Say) -> bool:
    """Plan every kept decision again and say which differ; whether none does.

    Raises:
        BadDecisionLog: there is no log, or none of its decisions has its snapshot.
        BadSnapshot: a line or a snapshot is damaged.
    """
    counts = {"same": 0, "differs": 0, "without": 0}
    for one in compared(folder, since):
        counts[_outcome(one)] += 1
        for line in _report(one):
            say(line)
    say(_sum(counts))
    if not counts["same"] + counts["differs"]:
        raise BadDecisionLog(
            f"{folder}: no decision has its snapshot; set decision_snapshot_every, or begin with an earlier --since"
        )
    return not counts["differs"]


def _outcome(one: Compared) -> str:
    if not one.kept:
        return "without"
    return "differs" if one.differences else "same"


def _report(one: Compared) -> list[str]:
    if not one.differences:
        return []
    entry = one.entry
    head = f"{entry.at}: planning gives something else now (logged by {entry.release}, snapshot {entry.snapshot})"
    return [head, *(f"  {line}" for line in one.differences)]


def _sum(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['same']} decisions are the same bit for bit, {counts['differs']} differ, "
        f"{counts['without']} have no snapshot"
    )

"""Who holds how much: GPUs per quota leaf and class, counted from the attempts themselves."""

from collections import Counter

from bostan_scheduler.core.snapshot import Snapshot

Usage = Counter[tuple[str, str]]
"""GPUs held, by (quota id, GPU class)."""


def usage_of(snapshot: Snapshot) -> Usage:
    """GPUs that attempts hold, by the leaf that they count against."""
    usage: Usage = Counter()
    for attempt in snapshot.attempts.values():
        if attempt.holds and attempt.gpu_class is not None:
            usage[attempt.quota_id, attempt.gpu_class] += attempt.gpus
    return usage

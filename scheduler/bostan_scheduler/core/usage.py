"""Who holds how much: GPUs per quota leaf and class, counted from the attempts themselves."""

from bostan_scheduler.core.quota_ledger import Usage
from bostan_scheduler.core.snapshot import Snapshot


def usage_of(snapshot: Snapshot) -> Usage:
    """GPUs that attempts hold, by the leaf that they count against."""
    usage, tree = Usage(), snapshot.quota
    for attempt in snapshot.attempts.values():
        if attempt.holds and attempt.gpu_class is not None:
            heir = tree.heir(attempt.quota_id, attempt.firm, attempt.project, snapshot.now)
            usage[heir.id if heir is not None else attempt.quota_id, attempt.gpu_class] += attempt.gpus
    return usage

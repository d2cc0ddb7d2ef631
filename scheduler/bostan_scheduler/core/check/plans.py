"""What must hold of a plan, against the snapshot that it was drawn up for."""

from collections.abc import Iterable

from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.changes import Change, Reserve, Start
from bostan_scheduler.core.check.kept import check_kept, leaves_alone_what_is_kept
from bostan_scheduler.core.check.quotas import most_of, taken_by_node
from bostan_scheduler.core.check.starts import check_start, fits_beside_others
from bostan_scheduler.core.check.windows import leaves_windows_alone
from bostan_scheduler.core.snapshot import Snapshot


def check_plan(snapshot: Snapshot, changes: Iterable[Change]) -> None:
    """Assert that what starts may, where it does, and that what is kept can be.

    Only what a plan starts is judged: what ran before may stand in the way of a window that was announced since.
    """
    changes = tuple(changes)
    starts = [one for one in changes if isinstance(one, Start)]
    if starts:
        _check_starts(snapshot, changes, starts)
    if starts or snapshot.reserved or any(isinstance(one, Reserve) for one in changes):
        check_kept(apply_all(snapshot, changes), [one for one in changes if isinstance(one, Reserve)])


def _check_starts(snapshot: Snapshot, changes: tuple[Change, ...], starts: list[Start]) -> None:
    after = apply_all(snapshot, starts)
    attempts = [one.attempt for one in starts]
    for attempt in attempts:
        check_start(snapshot, attempt)
    fits_beside_others(after, attempts)
    _within_quotas(snapshot, after)
    leaves_windows_alone(after, attempts)
    leaves_alone_what_is_kept(after, changes, attempts)


def _within_quotas(before: Snapshot, after: Snapshot) -> None:
    """Wherever more is taken than before, it is no more than may be."""
    was = taken_by_node(before)
    for (quota_id, gpu_class), taken in taken_by_node(after).items():
        most = most_of(after, after.quota.nodes[quota_id], gpu_class)
        assert taken <= max(most, was.get((quota_id, gpu_class), 0)), (
            f"starts take {taken} {gpu_class} under {quota_id}, which may have {most}"
        )

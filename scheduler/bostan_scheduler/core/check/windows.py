"""Windows that are known when something starts: it does not run into them, as far as time limits tell."""

from collections.abc import Iterable, Sequence

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.check.standing import gpus_held, usable_on
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import JobSpec
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve, Maintenance, Obstacle
from bostan_scheduler.core.snapshot import Snapshot

Part = AdvanceReservation | LocalReserve


def leaves_windows_alone(snapshot: Snapshot, started: Sequence[Attempt]) -> None:
    """Assert that what has started now stands in no maintenance, and leaves each park what it keeps of a class."""
    if snapshot.obstacles:
        for attempt in started:
            _stands_in_no_maintenance(snapshot, attempt)
        for park, gpu_class in {(one.park, one.gpu_class) for one in started if one.gpu_class is not None}:
            _leaves_what_is_kept(snapshot, park, gpu_class, started)


def _bars(snapshot: Snapshot, window: Obstacle, attempt: Attempt) -> bool:
    """Whether a job must not start so that it would run in this window; one that saves itself is asked to go in time."""
    spec = snapshot.jobs[attempt.job_id].spec
    if window.until_at <= snapshot.now or window.from_at >= _over_by(snapshot, attempt):
        return False
    if isinstance(window, AdvanceReservation) and window.firm == spec.firm:
        return False
    if isinstance(window, LocalReserve) and _is_back_in_time(window, spec):
        return False
    worth = after(snapshot.now, snapshot.settings.preemption.min_run_seconds + spec.stop_seconds)
    return not (spec.checkpoint_on_signal and window.from_at >= worth)


def _over_by(snapshot: Snapshot, attempt: Attempt) -> Instant:
    """When nothing of a job that starts now is left: it may start late, reach its limit, and take its graces to stop."""
    settings, spec = snapshot.settings, snapshot.jobs[attempt.job_id].spec
    late = settings.start_within_seconds + spec.stop_seconds + settings.lease_margin_seconds
    return after(snapshot.now, late + attempt.time_limit_seconds)


def _is_back_in_time(reserve: LocalReserve, spec: JobSpec) -> bool:
    """Whether what it has of a reserve that is lent is back within the notice."""
    lent = reserve.lend_when_idle and spec.checkpoint_on_signal
    return lent and spec.stop_seconds <= reserve.notice_seconds


def _stands_in_no_maintenance(snapshot: Snapshot, attempt: Attempt) -> None:
    windows = [one for one in _of_park(snapshot, attempt.park) if isinstance(one, Maintenance)]
    for window in windows:
        closed = [node_id for node_id in attempt.node_ids if _closes(snapshot, window, node_id)]
        assert not closed or not _bars(snapshot, window, attempt), (
            f"{attempt.id} starts on {closed}, and runs into {window.id}"
        )


def _of_park(snapshot: Snapshot, park: str) -> list[Obstacle]:
    return [one for one in snapshot.obstacles.values() if one.park == park and one.until_at > snapshot.now]


def _closes(snapshot: Snapshot, window: Maintenance, node_id: str) -> bool:
    gpus = snapshot.nodes[node_id].gpus
    classes = {found for gpu in gpus if gpu.usable and (found := snapshot.gpu_class(gpu)) is not None}
    return window.closes(node_id, classes)


def _leaves_what_is_kept(snapshot: Snapshot, park: str, gpu_class: str, started: Iterable[Attempt]) -> None:
    """At each instant at which a window begins, or now: who starts, and what the windows keep from them, have room."""
    windows = [
        one for one in _of_park(snapshot, park) if isinstance(one, Part) and one.gpu_class == gpu_class
    ]
    here = [one for one in started if (one.park, one.gpu_class) == (park, gpu_class)]
    barring = {
        one.id: frozenset(window.id for window in windows if _bars(snapshot, window, one)) for one in here
    }
    for at in {max(snapshot.now, window.from_at) for window in windows}:
        there = [one for one in windows if one.from_at <= at < one.until_at]
        for attempt in here:
            bars = [window for window in there if window.id in barring[attempt.id]]
            if (
                bars
                and _over_by(snapshot, attempt) > at
                and _asks_for_no_more_than_there_is(snapshot, windows, bars, at)
            ):
                ids = {window.id for window in bars}
                beside = [one for one in here if barring[one.id] >= ids and _over_by(snapshot, one) > at]
                _have_room(snapshot, bars, beside, at)


def _asks_for_no_more_than_there_is(
    snapshot: Snapshot, windows: Iterable[Part], bars: Sequence[Part], at: Instant
) -> bool:
    """Whether all that is kept in the time of some windows can be: else it is not said who goes short."""
    asked = sum(
        window.gpus
        for window in windows
        if any(window.from_at < one.until_at and one.from_at < window.until_at for one in bars)
    )
    return asked <= _open_at(snapshot, bars[0].park, bars[0].gpu_class, at)


def _have_room(snapshot: Snapshot, windows: Sequence[Part], started: Sequence[Attempt], at: Instant) -> None:
    """What its firm holds of a window is part of what is kept; a GPU that was shared before is not taken anew."""
    park, gpu_class, ids = windows[0].park, windows[0].gpu_class, {one.id for one in started}
    before = (one for one in snapshot.attempts.values() if one.holds and one.id not in ids)
    new, kept = gpus_held(started) - gpus_held(before), sum(window.gpus for window in windows)
    has = _open_at(snapshot, park, gpu_class, at)
    assert len(new) + kept <= has, (
        f"{sorted(ids)} start on {len(new)} {gpu_class} of {park}, which keeps {kept} of {has} for "
        f"{sorted(window.id for window in windows)}"
    )


def _open_at(snapshot: Snapshot, park: str, gpu_class: str, at: Instant) -> int:
    """The GPUs of a class of a park on nodes that are not away then."""
    away = [
        one
        for one in _of_park(snapshot, park)
        if isinstance(one, Maintenance) and one.from_at <= at < one.until_at
    ]
    return sum(
        len(usable_on(snapshot, node.id, gpu_class))
        for node in snapshot.nodes.values()
        if node.park == park and not any(_closes(snapshot, one, node.id) for one in away)
    )

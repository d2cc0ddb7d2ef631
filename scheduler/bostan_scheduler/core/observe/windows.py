"""What follows when a window is announced or called off while the centre runs, or comes with the quota files."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bostan_scheduler.core.changes import AddObstacle, Change, Refusal, RemoveObstacle
from bostan_scheduler.core.obstacle import AdvanceReservation, Announced, LocalReserve, Maintenance, Obstacle
from bostan_scheduler.core.reports import MaintenanceWithdrawn, ReservationWithdrawn, WindowAnnounced
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.core.windows import of_files

Observed = tuple[Change, ...] | Refusal

NOBODY = ""


def on_window_announced(snapshot: Snapshot, report: WindowAnnounced) -> Observed:
    """Keep the GPUs from then to then; announced windows of the park that are over are forgotten on the way."""
    window = replace(report.window, announced_by=report.by, announced_at=snapshot.now)
    refusal = _place(snapshot, window) or _time(snapshot, window)
    if refusal is not None:
        return refusal
    if window.id in snapshot.obstacles:
        return Refusal("conflict", f"there is a window {window.id} already", "give it another id")
    others = [one for one in snapshot.obstacles.values() if one.park == window.park]
    too_many = _too_many(snapshot, [*others, window])
    if too_many is not None:
        return too_many
    over = (one for one in others if one.until_at <= snapshot.now and not of_files(one))
    return (*(RemoveObstacle(one.id, NOBODY) for one in over), AddObstacle(window))


def _time(snapshot: Snapshot, window: Announced) -> Refusal | None:
    if window.until_at <= snapshot.now:
        return Refusal("invalid", "until_at: the window is over", "let it end in the future")
    return None


def _place(snapshot: Snapshot, window: Announced) -> Refusal | None:
    if window.park not in snapshot.parks:
        return Refusal("not-found", f"there is no park {window.park}", "see `bostan parks`")
    match window:
        case Maintenance(node_ids=node_ids):
            unknown = [one for one in node_ids if one not in snapshot.nodes]
            if unknown:
                return Refusal("invalid", f"nodes: there is no node {unknown[0]}", "see `bostan nodes`")
        case AdvanceReservation(firm=firm) if firm not in snapshot.firms:
            return Refusal("invalid", f"firm: there is no firm {firm}", "see `bostan quotas show`")
        case AdvanceReservation():
            return _beyond(snapshot, window)
    return None


def _beyond(snapshot: Snapshot, window: AdvanceReservation) -> Refusal | None:
    """Whether all that is reserved or kept at once would be more than the park has, of what it has told by now."""
    has = _gpus(snapshot, window.park, window.gpu_class)
    peak = _peak(snapshot, window)
    if peak <= has:
        return None
    detail = f"gpus: {peak} {window.gpu_class} would be kept at once; {window.park} has {has}"
    return Refusal("invalid", detail, "reserve fewer, or at another time")


def _gpus(snapshot: Snapshot, park: str, gpu_class: str) -> int:
    nodes = (node for node in snapshot.nodes.values() if node.park == park)
    return sum(snapshot.gpu_class(gpu) == gpu_class for node in nodes for gpu in node.gpus)


def _peak(snapshot: Snapshot, window: AdvanceReservation) -> int:
    """The most that is reserved or kept at a moment of the window, with it."""
    beside = [
        one
        for one in snapshot.obstacles.values()
        if not isinstance(one, Maintenance)
        and (one.park, one.gpu_class) == (window.park, window.gpu_class)
        and one.from_at < window.until_at
        and window.from_at < one.until_at
    ]
    begins = {max(one.from_at, window.from_at) for one in beside} | {window.from_at}
    sums = (sum(one.gpus for one in beside if one.from_at <= at < one.until_at) for at in begins)
    return max(sums) + window.gpus


def _too_many(snapshot: Snapshot, windows: Iterable[Obstacle]) -> Refusal | None:
    """A park may have so many windows that are not over; what it keeps for its own is not counted."""
    most = snapshot.settings.park_windows_max
    ahead = (one for one in windows if not isinstance(one, LocalReserve) and one.until_at > snapshot.now)
    for park, count in sorted(Counter(one.park for one in ahead).items()):
        if count > most:
            detail = f"{park} would have {count} windows that are not over; {most} are allowed"
            return Refusal("limit", detail, "call some off, or wait until some are over")
    return None


def refusal_of_files(snapshot: Snapshot, obstacles: Mapping[str, Announced]) -> Refusal | None:
    """Why the windows of quota files cannot stand beside those that were announced."""
    announced = {one.id: one for one in snapshot.obstacles.values() if not of_files(one)}
    both = sorted(announced.keys() & obstacles.keys())
    if both:
        detail = f"{both[0]} was announced by {_by(announced[both[0]])} while the centre runs"
        return Refusal("conflict", detail, "call it off first, or use another id in the files")
    return _too_many(snapshot, [*announced.values(), *obstacles.values()])


def _by(window: Obstacle) -> str:
    return "nobody" if isinstance(window, LocalReserve) else window.announced_by


def on_maintenance_withdrawn(snapshot: Snapshot, report: MaintenanceWithdrawn) -> Observed:
    """Call a maintenance window of the park off, begun or not."""
    window = snapshot.obstacles.get(report.window_id)
    if not isinstance(window, Maintenance) or window.park != report.park:
        detail = f"{report.park} has no maintenance window {report.window_id}"
        return Refusal("not-found", detail, f"see `bostan park maintenance list {report.park}`")
    return _withdrawn(window, report.by)


def on_reservation_withdrawn(snapshot: Snapshot, report: ReservationWithdrawn) -> Observed:
    """Give an advance reservation up."""
    window = snapshot.obstacles.get(report.window_id)
    if not isinstance(window, AdvanceReservation):
        detail = f"there is no reservation {report.window_id}"
        return Refusal("not-found", detail, "see `bostan reservations list`")
    return _withdrawn(window, report.by)


def _withdrawn(window: Announced, by: str) -> Observed:
    if of_files(window):
        detail = f"{window.id} stands in the quota files"
        return Refusal("conflict", detail, "remove it there, and apply them with `bostan quotas apply`")
    return (RemoveObstacle(window.id, by),)

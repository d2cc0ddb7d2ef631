"""What becomes of the obstacles of a snapshot: windows that are announced and called off, and quota files that change."""

from dataclasses import replace
from typing import assert_never

from bostan_scheduler.core.changes import AddObstacle, Foresee, Pin, RemoveObstacle, SetQuotas
from bostan_scheduler.core.obstacle import LocalReserve, Obstacle
from bostan_scheduler.core.snapshot import Snapshot

WindowChange = SetQuotas | AddObstacle | RemoveObstacle | Foresee | Pin


def with_windows(snapshot: Snapshot, change: WindowChange) -> Snapshot:
    """The snapshot with the change carried out; what is there no more is pinned to no nodes."""
    changed = _changed(snapshot, change)
    pins = {one: pins for one, pins in changed.pins.items() if one in changed.obstacles}
    return replace(changed, pins=pins) if len(pins) < len(changed.pins) else changed


def _changed(snapshot: Snapshot, change: WindowChange) -> Snapshot:
    obstacles = dict(snapshot.obstacles)
    match change:
        case Pin(pins):
            assert pins.obstacle_id in obstacles, f"{pins.obstacle_id} is not known"
            return replace(snapshot, pins={**snapshot.pins, pins.obstacle_id: pins})
        case SetQuotas():
            return _with_files(snapshot, change)
        case AddObstacle(obstacle):
            assert obstacle.id not in obstacles, f"{obstacle.id} is known already"
            obstacles[obstacle.id] = obstacle
            return replace(snapshot, obstacles=obstacles)
        case RemoveObstacle(obstacle_id):
            assert not of_files(obstacles[obstacle_id]), f"{obstacle_id} is removed in the quota files"
            del obstacles[obstacle_id]
            return replace(snapshot, obstacles=obstacles)
        case Foresee(reserves, at):
            kept = {one.id: one for one in obstacles.values() if not isinstance(one, LocalReserve)}
            return _foreseen(snapshot, kept | {one.id: one for one in reserves}, at)
        case _:
            assert_never(change)


def _foreseen(snapshot: Snapshot, obstacles: dict[str, Obstacle], at: int) -> Snapshot:
    """Nobody who looks whether there are other obstacles need look again when there are none."""
    same = obstacles == snapshot.obstacles
    return replace(snapshot, foreseen_at=at, obstacles=snapshot.obstacles if same else obstacles)


def _with_files(snapshot: Snapshot, change: SetQuotas) -> Snapshot:
    """The snapshot with what the quota files say; what was announced while the centre runs stays."""
    announced = {one.id: one for one in snapshot.obstacles.values() if not of_files(one)}
    assert not announced.keys() & change.obstacles.keys(), "an id stands for one window"
    return replace(
        snapshot,
        quota=change.tree,
        firms=change.firms,
        parks={**snapshot.parks, **change.parks},
        class_of_device=change.class_of_device,
        classes=change.classes,
        obstacles=announced | dict(change.obstacles),
        reserves=change.reserves,
        foreseen_at=None,
    )


def of_files(obstacle: Obstacle) -> bool:
    """Whether it stands in the quota files, or follows from them."""
    return isinstance(obstacle, LocalReserve) or not obstacle.announced_by

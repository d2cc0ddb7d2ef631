"""Windows and local reserves, between the contract and the core."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

from bostan import api

from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.core.obstacle import (
    AdvanceReservation,
    Announced,
    LocalReserve,
    Maintenance,
    Obstacle,
    StandingReserve,
    Weekly,
)
from bostan_scheduler.service.foresight import EVER, times_ahead


def declared(document: api.QuotaDocument) -> dict[str, Announced]:
    """The windows of a quota document, by id."""
    found: dict[str, Announced] = {
        one.id: Maintenance(
            one.id,
            one.park,
            node_ids(one.park, one.nodes),
            one.from_at,
            one.until_at,
            one.gpu_classes,
            one.reason,
            one.announced_at,
        )
        for one in document.maintenance
    }
    for one in document.reservations:
        found[one.id] = AdvanceReservation(
            one.id, one.park, one.firm, one.gpu_class, one.gpus, one.from_at, one.until_at
        )
    return found


def node_ids(park: str, names: Iterable[str]) -> tuple[str, ...]:
    """Ids of a park's nodes."""
    return tuple(f"{park}/{name}" for name in names)


def standing(reserves: Sequence[api.LocalReserve]) -> dict[str, StandingReserve]:
    """What parks keep for their own tenants; the ids are numbers after the park's, and can be nobody else's."""
    found = {}
    for number, one in enumerate(reserves, 1):
        reserve_id = f"{one.park}@{number}"
        found[reserve_id] = StandingReserve(
            reserve_id,
            one.park,
            one.gpu_class,
            one.gpus,
            one.lend_when_idle,
            one.notice_seconds,
            _weekly(one.when),
        )
    return found


def _weekly(when: api.Weekly | None) -> Weekly | None:
    if when is None:
        return None
    return Weekly(when.days, when.from_minute, when.until_minute, when.timezone)


def maintenance_model(window: Maintenance) -> api.Maintenance:
    """A maintenance window."""
    return api.Maintenance(
        id=window.id,
        park=window.park,
        nodes=_names(window.node_ids),
        gpu_classes=window.gpu_classes,
        from_at=window.from_at,
        until_at=window.until_at,
        reason=window.reason,
        announced_at=window.announced_at,
        announced_by=window.announced_by or None,
    )


def reservation_model(window: AdvanceReservation) -> api.Reservation:
    """An advance reservation."""
    return api.Reservation(
        id=window.id,
        park=window.park,
        firm=window.firm,
        gpu_class=window.gpu_class,
        gpus=window.gpus,
        from_at=window.from_at,
        until_at=window.until_at,
        announced_at=window.announced_at,
        announced_by=window.announced_by or None,
    )


def _names(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.partition("/")[2] for one in ids)


def declared_maintenance(windows: Iterable[Announced]) -> Iterator[api.DeclaredMaintenance]:
    """Those of the quota files, as a document has them."""
    for one in windows:
        if isinstance(one, Maintenance) and not one.announced_by:
            yield api.DeclaredMaintenance(
                id=one.id,
                park=one.park,
                nodes=_names(one.node_ids),
                gpu_classes=one.gpu_classes,
                from_at=one.from_at,
                until_at=one.until_at,
                announced_at=one.announced_at,
                reason=one.reason,
            )


def declared_reservations(windows: Iterable[Announced]) -> Iterator[api.DeclaredReservation]:
    """Those of the quota files, as a document has them."""
    for one in windows:
        if isinstance(one, AdvanceReservation) and not one.announced_by:
            yield api.DeclaredReservation(
                id=one.id,
                park=one.park,
                firm=one.firm,
                gpu_class=one.gpu_class,
                gpus=one.gpus,
                from_at=one.from_at,
                until_at=one.until_at,
            )


def local_reserves(reserves: Iterable[StandingReserve]) -> Iterator[api.LocalReserve]:
    """What parks keep for their own tenants, as a document has it."""
    for one in sorted(reserves, key=lambda one: int(one.id.rpartition("@")[2])):
        yield api.LocalReserve(
            park=one.park,
            gpu_class=one.gpu_class,
            gpus=one.gpus,
            lend_when_idle=one.lend_when_idle,
            notice_seconds=one.notice_seconds,
            when=one.weekly and _weekly_model(one.weekly),
        )


def _weekly_model(weekly: Weekly) -> api.Weekly:
    return api.Weekly.model_validate(
        {
            "days": weekly.days,
            "from_minute": weekly.from_minute,
            "until_minute": weekly.until_minute,
            "timezone": weekly.zone,
        }
    )


def ahead(
    windows: Iterable[Announced], reserves: Iterable[StandingReserve], now: Instant, days: int
) -> list[Obstacle]:
    """What is not over and begins within so many days, soonest first."""
    end = now + days * DAY_MILLISECONDS
    near = (one for one in windows if now < one.until_at and one.from_at < end)
    return sorted([*near, *times_ahead(reserves, now, days)], key=lambda one: (one.from_at, one.id))


def window_model(obstacle: Obstacle, firms: tuple[str, ...] | None) -> api.Window:
    """A window, for somebody who sees these firms; None: all."""
    until_at = None if obstacle.until_at >= EVER else obstacle.until_at
    span: dict[str, Any] = {"id": obstacle.id, "from_at": obstacle.from_at, "until_at": until_at}
    match obstacle:
        case Maintenance(node_ids=ids, gpu_classes=classes, reason=reason):
            kind = api.WindowKind.MAINTENANCE
            return api.Window(kind=kind, **span, nodes=_names(ids), gpu_classes=classes, reason=reason)
        case AdvanceReservation(firm=firm, gpu_class=gpu_class, gpus=gpus):
            told = firm if firms is None or firm in firms else None
            kind = api.WindowKind.RESERVATION
            return api.Window(kind=kind, **span, gpu_classes=(gpu_class,), gpus=gpus, firm=told)
        case LocalReserve(gpu_class=gpu_class, gpus=gpus, lend_when_idle=lent):
            kind = api.WindowKind.LOCAL_RESERVE
            return api.Window(kind=kind, **span, gpu_classes=(gpu_class,), gpus=gpus, lend_when_idle=lent)
        case _:
            assert_never(obstacle)

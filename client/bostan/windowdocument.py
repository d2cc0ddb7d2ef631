"""The windows of the quota files as the centre is sent them: pools become GPU classes, times of day know their zone."""

from __future__ import annotations

from collections.abc import Iterator

from bostan.api import DeclaredMaintenance, DeclaredReservation, LocalReserve, Weekly
from bostan.checked import checked
from bostan.quotas import QuotaFiles
from bostan.quotas.windows import When


def maintenance(files: QuotaFiles) -> Iterator[DeclaredMaintenance]:
    """All maintenance windows."""
    for park, each in files.parks.items():
        for window in each.maintenance:
            announced = window.announced_at_unix_seconds
            yield checked(
                DeclaredMaintenance,
                id=window.id,
                park=park,
                nodes=window.nodes,
                gpu_classes=tuple(dict.fromkeys(each.pools[pool].gpu_class for pool in window.pools)),
                from_at=window.from_unix_seconds * 1000,
                until_at=window.until_unix_seconds * 1000,
                announced_at=None if announced is None else announced * 1000,
                reason=window.reason or "",
            )


def reservations(files: QuotaFiles) -> Iterator[DeclaredReservation]:
    """All advance reservations."""
    for one in files.reservations:
        yield checked(
            DeclaredReservation,
            id=one.id,
            park=one.park,
            firm=one.firm,
            gpu_class=one.gpu_class,
            gpus=one.gpus,
            from_at=one.from_unix_seconds * 1000,
            until_at=one.until_unix_seconds * 1000,
        )


def local_reserves(files: QuotaFiles) -> Iterator[LocalReserve]:
    """What the parks keep for their own tenants."""
    for park, each in files.parks.items():
        for one in each.local_reserve:
            yield checked(
                LocalReserve,
                park=park,
                gpu_class=one.gpu_class,
                gpus=one.gpus,
                lend_when_idle=one.lend_when_idle,
                notice_seconds=one.notice_seconds,
                when=_weekly(one.when, files.meta.timezone),
            )


def _weekly(when: When | None, timezone: str) -> Weekly | None:
    if when is None:
        return None
    return checked(
        Weekly,
        days=when.days,
        from_minute=when.from_minute,
        until_minute=when.until_minute,
        timezone=timezone,
    )

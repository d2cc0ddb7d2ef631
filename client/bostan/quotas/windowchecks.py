"""What must hold between windows, parks and firms: known names, and no more kept than a park has, at every date."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from bostan.quotas.instants import instant_text
from bostan.quotas.model import Park, QuotaFiles
from bostan.quotas.names import unknown
from bostan.quotas.windows import LocalReserve, Maintenance, Reservation
from bostan.strictmodel import Finding
from bostan.weekly import occurrences
from bostan.yamlfile import FieldPath

_DAY: Final = 86_400
# Whatever comes back each week shows itself in one, and in some hours more where the clocks are set.
_A_WEEK: Final = 8 * _DAY
_SOME_WEEK: Final = (1_767_225_600, 1_767_225_600 + _A_WEEK)


def window_findings(files: QuotaFiles) -> Iterator[Finding]:
    """Names that nothing has, and ids that stand twice."""
    yield from _repeated(files)
    for park, each in files.parks.items():
        for at, window in enumerate(each.maintenance):
            yield from _maintenance(("parks", park, "maintenance", at), each, window)
        for at, reserve in enumerate(each.local_reserve):
            yield from _offered(("parks", park, "local_reserve", at), park, each, reserve.gpu_class)
    for at, reservation in enumerate(files.reservations):
        yield from _reservation(("reservations", at), files, reservation)


def _repeated(files: QuotaFiles) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for at, name in _ids(files):
        place = ".".join(str(step) for step in at)
        if first.setdefault(name, place) != place:
            yield Finding(
                (*at, "id"), f"{name} stands twice (first in {first[name]})", "give each its own id"
            )


def _ids(files: QuotaFiles) -> Iterator[tuple[FieldPath, str]]:
    for park, each in files.parks.items():
        for at, window in enumerate(each.maintenance):
            yield ("parks", park, "maintenance", at), window.id
    for at, reservation in enumerate(files.reservations):
        yield ("reservations", at), reservation.id


def _maintenance(at: FieldPath, park: Park, window: Maintenance) -> Iterator[Finding]:
    for place, pool in enumerate(window.pools):
        if pool not in park.pools:
            yield Finding((*at, "pools", place), *unknown("pool", pool, park.pools))
            return
    named = {park.pools[pool].gpu_class for pool in window.pools}
    for pool, row in park.pools.items():
        if row.gpu_class in named and pool not in window.pools:
            problem = f"leaves out {pool}, whose nodes cannot be told apart: they are {row.gpu_class} too"
            yield Finding((*at, "pools"), problem, f"name {pool} as well, or name `nodes:` instead")


def _offered(at: FieldPath, name: str, park: Park, gpu_class: str) -> Iterator[Finding]:
    classes = {pool.gpu_class for pool in park.pools.values()}
    if gpu_class not in classes:
        problem = f"{name} has no pool of {gpu_class}"
        yield Finding((*at, "gpu_class"), problem, f"it has {', '.join(sorted(classes))}")


def _reservation(at: FieldPath, files: QuotaFiles, one: Reservation) -> Iterator[Finding]:
    if one.firm not in files.firms:
        yield Finding((*at, "firm"), *unknown("firm", one.firm, files.firms))
    if one.park not in files.parks:
        yield Finding((*at, "park"), *unknown("park", one.park, files.parks))
    else:
        yield from _offered(at, one.park, files.parks[one.park], one.gpu_class)


def kept_beyond_parks(files: QuotaFiles) -> Iterator[Finding]:
    """One finding for each park and class of which more is kept at some time than the pools have."""
    zone = ZoneInfo(files.meta.timezone)
    for park, each in files.parks.items():
        for gpu_class in sorted({pool.gpu_class for pool in each.pools.values()}):
            own = [one for one in each.local_reserve if one.gpu_class == gpu_class]
            booked = [
                (at, one)
                for at, one in enumerate(files.reservations)
                if (one.park, one.gpu_class) == (park, gpu_class)
            ]
            has = capacity(each, gpu_class)
            if (peak := most_kept(own, zone, _SOME_WEEK)) > has:
                last = max(at for at, one in enumerate(each.local_reserve) if one.gpu_class == gpu_class)
                problem = f"{peak} are kept at once; the pools of {park} have {has} {gpu_class}"
                yield Finding(("parks", park, "local_reserve", last, "gpus"), problem, "keep fewer")
            else:
                yield from _overbooked(booked, own, has, zone)


def _overbooked(
    booked: Sequence[tuple[int, Reservation]], own: Sequence[LocalReserve], has: int, zone: ZoneInfo
) -> Iterator[Finding]:
    """The first time at which reservations and what the park keeps are more than it has."""
    borders = sorted({at for _, one in booked for at in (one.from_unix_seconds, one.until_unix_seconds)})
    for begin, end in itertools.pairwise(borders):
        open_ = [(at, one) for at, one in booked if one.from_unix_seconds <= begin < one.until_unix_seconds]
        reserved = sum(one.gpus for _, one in open_)
        kept = most_kept(own, zone, (begin, min(end, begin + _A_WEEK))) if open_ else 0
        if reserved + kept > has:
            at, last = open_[-1]
            beside = f", and {kept} kept for its own," if kept else ""
            when = instant_text(begin, zone)
            problem = f"{reserved} {last.gpu_class} are reserved{beside} from {when}; {last.park} has {has}"
            yield Finding(("reservations", at, "gpus"), problem, "reserve fewer, or at another time")
            return


def capacity(park: Park, gpu_class: str) -> int:
    """What the pools of a park have of a class."""
    return sum(pool.nodes * pool.gpus_per_node for pool in park.pools.values() if pool.gpu_class == gpu_class)


def most_kept(own: Sequence[LocalReserve], zone: ZoneInfo, span: tuple[int, int] = _SOME_WEEK) -> int:
    """The most GPUs that are the park's own at one moment of the span, or of any week."""
    always = sum(one.gpus for one in own if one.when is None)
    steps: list[tuple[int, int]] = []
    for one in own:
        if one.when is not None:
            when = one.when
            for begin, end in occurrences(when.days, when.from_minute, when.until_minute, zone, span):
                steps += [(begin, one.gpus), (end, -one.gpus)]
    most = now = 0
    for _, change in sorted(steps):  # what ends at a moment counts before what begins at it
        now += change
        most = max(most, now)
    return always + most

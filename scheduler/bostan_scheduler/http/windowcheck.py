"""What must hold of the windows in a quota document: known parks and firms, ids of their own, times that are there."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bostan import api

from bostan_scheduler.http.problems import Problem, invalid

INSTANT_MAX = 2**53

Declared = api.DeclaredMaintenance | api.DeclaredReservation


def window_problems(document: api.QuotaDocument) -> Iterator[Problem]:
    """Each contradiction, with its field."""
    yield from _repeated(document)
    parks, firms = {park.id for park in document.parks}, {firm.id for firm in document.firms}
    for kind, windows in _lists(document):
        for place, one in enumerate(windows):
            yield from _window(f"{kind}.{place}", one, parks, firms)
    for place, reserve in enumerate(document.local_reserves):
        yield from _reserve(f"local_reserves.{place}", reserve, parks)


def _lists(document: api.QuotaDocument) -> tuple[tuple[str, Sequence[Declared]], ...]:
    return (("maintenance", document.maintenance), ("reservations", document.reservations))


def _repeated(document: api.QuotaDocument) -> Iterator[Problem]:
    seen: set[str] = set()
    for kind, windows in _lists(document):
        for place, one in enumerate(windows):
            if one.id in seen:
                yield invalid(f"{kind}.{place}.id", f"{kind}: {one.id} stands twice", "give each its own id")
            seen.add(one.id)


def _window(at: str, one: Declared, parks: set[str], firms: set[str]) -> Iterator[Problem]:
    if one.park not in parks:
        yield unknown_park(f"{at}.park", one.park)
    if isinstance(one, api.DeclaredReservation) and one.firm not in firms:
        detail = f"firm: there is no firm {one.firm}"
        yield invalid(f"{at}.firm", detail, "add it under firms, or correct the name")
    if not 0 <= one.from_at < one.until_at <= INSTANT_MAX:
        yield invalid(f"{at}.until_at", f"until_at: {one.id} is empty", "let it end after it begins")


def _reserve(at: str, one: api.LocalReserve, parks: set[str]) -> Iterator[Problem]:
    if one.park not in parks:
        yield unknown_park(f"{at}.park", one.park)
    if one.when is None:
        return
    if one.when.from_minute == one.when.until_minute:
        yield invalid(f"{at}.when.until_minute", "until_minute: is the same as from_minute", "correct one")
    if not _is_zone(one.when.timezone):
        detail = "timezone: is not an IANA time zone"
        yield invalid(f"{at}.when.timezone", detail, "write one, as Asia/Tehran")


def unknown_park(field: str, park: str) -> Problem:
    """A park that the document lacks."""
    return invalid(field, f"park: there is no park {park}", "add it under parks, or correct the name")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True

"""The windows of the parks that lie ahead, as read now."""

from collections import defaultdict

from bostan import api

from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.translate.windows import ahead, window_model


def windows_by_park(parts: HttpParts, firms: tuple[str, ...] | None) -> dict[str, tuple[api.Window, ...]]:
    """The next windows of each park that has any, for somebody who sees these firms. Blocking."""
    limits, found = parts.limits, defaultdict[str, list[api.Window]](list)
    windows, reserves = parts.reader.windows().values(), parts.reader.reserves().values()
    for obstacle in ahead(windows, reserves, parts.clock(), limits.windows_ahead_days):
        if len(found[obstacle.park]) < limits.windows_shown_max:
            found[obstacle.park].append(window_model(obstacle, firms))
    return {park: tuple(shown) for park, shown in found.items()}

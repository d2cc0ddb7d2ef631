"""Time as the core sees it: handed in, counted in whole milliseconds."""

Instant = int
"""A UTC instant in milliseconds since 1970-01-01T00:00Z."""

DAY_SECONDS = 86_400
DAY_MILLISECONDS = 1000 * DAY_SECONDS


def after(instant: Instant, seconds: int) -> Instant:
    """The instant `seconds` later (earlier when negative)."""
    return instant + seconds * 1000


def seconds_between(earlier: Instant, later: Instant) -> int:
    """Whole seconds from `earlier` to `later`, never negative."""
    return max(0, later - earlier) // 1000

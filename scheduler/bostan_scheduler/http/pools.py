"""The nodes' GPUs with who holds them, as read now."""

from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.translate.parks import Pool, holders


def pool_of(parts: HttpParts) -> Pool:
    """Who holds which GPU, and what each device counts as. Blocking."""
    reader = parts.reader
    return Pool(holders(reader.active_attempts()), reader.class_of_device(), parts.telemetry)

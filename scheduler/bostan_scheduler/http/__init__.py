"""The REST interface: requests become questions to the store and wishes to the leader, values become answers."""

from bostan_scheduler.http.app import create_app
from bostan_scheduler.http.parts import HttpLimits, HttpParts

__all__ = ["HttpLimits", "HttpParts", "create_app"]

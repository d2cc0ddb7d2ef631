"""One REST front: its parts, and what it keeps in memory between requests."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request

from bostan_scheduler.http.auth import Doorkeeper
from bostan_scheduler.http.followers import Followers
from bostan_scheduler.http.grounds import Grounds
from bostan_scheduler.http.ids import JobIds
from bostan_scheduler.http.metrics import Metrics
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.throttle import Failures


@dataclass(frozen=True, slots=True)
class Front:
    """What rooms work with."""

    parts: HttpParts
    doorkeeper: Doorkeeper
    grounds: Grounds
    followers: Followers
    ids: JobIds
    metrics: Metrics

    @classmethod
    def of(cls, parts: HttpParts) -> Self:
        """A front that has just been opened."""
        limits = parts.limits
        followers = Followers(limits)
        return cls(
            parts,
            Doorkeeper(parts, Failures(limits.failures_per_minute, limits.addresses_max)),
            Grounds(parts),
            followers,
            JobIds(),
            Metrics(parts, followers),
        )


async def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


Here = Annotated[Front, Depends(_front)]

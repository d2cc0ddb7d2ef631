"""Whose rank it is: an agent may bring logs and files only of ranks that its park was given."""

import asyncio

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.rpc.errors import NotAllowed
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.remembered import Remembered
from bostan_scheduler.service.ports import Reader

Parks = tuple[str, ...]


class Ownership:
    """The parks of attempts' ranks, as the store knows them."""

    def __init__(self, reader: Reader, limits: LinkLimits) -> None:
        self._reader = reader
        self._parks: Remembered[str, Parks] = Remembered(limits.token_seconds, limits.remembered_max)

    async def is_given(self, park: str, attempt_id: str, rank: int) -> bool:
        """Whether the park was given this rank; False when the centre knows no such attempt.

        Raises:
            NotAllowed: the attempt is another park's, or has no such rank.
        """
        parks = await self._parks.get(attempt_id, self._look_up)
        if parks is None:
            return False
        if rank >= len(parks) or parks[rank] != park:
            raise NotAllowed(f"rank {rank} of attempt {attempt_id} was not given to {park}")
        return True

    async def _look_up(self, attempt_id: str) -> Parks | None:
        attempt = await asyncio.to_thread(self._reader.attempt, attempt_id)
        return _parks_of(attempt) if attempt is not None else None


def _parks_of(attempt: Attempt) -> Parks:
    return tuple(place.node_id.partition("/")[0] for place in attempt.places)

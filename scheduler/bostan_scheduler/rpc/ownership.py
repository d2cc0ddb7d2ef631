"""Whose rank it is: an agent may bring logs and files only of ranks that its node was given."""

import asyncio

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.rpc.errors import NotAllowed
from bostan_scheduler.rpc.gate import Guest
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.remembered import Remembered
from bostan_scheduler.service.ports import Reader

NodeIds = tuple[str, ...]


class Ownership:
    """The nodes of attempts' ranks, as the store knows them."""

    def __init__(self, reader: Reader, limits: LinkLimits) -> None:
        self._reader = reader
        self._nodes: Remembered[str, NodeIds] = Remembered(limits.token_seconds, limits.remembered_max)

    async def is_given(self, guest: Guest, attempt_id: str, rank: int) -> bool:
        """Whether the caller was given this rank; False when the centre knows no such attempt.

        Raises:
            NotAllowed: the rank is another node's, or there is no such rank.
        """
        nodes = await self._nodes.get(attempt_id, self._look_up)
        if nodes is None:
            return False
        if rank >= len(nodes) or not guest.is_at(nodes[rank]):
            raise NotAllowed(f"rank {rank} of attempt {attempt_id} was not given to {guest.name}")
        return True

    async def _look_up(self, attempt_id: str) -> NodeIds | None:
        attempt = await asyncio.to_thread(self._reader.attempt, attempt_id)
        return _nodes_of(attempt) if attempt is not None else None


def _nodes_of(attempt: Attempt) -> NodeIds:
    return tuple(place.node_id for place in attempt.places)

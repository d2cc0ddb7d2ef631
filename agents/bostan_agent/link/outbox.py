"""What waits to be written to a session: bounded, in order; what is only worth something fresh is left out."""

import asyncio

from bostan_protos.v1.agent_link_pb2 import AgentMessage


class Outbox:
    """A bounded queue before the one writer."""

    def __init__(self, messages_max: int) -> None:
        self._queue: asyncio.Queue[AgentMessage] = asyncio.Queue(messages_max)

    async def put(self, message: AgentMessage) -> None:
        """Queue a message that must be sent, waiting for room."""
        await self._queue.put(message)

    def offer(self, message: AgentMessage) -> bool:
        """Queue a message that is stale soon, if there is room. Returns whether there was."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True

    async def take(self) -> AgentMessage:
        """The next message to write."""
        return await self._queue.get()

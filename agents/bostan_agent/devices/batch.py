"""Questions asked while one is being answered are joined into the next: many exits at once cost two rounds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

Answer = Mapping[str, frozenset[int]]


class Batch:
    """Asks `answer` for the union of what the callers want, never twice at once.

    A caller's answer is always drawn up after its call began.
    """

    def __init__(self, answer: Callable[[frozenset[str]], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._wanted: set[str] = set()
        self._next: asyncio.Task[Answer] | None = None
        self._turn = asyncio.Lock()

    async def ask(self, uuids: Iterable[str]) -> Answer:
        """The pids of each of `uuids`; names that the answer leaves out are left out here too."""
        mine = frozenset(uuids)
        self._wanted |= mine
        if self._next is None:
            self._next = asyncio.create_task(self._round())
        answer = await asyncio.shield(self._next)
        return {uuid: answer[uuid] for uuid in mine if uuid in answer}

    async def _round(self) -> Answer:
        async with self._turn:
            wanted = frozenset(self._wanted)
            self._wanted, self._next = set(), None
            return await self._answer(wanted)

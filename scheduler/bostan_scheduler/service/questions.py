"""Questions that take the leader a while: few may wait, and answering them takes at most a share of its time."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bostan_scheduler.service.messages import AskWhy, Reply
from bostan_scheduler.service.ports import LeaderUnavailable


@dataclass(slots=True)
class Questions:
    """Answered one at a time, in order. After each, none is answered for `gap_per_second` times as long as it took."""

    waiting_max: int
    gap_per_second: float
    _waiting: deque[tuple[AskWhy, asyncio.Future[Reply]]] = field(default_factory=deque)
    _next: float = 0.0

    def add(self, asked: AskWhy) -> asyncio.Future[Reply]:
        """Its answer, once it has come. Raises `LeaderUnavailable` when too many wait."""
        if len(self._waiting) >= self.waiting_max:
            raise LeaderUnavailable("too many ask why jobs wait")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        return future

    def seconds_left(self) -> float:
        """Until the next may be answered; none waits: for ever."""
        return max(0.0, self._next - time.monotonic()) if self._waiting else float("inf")

    def answer_one(self, answer: Callable[[AskWhy], Reply]) -> None:
        """Answer the next that somebody still waits for, when it is time for it."""
        while self._waiting and self.seconds_left() == 0:
            asked, future = self._waiting.popleft()
            if not future.done():
                self._settle(future, asked, answer)
                return

    def _settle(
        self, future: asyncio.Future[Reply], asked: AskWhy, answer: Callable[[AskWhy], Reply]
    ) -> None:
        began = time.monotonic()
        try:
            future.set_result(answer(asked))
        except BaseException as error:
            future.set_exception(LeaderUnavailable(f"the leader could not answer: {error}"))
            raise
        ended = time.monotonic()
        self._next = ended + (ended - began) * self.gap_per_second

    def fail(self, error: LeaderUnavailable) -> None:
        """Nobody is answered any more."""
        while self._waiting:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(error)

"""When a stream looks at the store again: when this front hears news, at the latest after some time, never too often."""

import asyncio
import time
from dataclasses import dataclass, field

from bostan_scheduler.http.front import Front


@dataclass(slots=True)
class Pulse:
    """The rhythm of one stream."""

    front: Front
    _seen: int = 0
    _looked_at: float = 0.0
    _sent_at: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """The store is read now: whatever this front has heard of so far will be found there."""
        self._seen = self.front.parts.signal.up_to
        self._looked_at = time.monotonic()

    def look_is_due(self) -> bool:
        """Whether there may be something new in the store."""
        fresh = self.front.parts.signal.up_to > self._seen
        return fresh or time.monotonic() - self._looked_at >= self.front.parts.limits.poll_seconds

    def look_again(self) -> None:
        """A look is due at once."""
        self._looked_at = 0.0

    def sent(self) -> None:
        """Something went out."""
        self._sent_at = time.monotonic()

    def beat_is_due(self) -> bool:
        """Whether nothing went out for so long that the reader must be told that the line is alive."""
        if time.monotonic() - self._sent_at < self.front.parts.limits.heartbeat_seconds:
            return False
        self.sent()
        return True

    async def news(self) -> None:
        """Rest a little, then wait until a look is due or a heartbeat."""
        await self._rest()
        await self.front.parts.signal.wait_beyond(self._seen, self.patience_seconds)

    async def news_or_growth(self, attempt_id: str, rank: int, offset: int) -> None:
        """The same, or until a log goes on."""
        await self._rest()
        seconds = self.patience_seconds
        logs, signal = self.front.parts.files.logs, self.front.parts.signal
        growth = asyncio.create_task(logs.wait_for_more(attempt_id, rank, offset, seconds))
        news = asyncio.create_task(signal.wait_beyond(self._seen, seconds))
        try:
            await asyncio.wait({growth, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            growth.cancel()
            news.cancel()
            await asyncio.gather(growth, news, return_exceptions=True)

    @property
    def patience_seconds(self) -> float:
        """How long to wait at most."""
        limits = self.front.parts.limits
        return min(limits.poll_seconds, limits.heartbeat_seconds)

    async def _rest(self) -> None:
        pause = self._looked_at + self.front.followers.pause_seconds - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)

"""How many streams are open: a bounded number for each token, and for all."""

from collections import Counter
from collections.abc import AsyncGenerator

from bostan_scheduler.http.parts import HttpLimits
from bostan_scheduler.http.problems import Problem, retry_after

_WAIT_SECONDS = 10
_SHORTEST_PAUSE_SECONDS = 0.02
_LOOKS_PER_SECOND_MAX = 1000


class Followers:
    """Counts the open streams, and says how often each may look so that all together stay within reason."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    @property
    def pause_seconds(self) -> float:
        """How long a stream rests between two looks at the store, however much happens."""
        return max(_SHORTEST_PAUSE_SECONDS, len(self) / _LOOKS_PER_SECOND_MAX)

    def counted(self, token_id: str, events: AsyncGenerator[bytes]) -> "Counted":
        """The same events, counted from now until they end. Raises Problem when too many streams are open."""
        limits = self._limits
        if self._open[token_id] >= limits.followers_per_token_max or len(self) >= limits.followers_max:
            remedy = "close one of them, then try again"
            detail = f"{self._open[token_id]} streams are open with this token, {len(self)} in all"
            raise Problem(429, detail, remedy, headers=retry_after(_WAIT_SECONDS))
        self._open[token_id] += 1
        return Counted(self, token_id, events)

    def closed(self, token_id: str) -> None:
        """One stream has ended."""
        self._open[token_id] -= 1
        if self._open[token_id] <= 0:
            del self._open[token_id]


class Counted:
    """A stream that is counted off exactly once, also when nobody has read from it."""

    def __init__(self, followers: Followers, token_id: str, events: AsyncGenerator[bytes]) -> None:
        self._followers, self._token_id, self._events = followers, token_id, events
        self._open = True

    def __aiter__(self) -> "Counted":
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._events)

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._followers.closed(self._token_id)
        await self._events.aclose()

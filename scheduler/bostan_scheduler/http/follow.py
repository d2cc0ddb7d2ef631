"""A rank's log as it grows, from attempt to attempt, until its job has finished and all of it has come."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt, Ended, RankAccepted, RankExited, RankOffered, RankReleased
from bostan_scheduler.core.draft import attempt_id
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Finished, Job
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.front import Front
from bostan_scheduler.http.sse import HEARTBEAT, json_event
from bostan_scheduler.http.translate.jobs import state_of
from bostan_scheduler.http.translate.outcomes import exit_code
from bostan_scheduler.http.waiting import Pulse

_PIECE_BYTES = 64 * 1024


@dataclass(slots=True)
class LogFollower:
    """How far a reader has come. `number` is 0 while the job has no attempt."""

    front: Front
    job: Job
    rank: int
    number: int
    offset: int
    attempt: Attempt | None = None
    complete: bool = False
    pulse: Pulse = field(init=False)

    def __post_init__(self) -> None:
        self.pulse = Pulse(self.front)

    async def events(self) -> AsyncGenerator[bytes]:
        """Server-sent events to the end of the job. The store is looked at before the log: so nothing is missed."""
        while True:
            if self.pulse.look_is_due():
                await self._look()
            while (piece := self._grown()) is not None:
                yield piece
                self.pulse.sent()
            if not self._is_whole():
                pass
            elif self.number < self.job.attempts:
                yield self._next_attempt()
                continue
            elif isinstance(self.job.phase, Finished):
                yield self._end(self.job.phase)
                return
            if self.pulse.beat_is_due():
                yield HEARTBEAT
            await self._wait()

    async def _look(self) -> None:
        self.pulse.look()
        reader = self.front.parts.reader
        found = await from_store(reader.job, self.job.id)
        self.job = found or self.job
        self.number = self.number or self.job.attempts
        if self.number:
            self.attempt = await from_store(reader.attempt, attempt_id(self.job.id, self.number))

    def _grown(self) -> bytes | None:
        """The next piece of what there is more of."""
        if not self.number or self.complete:
            return None
        logs = self.front.parts.files.logs
        found = logs.read(attempt_id(self.job.id, self.number), self.rank, self.offset, _PIECE_BYTES)
        self.complete, self.offset = found.complete, found.next_offset
        if not found.data:
            return None
        text64 = base64.b64encode(found.data).decode()
        return json_event("data", attempt=self.number, rank=self.rank, offset=found.offset, text64=text64)

    def _is_whole(self) -> bool:
        if not self.number:
            return isinstance(self.job.phase, Finished)
        parts = self.front.parts
        patience = parts.limits.log_end_seconds
        return self.complete or is_whole(self.attempt, self.rank, self.offset, parts.clock(), patience)

    def _next_attempt(self) -> bytes:
        self.number, self.offset, self.complete, self.attempt = self.number + 1, 0, False, None
        self.pulse.look_again()
        return json_event("attempt", number=self.number)

    def _end(self, finished: Finished) -> bytes:
        code = exit_code(finished.outcome)
        return json_event("end", state=state_of(self.job, self.attempt), exit_code=code)

    async def _wait(self) -> None:
        if self.number and not self.complete:
            key = attempt_id(self.job.id, self.number)
            await self.pulse.news_or_growth(key, self.rank, self.offset)
        else:
            await self.pulse.news()


def is_whole(attempt: Attempt | None, rank: int, offset: int, now: Instant, patience_seconds: float) -> bool:
    """Whether nothing more is to be expected after `offset` of a rank's log whose end was not told.

    The agents push logs beside the news of an exit, so the last bytes of a node that is away are waited for, a while.
    """
    if attempt is None:
        return False
    match attempt.seen[rank], attempt.phase:
        case RankExited(log_bytes=length), _ if offset >= length:
            return True
        case RankOffered() | RankAccepted() | RankReleased(), Ended():
            return True
        case _, Ended(at=at):
            return now - at >= patience_seconds * 1000
        case _:
            return False

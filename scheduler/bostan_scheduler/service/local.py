"""A leader in this process: batches what is asked, steps at its own pace, and sends outboxes round."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.service.clock import wall_ms
from bostan_scheduler.service.messages import AskWhy, Outbox, Reply, Request
from bostan_scheduler.service.ports import LeaderUnavailable
from bostan_scheduler.service.questions import Questions
from bostan_scheduler.service.writer import Service

Clock = Callable[[], Instant]

TURNS = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to plan, and to answer questions that take a while: at once when idle, and under load so that each takes at most a share of the time."""

    tick_seconds: float = 1.0
    plan_gap_seconds_max: float = 0.5
    gap_per_plan_second: float = 4.0
    batch_max: int = 1000
    waiting_max: int = 20_000
    outboxes_max: int = 10_000
    questions_max: int = 32
    gap_per_question_second: float = 4.0


@dataclass(slots=True)
class LocalLeader:
    """Implements `Leader` over a `Service`. `run` must be running for anything to be answered."""

    service: Service
    clock: Clock = wall_ms
    pace: Pace = field(default_factory=Pace)
    _waiting: list[tuple[Request, asyncio.Future[Reply]]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _subscribers: set[asyncio.Queue[Outbox | None]] = field(default_factory=set)
    _questions: Questions = field(init=False)
    _next_plan: float = 0.0
    _ended: bool = False

    def __post_init__(self) -> None:
        self._questions = Questions(self.pace.questions_max, self.pace.gap_per_question_second)

    async def ask(self, request: Request) -> Reply:
        """Queue a request for the next step, or a question until there is time for it, and wait for its answer."""
        self._require_alive()
        if isinstance(request, AskWhy) and request.in_full:
            answer = self._questions.add(request)
            self._news.set()
            return await answer
        if len(self._waiting) >= self.pace.waiting_max:
            raise LeaderUnavailable("the leader's queue is full; try again")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self._news.set()
        return await future

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Outbox]]:
        """Everything that goes out from now on; ends when the leader ends or when the reader is too slow."""
        self._require_alive()
        queue: asyncio.Queue[Outbox | None] = asyncio.Queue(self.pace.outboxes_max)
        self._subscribers.add(queue)
        try:
            yield _until_none(queue)
        finally:
            self._subscribers.discard(queue)

    async def run(self) -> None:
        """Step until cancelled, or until the store says no: then nothing more is answered, unless it is run again."""
        self._ended = False
        try:
            while True:
                await self._wait()
                self._take_in()
                if self._plan_is_due():
                    await _let_answers_out()
                    self._plan()
                self._questions.answer_one(self.service.why)
        finally:
            self._end()

    async def _wait(self) -> None:
        """Until something is asked, a plan that is owed or a question is due, or a tick has passed."""
        delay = self._next_plan - time.monotonic() if self.service.replans else self.pace.tick_seconds
        delay = min(delay, self._questions.seconds_left())
        try:
            async with asyncio.timeout(max(delay, 0)):
                await self._news.wait()
        except TimeoutError:
            pass

    def _take_in(self) -> None:
        self._news.clear()
        batch, self._waiting = self._waiting[: self.pace.batch_max], self._waiting[self.pace.batch_max :]
        if self._waiting:
            self._news.set()
        if not batch:
            return
        try:
            step = self.service.intake(self.clock(), [request for request, _ in batch])
        except BaseException as error:
            _fail(batch, error)
            raise
        self._send(step.outbox)
        for (_, future), reply in zip(batch, step.replies, strict=True):
            if not future.done():
                future.set_result(reply)

    def _plan_is_due(self) -> bool:
        now = time.monotonic()
        owed = self.service.replans and now >= self._next_plan
        return owed or now >= self._next_plan + self.pace.tick_seconds

    def _plan(self) -> None:
        began = time.monotonic()
        self._send(self.service.plan(self.clock()).outbox)
        ended = time.monotonic()
        gap = (ended - began) * self.pace.gap_per_plan_second
        self._next_plan = ended + min(gap, self.pace.plan_gap_seconds_max)

    def _send(self, outbox: Outbox) -> None:
        if not outbox:
            return
        for queue in tuple(self._subscribers):
            if queue.full():
                self._drop(queue)
            else:
                queue.put_nowait(outbox)

    def _drop(self, queue: asyncio.Queue[Outbox | None]) -> None:
        """A reader that does not keep up starts anew: it opens its sessions again and misses nothing."""
        self._subscribers.discard(queue)
        queue.get_nowait()
        queue.put_nowait(None)

    def _require_alive(self) -> None:
        if self._ended:
            raise LeaderUnavailable("the leader has ended")

    def _end(self) -> None:
        self._ended = True
        _fail(self._waiting, LeaderUnavailable("the leader has ended"))
        self._waiting = []
        self._questions.fail(LeaderUnavailable("the leader has ended"))
        for queue in self._subscribers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)


async def _let_answers_out() -> None:
    """What was answered passes through a few tasks on its way out, and none of them is to wait for a plan."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _until_none(queue: asyncio.Queue[Outbox | None]) -> AsyncIterator[Outbox]:
    while (outbox := await queue.get()) is not None:
        yield outbox


def _fail(batch: list[tuple[Request, asyncio.Future[Reply]]], error: BaseException) -> None:
    for _, future in batch:
        if not future.done():
            unavailable = LeaderUnavailable(f"the leader could not take the request in: {error}")
            future.set_exception(unavailable)

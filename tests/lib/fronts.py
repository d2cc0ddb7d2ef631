"""A REST front over a story: its people with their tokens, requests by whoever asks, and streams on a real port."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from bostan_scheduler.files import Files
from bostan_scheduler.http import HttpLimits, HttpParts, create_app
from bostan_scheduler.service.messages import Reply, Request
from bostan_scheduler.service.ports import LeaderUnavailable
from bostan_scheduler.service.tokens import mint
from stories import Story
from worlds import EVER

PEOPLE: dict[str, dict[str, str]] = {
    "admin": {"role": "admin"},
    "auditor": {"role": "auditor"},
    "operator": {"role": "operator", "park": "p"},
    "owner": {"role": "firm-owner", "firm": "acme"},
    "member": {"role": "member", "firm": "acme"},
    "bound": {"role": "member", "firm": "acme", "project": "vision"},
    "rival": {"role": "firm-owner", "firm": "zeta"},
}
"""Everybody that a story of REST knows, by what they are."""


def document(**changes: Any) -> dict[str, Any]:
    """A quota document over two parks and two firms."""
    leaves = [
        {"id": firm, "firm": firm, "from_at": 0, "until_at": EVER, "gpus": {"a100": {"guaranteed": 8}}}
        for firm in ("acme", "zeta")
    ]
    firms = [{"id": "acme", "projects": ["vision", "speech"]}, {"id": "zeta", "name": "Zeta"}]
    return {"parks": [{"id": "p"}, {"id": "q"}], "firms": firms, "quotas": leaves} | changes


def job(**changes: Any) -> dict[str, Any]:
    """A request for a job of acme."""
    return {"name": "train", "firm": "acme", "command": ["python", "train.py"]} | changes


@dataclass
class StoryLeader:
    """The story's writer as a front sees it; it can go away."""

    story: Story
    away: bool = False
    asked: list[Request] = field(default_factory=list)

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.away:
            raise LeaderUnavailable("the leader is away")
        return self.story.ask(request)[0]


@dataclass
class Event:
    """One server-sent event."""

    name: str
    data: Any
    id: int | None = None


@dataclass
class RestFront:
    """A front, the story behind it, and the people before it."""

    folder: Path
    limits: HttpLimits = field(default_factory=HttpLimits)
    story: Story = field(default_factory=Story)

    def __post_init__(self) -> None:
        self.files = Files.open(self.folder)
        self.leader = StoryLeader(self.story)
        self.parts = HttpParts(
            self.story.store, self.leader, self.files, clock=lambda: self.story.now, limits=self.limits
        )
        self.app = create_app(self.parts)
        self.secrets: dict[str, str] = {}
        for name, what in PEOPLE.items():
            self.secrets[name], row = mint(name, what["role"], now=self.story.now, **_scope(what))
            self.story.store.add_token(row)

    def headers(self, who: str | None) -> dict[str, str]:
        return {} if who is None else {"Authorization": f"Bearer {self.secrets.get(who, who)}"}

    async def ask(self, who: str | None, method: str, path: str, **words: Any) -> httpx.Response:
        """A request, straight into the application."""
        headers = {**self.headers(who), **words.pop("headers", {})}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
            return await client.request(method, path, headers=headers, **words)

    async def get(self, who: str | None, path: str, **words: Any) -> httpx.Response:
        return await self.ask(who, "GET", path, **words)

    async def post(self, who: str | None, path: str, body: Any = None, **words: Any) -> httpx.Response:
        return await self.ask(who, "POST", path, **({} if body is None else {"json": body}), **words)

    async def seen(self, who: str, path: str, **params: Any) -> Any:
        """What a list or a thing is, for somebody who may see it."""
        answer = await self.get(who, path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def submit(self, who: str = "owner", **changes: Any) -> str:
        """Submit a job of acme; its id."""
        answer = await self.post(who, "/v1/jobs", job(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def run(self, who: str = "owner", **changes: Any) -> str:
        """Submit a job and have it run; its id."""
        job_id = await self.submit(who, **changes)
        self.story.plan()
        self.story.all_run(job_id)
        return job_id

    def news(self) -> None:
        """The front hears that something was committed."""
        self.parts.signal.tell(self.story.store.counts()["events"])

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """The front on a port of its own; its URL."""
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self.app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listener]))
        try:
            await until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
            listener.close()

    @asynccontextmanager
    async def stream(self, who: str, path: str, **words: Any) -> AsyncIterator["Stream"]:
        """A stream of events, read from a real port."""
        headers = {**self.headers(who), **words.pop("headers", {})}
        async with (
            self.served() as url,
            httpx.AsyncClient(base_url=url, timeout=10) as client,
            client.stream("GET", path, headers=headers, **words) as answer,
        ):
            yield Stream(answer)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def _scope(what: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in what.items() if key != "role"}


class Stream:
    """Server-sent events as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.heartbeats = 0
        self._lines = answer.aiter_lines()

    async def next(self) -> Event:
        """The next event; comments are counted."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and fields:
                    number = int(fields["id"]) if "id" in fields else None
                    return Event(fields["event"], json.loads(fields["data"]), number)
                if line.startswith(":"):
                    self.heartbeats += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
        raise EOFError("the stream has ended")

    async def rest(self) -> list[Event]:
        """All events up to the stream's end."""
        found = []
        try:
            while True:
                found.append(await self.next())
        except EOFError:
            return found

"""What happened: pages of committed changes, or a stream of them as they are committed."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from bostan import api
from fastapi import APIRouter, Header, Query, Response

from bostan_scheduler.http.asker import Asker, Who
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.bodies import answer
from bostan_scheduler.http.front import Front, Here
from bostan_scheduler.http.guard import GuardedRoute
from bostan_scheduler.http.pages import Wanted, page_of
from bostan_scheduler.http.params import INT64_MAX, Offset, Word
from bostan_scheduler.http.problems import Problem
from bostan_scheduler.http.sse import HEARTBEAT, EventStream, event
from bostan_scheduler.http.translate.records import event_json, event_model
from bostan_scheduler.http.views import visible_job
from bostan_scheduler.http.waiting import Pulse
from bostan_scheduler.service.ports import StoredEvent

router = APIRouter(route_class=GuardedRoute, tags=["events"])

_BATCH = 500
_GONE_REMEDY = "begin with the oldest that is kept, `after=0`, and read how things stand now from the lists"
_PROJECTS_MAX = 10_000
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=INT64_MAX)]


@dataclass(slots=True)
class Which:
    """Which events the asker sees and wants."""

    front: Front
    firms: tuple[str, ...] | None
    job_id: str | None
    project: str | None
    _projects: dict[str, str | None] = field(default_factory=dict)

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Events after `after`; those of other projects are still among them. Raises Problem when some are gone."""
        return list(await from_store(self._read, after, limit))

    def _read(self, after: int, limit: int) -> Sequence[StoredEvent]:
        reader = self.front.parts.reader
        found = reader.events(after, limit, self.job_id, self.firms)
        oldest = reader.oldest_event()  # asked afterwards, so that what went in between is noticed
        if 0 < after < oldest - 1:
            detail = (
                f"events up to {oldest - 1} are not kept any more, and those after {after} were asked for"
            )
            raise Problem(410, detail, _GONE_REMEDY, field="after")
        return found

    async def shows(self, stored: StoredEvent) -> bool:
        """Whether a member who is bound to a project sees it."""
        if self.project is None:
            return True
        job_id = stored.event.job_id
        return job_id is not None and await self._project_of(job_id) == self.project

    async def _project_of(self, job_id: str) -> str | None:
        if job_id not in self._projects:
            if len(self._projects) >= _PROJECTS_MAX:
                self._projects.clear()
            job = await from_store(self.front.parts.reader.job, job_id)
            self._projects[job_id] = job.spec.project if job is not None else None
        return self._projects[job_id]


@router.get(
    "/v1/events",
    response_model=api.Page[api.Event],
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "A page, or with `follow` a stream."}
    },
)
async def events(
    front: Here,
    who: Who,
    wanted: Wanted,
    after: Annotated[
        Offset, Query(description="the `seq` of the last event seen; 0 begins with the oldest that is kept")
    ] = 0,
    job: Word | None = None,
    firm: Word | None = None,
    follow: bool = False,
    last_event_id: LastEventId = None,
) -> Response:
    """Events in the order of their commits."""
    which = await _which(front, who, job, firm)
    if follow:
        seen = after if last_event_id is None else last_event_id
        await which.read(seen, 1)  # what is gone is said before the stream begins
        stream = watch(front, which, seen)
        return EventStream(front.followers.counted(who.token.id, stream))
    start = wanted.after(int) or (after,)
    found = await which.read(start[0], wanted.limit + 1)
    part = found[: wanted.limit]
    shown = [event_model(one) for one in part if await which.shows(one)]
    return answer(page_of(shown, len(found) > len(part), *(one.seq for one in part[-1:])))


async def _which(front: Front, who: Asker, job: str | None, firm: str | None) -> Which:
    if job is not None:
        await visible_job(front, who, job)
    return Which(front, who.narrowed(firm, None).firms, job, who.project)


async def watch(front: Front, which: Which, after: int) -> AsyncGenerator[bytes]:
    """Events as they are committed, and a heartbeat while there are none."""
    pulse = Pulse(front)
    while True:
        pulse.look()
        found = await which.read(after, _BATCH)
        for one in found:
            after = one.seq
            if await which.shows(one):
                yield event(one.event.kind, event_json(one), one.seq)
                pulse.sent()
        if len(found) < _BATCH:
            if pulse.beat_is_due():
                yield HEARTBEAT
            await pulse.news()

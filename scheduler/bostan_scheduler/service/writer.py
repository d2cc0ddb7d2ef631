"""The one writer. A step takes requests in or draws a plan up; it is kept whole before anybody hears of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Self, assert_never

from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.observe import observe, observe_time
from bostan_scheduler.core.plan import Plan, plan, waits_of
from bostan_scheduler.core.reports import JobsSubmitted, NodesHeard
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.waits import Reason, Wait
from bostan_scheduler.service.messages import (
    AskHeard,
    AskWaits,
    AskWhy,
    Done,
    HeardAnswer,
    Idempotency,
    Journal,
    OpenSession,
    Outbox,
    Reply,
    Request,
    Step,
    Tell,
    WaitsAnswer,
    WhyAnswer,
)
from bostan_scheduler.service.ports import NewEvent, Receipt, Writer
from bostan_scheduler.service.sessions import open_session, take_in
from bostan_scheduler.service.work import Work


@dataclass(slots=True)
class Service:
    """The leader's state: the snapshot as committed, the latest plan, and each node's newest session.

    Not safe from several threads. After an exception of the store the state is as before the step.
    """

    store: Writer
    snapshot: Snapshot
    latest: Plan = field(default_factory=Plan)
    sessions: dict[str, str] = field(default_factory=dict)
    told: dict[str, Reason] = field(default_factory=dict)
    replans: bool = True

    @classmethod
    def start(cls, store: Writer, settings: Settings, now: Instant, holder: str) -> Self:
        """Take the leadership and load what is committed."""
        epoch = store.lead(holder, now)
        return cls(store, store.load(epoch, settings, now))

    def intake(self, now: Instant, requests: Sequence[Request]) -> Step:
        """Take requests in, in order, and answer each after the commit. Never waits for a plan."""
        work = Work(Draft.of(self.snapshot, self._not_before(now)))
        work.answered = self.store.receipts(_keys(requests))
        sessions = dict(self.sessions)
        replies = tuple(self._answer(work, sessions, request) for request in requests)
        outbox = self._keep(work)
        self.sessions = sessions
        return Step(replies, outbox)

    def plan(self, now: Instant) -> Step:
        """Let the time pass, start what can start, and note why the rest waits."""
        work = Work(Draft.of(self.snapshot, self._not_before(now)))
        work.do(observe_time(work.draft.view))
        latest = plan(work.draft.view)
        work.do(latest.starts)
        told = self._tell_waits(work, latest)
        outbox = self._keep(work)
        self.latest, self.told, self.replans = latest, told, False
        return Step((), outbox)

    def _answer(self, work: Work, sessions: dict[str, str], request: Request) -> Reply:
        match request:
            case Tell():
                return self._tell(work, request)
            case OpenSession():
                return open_session(work, sessions, request)
            case Journal():
                return take_in(work, sessions, self.store, request)
            case AskWhy(job_id):
                return self._why(work.draft.view, job_id)
            case AskHeard():
                return HeardAnswer(tuple(work.draft.heard.items()))
            case AskWaits():
                return WaitsAnswer(tuple(sorted(Counter(self.told.values()).items())))
            case _:
                assert_never(request)

    def _tell(self, work: Work, request: Tell) -> Reply:
        if request.idempotency is not None:
            before = self._receipt(work, request.idempotency)
            if before is not None:
                return before
        if isinstance(request.report, NodesHeard):
            _hear(work, request.report)
        changes = observe(work.draft.view, request.report)
        if isinstance(changes, Refusal):
            return changes
        work.do(changes)
        ids = request.report.ids if isinstance(request.report, JobsSubmitted) else ()
        if request.idempotency is not None:
            one = request.idempotency
            work.receipts.append(Receipt(one.asker, one.key, one.fingerprint, ids, work.draft.view.now))
        return Done(ids, work.draft.view.now)

    def _receipt(self, work: Work, one: Idempotency) -> Reply | None:
        fresh = (receipt for receipt in work.receipts if (receipt.asker, receipt.key) == (one.asker, one.key))
        receipt = next(fresh, None) or work.answered.get((one.asker, one.key))
        if receipt is None:
            return None
        if receipt.fingerprint != one.fingerprint:
            detail = f"the idempotency key {one.key} was used for another request"
            return Refusal("conflict", detail, "use a new key for each new request")
        return Done(receipt.ids, receipt.at)

    def _why(self, view: Snapshot, job_id: str) -> Reply:
        job = view.jobs.get(job_id)
        if job is None or not isinstance(job.phase, Queued):
            return Refusal("not-found", f"{job_id} does not wait")
        return WhyAnswer(waits_of(job, self.latest), job.phase.since, _ahead(view, job))

    def _tell_waits(self, work: Work, latest: Plan) -> dict[str, Reason]:
        """Each queued job's main reason; an event for each that has changed."""
        view, told = work.draft.view, dict[str, Reason]()
        sentence = cache(_sentence)  # jobs of one shape wait for the same
        for job in view.jobs.values():
            if not isinstance(job.phase, Queued):
                continue
            main = waits_of(job, latest)[0]
            told[job.id] = main.reason
            if self.told.get(job.id) != main.reason:
                was = self.told.get(job.id, "")
                event = NewEvent(
                    view.now, "job-waits", job.spec.firm, job.id, was=was, now=main.reason, why=sentence(main)
                )
                work.events.append(event)
        return told

    def _keep(self, work: Work) -> Outbox:
        commit = work.commit()
        events_up_to = self.store.commit(commit) if commit is not None else 0
        self.snapshot = work.draft.view
        self.replans = self.replans or work.replans
        return work.outbox(events_up_to)

    def _not_before(self, now: Instant) -> Instant:
        """A wall clock that was set back does not take the centre with it."""
        return max(now, self.snapshot.now)


def _keys(requests: Sequence[Request]) -> list[tuple[str, str]]:
    """The idempotency keys of all requests: looked up at once, since each look-up costs more than its row."""
    told = (request.idempotency for request in requests if isinstance(request, Tell))
    return [(one.asker, one.key) for one in told if one is not None]


def _hear(work: Work, report: NodesHeard) -> None:
    for node_id, at in report.at:
        if node_id in work.draft.nodes:
            known = work.draft.heard.get(node_id, 0)
            work.draft.heard[node_id] = max(known, min(at, work.draft.view.now))


def _sentence(wait: Wait) -> str:
    return wait.sentence


def _ahead(view: Snapshot, job: Job) -> int:
    mine = (job.submitted_at, job.id)
    others = (
        one for one in view.jobs.values() if one.spec.firm == job.spec.firm and isinstance(one.phase, Queued)
    )
    return sum((one.submitted_at, one.id) < mine for one in others)

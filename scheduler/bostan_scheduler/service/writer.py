"""The one writer. A step takes requests in or draws a plan up; it is kept whole before anybody hears of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Self, assert_never

from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.draft import Draft
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Queued
from bostan_scheduler.core.observe import observe, observe_time
from bostan_scheduler.core.plan import Planner, Rows
from bostan_scheduler.core.reports import JobsSubmitted, NodesHeard, Report, WindowAnnounced
from bostan_scheduler.core.snapshot import Settings, Snapshot
from bostan_scheduler.core.why.viewer import seen_by
from bostan_scheduler.core.why.why import explain, in_short
from bostan_scheduler.service.decisions import DecisionLog, NoDecisionLog
from bostan_scheduler.service.foresight import foresee
from bostan_scheduler.service.messages import (
    AskHeard,
    AskPlanning,
    AskWaits,
    AskWhy,
    Done,
    HeardAnswer,
    Idempotency,
    Journal,
    OpenSession,
    Outbox,
    PlanningAnswer,
    Reply,
    Request,
    Step,
    Tell,
    WaitsAnswer,
    WhyAnswer,
)
from bostan_scheduler.service.ports import Receipt, Writer
from bostan_scheduler.service.sessions import open_session, take_in
from bostan_scheduler.service.telling import Told, tell
from bostan_scheduler.service.work import Work


@dataclass(slots=True)
class Service:
    """The leader's state: the snapshot as committed, the planner's desk, and each node's newest session.

    Not safe from several threads. After an exception of the store the state is as before the step.
    """

    store: Writer
    snapshot: Snapshot
    planner: Planner = field(default_factory=Planner)
    sessions: dict[str, str] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    replans: bool = True
    decisions: DecisionLog = field(default_factory=NoDecisionLog)

    @classmethod
    def start(
        cls,
        store: Writer,
        settings: Settings,
        now: Instant,
        holder: str,
        decisions: DecisionLog | None = None,
    ) -> Self:
        """Take the leadership and load what is committed."""
        epoch = store.lead(holder, now)
        service = cls(store, store.load(epoch, settings, now))
        service.decisions = decisions or NoDecisionLog()
        service.decisions.begin(service.snapshot)
        return service

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
        work.do(foresee(work.draft.view))
        self.planner.update(work.draft.view, _rows(work.draft))
        began = monotonic()
        latest = self.planner.plan(work.draft.view)
        seconds = monotonic() - began
        self.decisions.note(work.draft, latest.changes, seconds, lambda: told.counts)
        work.do(latest.changes)
        told = self._tell_waits(work)
        outbox = self._keep(work)
        self.told, self.replans = told, False
        return Step((), outbox)

    def why(self, asked: AskWhy) -> Reply:
        """Why a job waits, as things are committed: `WhyAnswer` or a `Refusal`. Nothing is changed."""
        return self._why(self.snapshot, asked)

    def _answer(self, work: Work, sessions: dict[str, str], request: Request) -> Reply:
        match request:
            case Tell():
                return self._tell(work, request)
            case OpenSession():
                return open_session(work, sessions, request)
            case Journal():
                return take_in(work, sessions, self.store, request)
            case AskWhy():
                return self._why(work.draft.view, request)
            case AskHeard():
                return HeardAnswer(tuple(work.draft.heard.items()))
            case AskWaits():
                return WaitsAnswer(tuple(sorted(self.told.counts.items())))
            case AskPlanning():
                return PlanningAnswer(self.decisions.tally())
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
        ids = _ids(request.report)
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

    def _why(self, view: Snapshot, asked: AskWhy) -> Reply:
        """As things are committed, which in the same batch may be a little less than is known."""
        job, committed = view.jobs.get(asked.job_id), self.snapshot.jobs.get(asked.job_id)
        if job is None or committed is None or not isinstance(committed.phase, Queued):
            return Refusal("not-found", f"{asked.job_id} does not wait")
        desk = self.planner.at(self.snapshot)
        why = explain(desk, committed) if asked.in_full else in_short(desk, committed)
        return WhyAnswer(seen_by(why, asked.viewer))

    def _tell_waits(self, work: Work) -> Told:
        view = work.draft.view
        if not self.told.due(view.now):
            return self.told
        told, events = tell(self.told, self.planner.at(view), view)
        work.events.extend(events)
        return told

    def _keep(self, work: Work) -> Outbox:
        commit = work.commit()
        try:
            events_up_to = self.store.commit(commit) if commit is not None else 0
        except Exception:
            self.planner = Planner()  # its desk may have seen what does not hold
            raise
        self.snapshot = work.draft.view
        self.planner.update(self.snapshot, _rows(work.draft))
        self.decisions.keep(work.draft)
        self.replans = self.replans or work.replans
        return work.outbox(events_up_to)

    def _not_before(self, now: Instant) -> Instant:
        """A wall clock that was set back does not take the centre with it."""
        return max(now, self.snapshot.now)


def _keys(requests: Sequence[Request]) -> list[tuple[str, str]]:
    """The idempotency keys of all requests: looked up at once, since each look-up costs more than its row."""
    told = (request.idempotency for request in requests if isinstance(request, Tell))
    return [(one.asker, one.key) for one in told if one is not None]


def _ids(report: Report) -> tuple[str, ...]:
    """The ids of what is made, so that a repeat is answered with them again."""
    match report:
        case JobsSubmitted(ids):
            return ids
        case WindowAnnounced(window):
            return (window.id,)
        case _:
            return ()


def _hear(work: Work, report: NodesHeard) -> None:
    for node_id, at in report.at:
        if node_id in work.draft.nodes:
            known = work.draft.heard.get(node_id, 0)
            work.draft.heard[node_id] = max(known, min(at, work.draft.view.now))


def _rows(draft: Draft) -> Rows:
    return Rows(draft.changed_jobs.keys(), draft.changed_attempts.keys(), draft.changed_nodes.keys())

"""How simulated agents take up what real ones were doing when a snapshot was taken."""

from collections.abc import Iterator

from bostan_scheduler.core.attempt import (
    Attempt,
    Ending,
    Offered,
    RankExited,
    RankStarted,
    Running,
    Starting,
    Unknown,
    Withdrawn,
)
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.node import Silent
from bostan_scheduler.core.reports import RankReported, Released
from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.sim.agenda import LeaseEnds, Tick
from bostan_scheduler.sim.agents import Agents
from bostan_scheduler.sim.news import report


def take_up(agents: Agents, view: Snapshot) -> list[RankReported]:
    """What the agents tell first. A node that is silent stays so: what it runs ends with its lease."""
    for node in view.nodes.values():
        if isinstance(node.session, Silent):
            agents.lines.cut(node.id)
    told: list[RankReported] = []
    for attempt in view.attempts.values():
        if attempt.holds:
            told += _take_up(agents, view, attempt)
    return told


def _take_up(agents: Agents, view: Snapshot, attempt: Attempt) -> list[RankReported]:
    match attempt.phase:
        case Offered() | Withdrawn():
            pass
        case Starting() if _began_at(attempt) is None:
            pass
        case Starting() | Running() | Unknown() | Ending():
            agents.adopt(view, attempt, _began_at(attempt) or view.now)
            _until_its_lease(agents, view, attempt)
    return [*agents.answer(view, attempt), *agents.lines.through(_released(attempt))]


def _began_at(attempt: Attempt) -> Instant | None:
    """When its command began to run, on the rank that was first."""
    began = [seen.at for seen in attempt.seen if isinstance(seen, RankStarted)]
    return attempt.started_at or min(began, default=None)


def _until_its_lease(agents: Agents, view: Snapshot, attempt: Attempt) -> None:
    if attempt.lease is None or all(agents.lines.whole(one) for one in attempt.node_ids):
        return
    until = max(view.now, attempt.lease.until)
    agents.agenda.put(until, LeaseEnds(attempt.id))
    agents.agenda.put(after(until, view.settings.lease_margin_seconds), Tick())


def _released(attempt: Attempt) -> Iterator[RankReported]:
    """Ranks that have ended and whose GPUs are about to be seen free."""
    for place, seen in zip(attempt.places, attempt.seen, strict=True):
        if isinstance(seen, RankExited) and not seen.released:
            yield report(attempt, place, Released())

"""The attempts that hold GPUs, also by node."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bostan_scheduler.core.attempt import Attempt, Ended, Stop, Unknown
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Job, Shape
from bostan_scheduler.core.observe.leases import deadline_from
from bostan_scheduler.core.planning.holders import Holders
from bostan_scheduler.core.snapshot import Snapshot


@dataclass(slots=True)
class Running:
    """Attempts by id, their ids by node, and how many GPUs each firm holds in each park."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    by_node: dict[str, dict[str, None]] = field(default_factory=dict)
    holders: Holders = field(default_factory=Holders)

    def put(self, attempt: Attempt) -> None:
        """Note an attempt, or how it is now. Its places never change."""
        if attempt.id not in self.attempts:
            for node_id in attempt.node_ids:
                self.by_node.setdefault(node_id, {})[attempt.id] = None
            self.holders.count(attempt, 1)
        self.attempts[attempt.id] = attempt

    def drop(self, attempt_id: str) -> Attempt | None:
        """An attempt holds nothing any more; None if it was not known to."""
        attempt = self.attempts.pop(attempt_id, None)
        for node_id in attempt.node_ids if attempt is not None else ():
            del self.by_node[node_id][attempt_id]
        if attempt is not None:
            self.holders.count(attempt, -1)
        return attempt

    def on(self, node_id: str) -> Iterator[Attempt]:
        """The attempts that hold something on a node."""
        return (self.attempts[one] for one in self.by_node.get(node_id, ()))


def over_when_started(snapshot: Snapshot, job: Job, at: Instant) -> Instant:
    """When a job holds nothing any more, at the latest, if it starts at this instant."""
    return after(at, longest_stay(snapshot, job.shape))


def longest_stay(snapshot: Snapshot, shape: Shape) -> int:
    """For how many seconds a job of this shape may hold its GPUs: what it takes to start and to stop, and its lease's margin, too."""
    settings = snapshot.settings
    return (
        settings.start_within_seconds
        + shape.time_limit_seconds
        + shape.stop_seconds
        + settings.lease_margin_seconds
    )


def over_by(snapshot: Snapshot, attempt: Attempt) -> Instant:
    """When an attempt holds nothing any more, at the latest, as far as rules go.

    A stop takes as long as the job may need; what a silent node runs may go on until its lease has ended. It is told by the
    attempt's row, as long as that is not over: time alone puts it off no further.
    """
    assert not isinstance(attempt.phase, Ended), f"{attempt.id} holds nothing any more"
    margin, since = snapshot.settings.lease_margin_seconds, attempt.phase.since
    last = after(deadline_from(snapshot, attempt, since), margin)
    match attempt.intent, attempt.phase:
        case _, Unknown(before=before):
            return max(snapshot.now, after(before.lease.until, margin))
        case Stop(since=since), _:
            stop_seconds = snapshot.jobs[attempt.job_id].spec.stop_seconds
            return max(snapshot.now, min(last, after(since, stop_seconds + margin)))
        case _:
            return max(snapshot.now, last)

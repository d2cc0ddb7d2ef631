"""How an attempt, and with its last attempt a job, can end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Every rank's command exited with 0."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A rank's command exited with another code, or a signal ended it (then the code is 0)."""

    rank: int
    exit_code: int
    signal: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Somebody asked for it."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """It ran to its time limit."""

    limit_seconds: int


@dataclass(frozen=True, slots=True)
class Requeued:
    """It was stopped so that the job can go on in another attempt, if possible not on the nodes to avoid."""

    by: str
    reason: str
    avoid_nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preempted:
    """It made room for another job, or for a window that begins; its own job goes on when there is room again."""

    reason: str
    for_job: str | None = None


@dataclass(frozen=True, slots=True)
class NodeLost:
    """A node of it rebooted, was confirmed dead, or stayed silent until the lease had ended."""

    node_id: str
    how: str


@dataclass(frozen=True, slots=True)
class StartFailed:
    """A node refused the offer, did not answer in time, or could not start its rank."""

    node_id: str
    reason: str


Outcome = Succeeded | Failed | Cancelled | TimedOut | Requeued | Preempted | NodeLost | StartFailed

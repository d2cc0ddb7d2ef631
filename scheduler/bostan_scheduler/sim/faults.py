"""What goes wrong in a world: machines that fail, lines that are cut, nodes that are taken away for a while."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class NodeFails:
    """A node is off from `at`, and all that ran on it is gone; it boots again at `until`, or never.

    `confirmed_at` is when its operator tells the centre that it is off.
    """

    node_id: str
    at: Instant
    until: Instant | None = None
    confirmed_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class LinkCut:
    """A node cannot be heard in `[at, until)`. What runs there runs on, until its lease has ended."""

    node_id: str
    at: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class NodeMaintained:
    """A node is drained in `[at, until)`; what runs there is stopped with a checkpoint and queued again."""

    node_id: str
    at: Instant
    until: Instant


Fault = NodeFails | LinkCut | NodeMaintained

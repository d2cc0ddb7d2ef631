"""Instants of nodes: their boot clock measures, their wall clock only places things on the calendar."""

from dataclasses import dataclass

from bostan_protos.v1.rank_pb2 import Stamp, Term

from bostan_scheduler.core.instant import DAY_MILLISECONDS, Instant
from bostan_scheduler.rpc.translate.checks import INT64_MAX, number

NS_PER_MS = 1_000_000
TERM_MILLISECONDS_MAX = 365 * DAY_MILLISECONDS


@dataclass(slots=True)
class BootClock:
    """The newest stamp of a node's boot clock, and when by the centre's time it arrived."""

    boottime_ns: int
    arrived_at: Instant

    def hear(self, boottime_ns: int, now: Instant, field: str) -> None:
        """A stamp has arrived; an older one tells nothing new."""
        number(boottime_ns, 0, INT64_MAX, field)
        if boottime_ns > self.boottime_ns:
            self.boottime_ns, self.arrived_at = boottime_ns, now

    def term(self, until: Instant) -> Term:
        """The time until `until` in terms of the node's own clock.

        The stamp was made before it arrived, so that the term ends at the node no later than at the centre, whatever
        the messages' delays. What is over already is said as a term that is over, for a node leaves out one of nothing.
        """
        milliseconds = min(max(until - self.arrived_at, 1), TERM_MILLISECONDS_MAX)
        return Term(from_boottime_ns=self.boottime_ns, duration_ms=milliseconds)


def placed(stamp: Stamp, now: Instant) -> Instant:
    """Where a stamp lies on the calendar: by the node's wall clock, which may be wrong, but never after now."""
    return min(max(stamp.unix_ns // NS_PER_MS, 0), now)


def milliseconds_between(start: Stamp, end: Stamp, field: str) -> int:
    """How long it was by the boot clock. Segments that touch add up to the whole, none loses its part of a millisecond."""
    number(start.boottime_ns, 0, INT64_MAX, f"{field}.from.boottime_ns")
    lasted = end.boottime_ns // NS_PER_MS - start.boottime_ns // NS_PER_MS
    return number(lasted, 0, TERM_MILLISECONDS_MAX, f"{field}, in milliseconds")

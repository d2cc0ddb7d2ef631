"""Messages of the centre into wants: nothing in them is trusted before it is checked here."""

from bostan_protos.v1.agent_link_pb2 import Renew
from bostan_protos.v1.rank_pb2 import DesiredRank, RankAddress, RankId, Start, Term

from bostan_agent.journal import Fence
from bostan_agent.ranks.values import Want, WantOffer, WantRelease, WantRenewal, WantStart, WantStop
from bostan_agent.shim.clock import NS
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.spec import RankKey

_NS_PER_MS = 1_000_000
_DAY_NS = 86_400 * NS
TERM_NS_MAX = 400 * _DAY_NS


class BadWant(ValueError):
    """An entry that cannot be understood; it is left aside, and the others are heard."""


def want_of(entry: DesiredRank, now_ns: int) -> Want:
    """What the centre wants of one rank.

    Raises:
        BadWant: the entry is malformed, or of a kind that this release does not know.
    """
    key = key_of(entry.id)
    fence = _fence_of(entry)
    match entry.WhichOneof("want"):
        case "offer":
            return WantOffer(key, fence, entry.offer)
        case "start":
            return WantStart(key, fence, _addresses_of(entry.start), deadline_ns(entry.lease, now_ns))
        case "stop":
            lease_ns = deadline_ns(entry.lease, now_ns) if entry.HasField("lease") else None
            return WantStop(key, fence, entry.stop.cause, entry.stop.checkpoint, lease_ns)
        case "release":
            return WantRelease(key, fence, entry.release.cause)
        case unknown:
            raise BadWant(f"what is wanted of {key.folder_name} is unknown to this release ({unknown})")


def renewal_of(renew: Renew, now_ns: int) -> WantRenewal:
    """The renewal in a message of its own.

    Raises:
        BadWant: the message is malformed.
    """
    fence = _checked_fence(Fence.of(renew.fencing))
    return WantRenewal(key_of(renew.id), fence, deadline_ns(renew.lease, now_ns))


def key_of(message: RankId) -> RankKey:
    """The rank that a message names.

    Raises:
        BadWant: no rank can be called so.
    """
    try:
        return RankKey(message.attempt_id, message.rank)
    except SpecError as exc:
        raise BadWant(str(exc)) from exc


def deadline_ns(term: Term, now_ns: int) -> int:
    """The boottime instant at which a term ends.

    Raises:
        BadWant: it is counted from an instant that has not been, as one of another boot.
    """
    duration_ns = term.duration_ms * _NS_PER_MS
    if term.from_boottime_ns > now_ns:
        raise BadWant(
            f"a term counted from {term.from_boottime_ns} ns, later than this node's clock ({now_ns} ns)"
        )
    if not 0 < duration_ns <= TERM_NS_MAX:
        raise BadWant(
            f"a term of {term.duration_ms} ms; it must be above 0 and at most {TERM_NS_MAX // _DAY_NS} days"
        )
    return term.from_boottime_ns + duration_ns


def _fence_of(entry: DesiredRank) -> Fence:
    if not entry.HasField("fencing"):
        raise BadWant(f"what is wanted of {entry.id.attempt_id} has no fencing number")
    return _checked_fence(Fence.of(entry.fencing))


def _checked_fence(fence: Fence) -> Fence:
    if not fence.storable:
        raise BadWant(f"fencing number {fence.epoch}.{fence.counter} is beyond what a centre makes")
    return fence


def _addresses_of(start: Start) -> tuple[RankAddress, ...]:
    return tuple(start.addresses)

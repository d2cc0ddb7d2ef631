"""What to do about one thing that the centre wants of one rank: a pure function of what is known.

Every want may come again and again; a want that is met already asks for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from bostan_protos.v1.rank_pb2 import Offer, RankAddress

from bostan_agent.journal import Fence
from bostan_agent.ranks.values import (
    WHOLE_GPU,
    Accepted,
    Assignment,
    Ended,
    Phase,
    Running,
    Staging,
    Want,
    WantOffer,
    WantRelease,
    WantRenewal,
    WantStart,
    WantStop,
    gpu_milli,
)
from bostan_agent.ranks.wants import BadWant, deadline_ns
from bostan_agent.shim.spec import RankKey


@dataclass(frozen=True, slots=True)
class Local:
    """A rank that this node knows, as far as decisions go."""

    fence: Fence
    phase: Phase


@dataclass(frozen=True, slots=True)
class Holder:
    """A rank that holds a GPU, or so many thousandths of it, for its firm."""

    key: RankKey
    firm: str = ""
    gpu_milli: int = WHOLE_GPU


@dataclass(frozen=True, slots=True)
class OfferLimits:
    """The largest offers that are taken."""

    argv_bytes_max: int
    env_bytes_max: int
    ranks_max: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What this node knows when it decides.

    `usable` are the GPUs (and MIG instances) here that may run something new; `unusable` the others, each
    with the reason. `holders` says which ranks hold a GPU. `seen` is the highest fencing number per GPU.
    `draining` is why nothing new is taken, or None.
    """

    now_ns: int
    limits: OfferLimits
    usable: frozenset[str] = frozenset()
    unusable: Mapping[str, str] = field(default_factory=dict)
    holders: Mapping[str, Sequence[Holder]] = field(default_factory=dict)
    seen: Mapping[str, Fence] = field(default_factory=dict)
    ended: frozenset[RankKey] = frozenset()
    ranks: int = 0
    draining: str | None = None
    journal_full: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Hold the GPUs and stage the files."""

    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer no, for a reason of the protocol's list."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Launch:
    """Start the rank."""

    addresses: tuple[RankAddress, ...]
    deadline_ns: int


@dataclass(frozen=True, slots=True)
class Prolong:
    """Move the lease's deadline."""

    deadline_ns: int


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop the rank."""

    cause: str
    checkpoint: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Let go of what was held for a rank that never ran."""

    cause: str


@dataclass(frozen=True, slots=True)
class Disown:
    """Say that the rank is not here. Its GPUs are free from `free_at_ns` on: a shim that nobody can find any more
    ends it by its lease."""

    free_at_ns: int | None


@dataclass(frozen=True, slots=True)
class Nothing:
    """It is as wanted, or the want is stale; `why` is for the log, None where nothing is strange."""

    why: str | None = None


Action: TypeAlias = Take | Refuse | Launch | Prolong | Halt | GiveUp | Disown | Nothing


def decide(want: Want, local: Local | None, facts: Facts) -> Action:
    """What to do about `want`; `local` is the rank as this node knows it, None where it does not."""
    if local is not None and local.fence != want.fence:
        return Nothing(f"wanted under fencing number {want.fence}, held under {local.fence}")
    phase = None if local is None else local.phase
    if phase is None and want.key in facts.ended:
        return Nothing()  # the journal has said so, or is about to
    match want:
        case WantOffer():
            return _offered(want, facts) if phase is None else Nothing()
        case WantStart():
            return _start(want, phase, facts)
        case WantStop():
            return _stop(want, phase)
        case WantRelease():
            return _release(want, phase)
        case WantRenewal():
            return Prolong(want.deadline_ns) if isinstance(phase, Running) else Nothing()
    assert_never(want)


def _start(want: WantStart, phase: Phase | None, facts: Facts) -> Action:
    match phase:
        case None:
            return Disown(want.deadline_ns)
        case Staging():
            return Nothing("wanted to start before it was accepted")
        case Accepted():
            if want.deadline_ns <= facts.now_ns:
                return GiveUp("lease-ended")
            return Launch(want.addresses, want.deadline_ns)
        case Running():
            return Prolong(want.deadline_ns)
        case Ended():
            return Nothing()
    assert_never(phase)


def _stop(want: WantStop, phase: Phase | None) -> Action:
    match phase:
        case None:
            return Disown(want.deadline_ns)
        case Staging() | Accepted():
            return GiveUp(want.cause)
        case Running():
            return Halt(want.cause, want.checkpoint)
        case Ended():
            return Nothing()
    assert_never(phase)


def _release(want: WantRelease, phase: Phase | None) -> Action:
    match phase:
        case None:
            return Disown(None)
        case Staging() | Accepted():
            return GiveUp(want.cause)
        case Running():
            # Its start crossed the release of a gang that did not come together.
            return Halt(want.cause, checkpoint=False)
        case Ended():
            return Nothing()
    assert_never(phase)


def _offered(want: WantOffer, facts: Facts) -> Take | Refuse:
    try:
        start_by_ns = deadline_ns(want.offer.start_within, facts.now_ns)
    except BadWant as exc:
        return Refuse("invalid", f"start_within: {exc}")
    if start_by_ns <= facts.now_ns:
        return Refuse("invalid", "the offer came after it had lapsed")
    return (
        _refuse_malformed(want.offer, facts.limits)
        or _refuse_anything(facts)
        or _refuse_gpus(want, facts)
        or Take(Assignment(want.key, want.fence, want.offer, start_by_ns))
    )


def _refuse_malformed(offer: Offer, limits: OfferLimits) -> Refuse | None:
    argv_bytes = sum(len(word.encode()) + 1 for word in offer.argv)
    env_bytes = sum(len(name.encode()) + len(value.encode()) + 2 for name, value in offer.env.items())
    gpus = list(offer.gpu_uuids)
    faults = (
        (not offer.argv or not offer.argv[0], "argv names no command"),
        (
            argv_bytes > limits.argv_bytes_max,
            f"argv is {argv_bytes} bytes; argv_bytes_max is {limits.argv_bytes_max}",
        ),
        (
            env_bytes > limits.env_bytes_max,
            f"env is {env_bytes} bytes; env_bytes_max is {limits.env_bytes_max}",
        ),
        (any("\0" in word for word in offer.argv), "argv holds a NUL byte"),
        (
            any(not _is_variable(*pair) for pair in offer.env.items()),
            "env holds a name or value that no process can have",
        ),
        (len(set(gpus)) != len(gpus), "gpu_uuids names a GPU twice"),
        (
            not 0 < gpu_milli(offer) <= WHOLE_GPU or (gpu_milli(offer) < WHOLE_GPU and len(gpus) != 1),
            f"gpu_milli is {offer.gpu_milli} on {len(gpus)} GPUs; a part is of one",
        ),
        (offer.world_size < 1, "world_size is 0"),
    )
    return next((Refuse("invalid", fault) for broken, fault in faults if broken), None)


def _is_variable(name: str, value: str) -> bool:
    return bool(name) and "=" not in name and "\0" not in name and "\0" not in value


def _refuse_anything(facts: Facts) -> Refuse | None:
    if facts.draining is not None:
        return Refuse("draining", facts.draining)
    if facts.journal_full:
        return Refuse("journal-full", "the centre has not acknowledged what happened here for too long")
    if facts.ranks >= facts.limits.ranks_max:
        return Refuse(
            "no-space", f"this node holds {facts.ranks} ranks; ranks_max is {facts.limits.ranks_max}"
        )
    return None


def _refuse_gpus(want: WantOffer, facts: Facts) -> Refuse | None:
    for gpu in want.offer.gpu_uuids:
        if gpu not in facts.usable and gpu not in facts.unusable:
            return Refuse("gpu-unknown", f"{gpu} is not on this node")
        seen = facts.seen.get(gpu)
        if seen is not None and want.fence < seen:
            return Refuse("fenced", f"{gpu} has seen {seen.epoch}.{seen.counter}")
        if (holder := _in_the_way(want.offer, facts.holders.get(gpu, ()))) is not None:
            return Refuse("gpu-busy", f"{gpu} is held by {holder.key.folder_name}")
        if gpu in facts.unusable:
            return Refuse("gpu-unhealthy", f"{gpu}: {facts.unusable[gpu]}")
    return None


def _in_the_way(offer: Offer, holders: Sequence[Holder]) -> Holder | None:
    """Who leaves no room on a GPU: another firm, or whoever holds so much of it that the offer does not fit beside."""
    left = WHOLE_GPU - gpu_milli(offer)
    for holder in holders:
        left -= holder.gpu_milli
        if left < 0 or holder.firm != offer.firm:
            return holder
    return None

"""What a rank is to this node: the checked offer, and the phase that it is in here."""

from dataclasses import dataclass
from typing import TypeAlias

from bostan_protos.v1.rank_pb2 import DesiredRank, Offer, RankAddress, RankId

from bostan_agent.journal import Fence
from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.spec import RankKey

WHOLE_GPU = 1000
"""A GPU in the thousandths that parts of it are counted in."""


def gpu_milli(offer: Offer) -> int:
    """How much of its one GPU a rank holds; all of each where nothing is said."""
    return offer.gpu_milli or WHOLE_GPU


@dataclass(frozen=True, slots=True)
class Assignment:
    """A checked offer: the rank, its fencing number, what to run, and until when (boottime) it must start."""

    key: RankKey
    fence: Fence
    offer: Offer
    start_by_ns: int

    @property
    def gpu_uuids(self) -> tuple[str, ...]:
        """The GPUs to hold, whole or MIG instances."""
        return tuple(self.offer.gpu_uuids)

    def entry(self) -> DesiredRank:
        """The offer as it is kept on disk."""
        return DesiredRank(id=rank_id(self.key), fencing=self.fence.message(), offer=self.offer)


@dataclass(frozen=True, slots=True)
class Staging:
    """Its files are on their way; nothing was answered yet."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The centre was told that it can start, with `port` free for it."""

    port: int


@dataclass(frozen=True, slots=True)
class Running:
    """It was started; `deadline_ns` is its lease's, `stopping` whether it was asked to end."""

    deadline_ns: int
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """None of its processes is left. `released`: nor does any of its GPUs show one."""

    at: Stamp
    released: bool = False


Phase: TypeAlias = Staging | Accepted | Running | Ended


def rank_id(key: RankKey) -> RankId:
    """The rank as messages name it."""
    return RankId(attempt_id=key.attempt_id, rank=key.rank)


@dataclass(frozen=True, slots=True)
class WantOffer:
    """Hold these GPUs and stage these files."""

    key: RankKey
    fence: Fence
    offer: Offer


@dataclass(frozen=True, slots=True)
class WantStart:
    """Run, under a lease that ends at `deadline_ns` (boottime)."""

    key: RankKey
    fence: Fence
    addresses: tuple[RankAddress, ...]
    deadline_ns: int


@dataclass(frozen=True, slots=True)
class WantStop:
    """End; the lease, where one is named, ends at `deadline_ns`."""

    key: RankKey
    fence: Fence
    cause: str
    checkpoint: bool
    deadline_ns: int | None


@dataclass(frozen=True, slots=True)
class WantRelease:
    """Give up an offer."""

    key: RankKey
    fence: Fence
    cause: str


@dataclass(frozen=True, slots=True)
class WantRenewal:
    """Run on, until `deadline_ns` (boottime)."""

    key: RankKey
    fence: Fence
    deadline_ns: int


Want: TypeAlias = WantOffer | WantStart | WantStop | WantRelease | WantRenewal

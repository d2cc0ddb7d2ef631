"""What the centre wants of a node, as messages that each fit the line."""

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from bostan_protos.v1.agent_link_pb2 import CentreMessage, Renew
from bostan_protos.v1.agent_link_pb2 import DesiredSet as DesiredSetMessage
from bostan_protos.v1.agent_link_pb2 import Drain as DrainMessage
from bostan_protos.v1.rank_pb2 import Blob as BlobMessage
from bostan_protos.v1.rank_pb2 import DesiredRank as DesiredRankMessage
from bostan_protos.v1.rank_pb2 import Fencing, Limits, Offer, RankAddress, RankId, Release, Start, Stop

from bostan_scheduler.core.desired import DesiredRank, DesiredSet, WantOffer, WantRelease, WantStart, WantStop
from bostan_scheduler.core.job import WHOLE_GPU, Blob, RankNeeds
from bostan_scheduler.core.node import Drain
from bostan_scheduler.rpc.translate.clock import BootClock
from bostan_scheduler.service.messages import Renewal


def desired_messages(
    wanted: DesiredSet, clock: BootClock, bytes_max: int, unsaid: Callable[[DesiredRank, Exception], None]
) -> Iterator[CentreMessage]:
    """The set in one message, or in several that do not claim to be complete when one would be too large.

    An entry that no message can carry is left out and told to `unsaid`: one job's odd words do not cut a node off.
    """
    ranks = list(_sayable(wanted.ranks, clock, unsaid))
    groups = list(_groups(ranks, bytes_max))
    complete = wanted.complete and len(groups) == 1 and len(ranks) == len(wanted.ranks)
    for group in groups:
        yield CentreMessage(desired=DesiredSetMessage(ranks=group, complete=complete))


def renew_messages(renewal: Renewal, clock: BootClock) -> Iterator[CentreMessage]:
    """One message a rank."""
    fencing = Fencing(epoch=renewal.fencing_epoch, counter=renewal.fencing_counter)
    lease = clock.term(renewal.until)
    for rank in renewal.ranks:
        yield CentreMessage(
            renew=Renew(id=RankId(attempt_id=renewal.attempt_id, rank=rank), fencing=fencing, lease=lease)
        )


def drain_message(drain: Drain | None) -> CentreMessage:
    """Whether to start anything new."""
    if drain is None:
        return CentreMessage(drain=DrainMessage(draining=False))
    return CentreMessage(drain=DrainMessage(draining=True, reason=drain.reason))


def _groups(ranks: list[DesiredRankMessage], bytes_max: int) -> Iterator[list[DesiredRankMessage]]:
    group: list[DesiredRankMessage] = []
    size = 0
    for rank in ranks:
        size += rank.ByteSize() + 16  # what it takes in the list
        if group and size > bytes_max:
            yield group
            group, size = [], rank.ByteSize() + 16
        group.append(rank)
    yield group


def _sayable(
    ranks: Iterable[DesiredRank], clock: BootClock, unsaid: Callable[[DesiredRank, Exception], None]
) -> Iterator[DesiredRankMessage]:
    for rank in ranks:
        try:
            yield _rank(rank, clock)
        except (ValueError, TypeError) as error:  # a number beyond its field, or a text that is not UTF-8
            unsaid(rank, error)


def _rank(rank: DesiredRank, clock: BootClock) -> DesiredRankMessage:
    said = DesiredRankMessage(
        id=RankId(attempt_id=rank.attempt_id, rank=rank.rank),
        fencing=Fencing(epoch=rank.fencing.epoch, counter=rank.fencing.counter),
    )
    match rank.want:
        case WantOffer() as offer:
            said.offer.CopyFrom(_offer(offer, clock))
        case WantStart(addresses, lease_until):
            said.lease.CopyFrom(clock.term(lease_until))
            said.start.CopyFrom(Start(addresses=_addresses(addresses)))
        case WantStop(cause, checkpoint, lease_until):
            said.lease.CopyFrom(clock.term(lease_until))
            said.stop.CopyFrom(Stop(cause=cause, checkpoint=checkpoint))
        case WantRelease(cause):
            said.release.CopyFrom(Release(cause=cause))
        case _:
            assert_never(rank.want)
    return said


def _addresses(addresses: tuple[tuple[str, int], ...]) -> Iterator[RankAddress]:
    for rank, (address, port) in enumerate(addresses):
        yield RankAddress(rank=rank, address=address, port=port)


def _offer(want: WantOffer, clock: BootClock) -> Offer:
    spec = want.spec
    return Offer(
        job_id=want.job_id,
        job_name=spec.name,
        firm=spec.firm,
        attempt_number=want.attempt_number,
        world_size=spec.replicas,
        gpu_uuids=want.gpus,
        gpu_milli=spec.rank.gpu_milli if spec.rank.gpu_milli < WHOLE_GPU else 0,
        argv=spec.command,
        env=dict(spec.env),
        work_dir=_blob(spec.work_dir),
        checkpoint=_blob(want.checkpoint.blob if want.checkpoint is not None else None),
        limits=_limits(spec.rank),
        checkpoint_on_signal=spec.checkpoint_on_signal,
        checkpoint_grace_seconds=spec.checkpoint_grace_seconds,
        grace_seconds=spec.stop_grace_seconds,
        start_within=clock.term(want.lapses_at),
    )


def _blob(blob: Blob | None) -> BlobMessage | None:
    return BlobMessage(sha256=blob.sha256, size_bytes=blob.size_bytes) if blob is not None else None


def _limits(needs: RankNeeds) -> Limits:
    return Limits(cpus=needs.cpus, memory_bytes=needs.memory_bytes)

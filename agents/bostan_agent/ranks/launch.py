"""From an offer and the gang's addresses to what the runtime starts."""

from collections.abc import Iterable

from bostan_protos.v1.rank_pb2 import RankAddress

from bostan_agent.ranks.means import Means
from bostan_agent.ranks.values import Assignment
from bostan_agent.runtime.environment import Gang, Identity, Places, rank_environment
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.spec import Limits, RankSpec


def spec_of(
    means: Means, assignment: Assignment, addresses: Iterable[RankAddress], deadline_ns: int
) -> RankSpec:
    """What to run.

    Raises:
        SpecError: the start cannot be obeyed; the message says why.
    """
    offer, key, settings = assignment.offer, assignment.key, means.settings
    return RankSpec(
        attempt_id=key.attempt_id,
        job_id=offer.job_id,
        rank=key.rank,
        argv=tuple(offer.argv),
        env=_environment(means, assignment, addresses),
        cwd=str(means.places(key).work),
        lease_deadline_boottime_ns=deadline_ns,
        gpu_uuids=assignment.gpu_uuids,
        grace_seconds=float(offer.grace_seconds),
        checkpoint_on_signal=offer.checkpoint_on_signal,
        checkpoint_grace_seconds=float(offer.checkpoint_grace_seconds),
        checkpoint_dir=str(means.places(key).checkpoint),
        checkpoint_bytes_max=settings.checkpoint_bytes_max,
        checkpoint_files_max=settings.checkpoint_files_max,
        log_bytes_max=settings.log_bytes_max,
        uid=None if means.owner is None else means.owner.uid,
        gid=None if means.owner is None else means.owner.gid,
        limits=_limits(assignment),
    )


def _environment(means: Means, assignment: Assignment, addresses: Iterable[RankAddress]) -> dict[str, str]:
    offer, key, places = assignment.offer, assignment.key, means.places(assignment.key)
    master = _master(addresses)
    return rank_environment(
        Identity(offer.job_id, key.attempt_id, offer.attempt_number),
        Gang(key.rank, offer.world_size, master.address, master.port),
        assignment.gpu_uuids,
        Places(means.rank_folder(key), places.work, places.checkpoint, places.output),
        dict(offer.env),
    )


def _master(addresses: Iterable[RankAddress]) -> RankAddress:
    for address in addresses:
        if address.rank == 0:
            return address
    raise SpecError("the start names no address for rank 0")


def _limits(assignment: Assignment) -> Limits:
    limits = assignment.offer.limits
    return Limits(
        memory_bytes=limits.memory_bytes if limits.HasField("memory_bytes") else None,
        cpus=float(limits.cpus) if limits.HasField("cpus") else None,
    )

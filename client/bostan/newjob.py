"""From what a user wrote to what the centre is sent: a job spec becomes a request, a capacity becomes a check."""

from __future__ import annotations

from bostan.api import Archive, Capacity, NewJob, NewRank, Parks, Retries, WhoAmI
from bostan.checked import checked
from bostan.errors import FileProblem, InvalidFile
from bostan.jobfile import JobSpec, NodeKind, ParkCapacity


def new_job(spec: JobSpec, me: WhoAmI, work_dir: Archive | None = None) -> NewJob:
    """The request for this job by this user. Raises InvalidFile when no firm is known or the contract has less room."""
    firm = spec.firm or me.firm
    if firm is None:
        remedy = "write `firm:`, or give --firm"
        raise InvalidFile([FileProblem("job", None, "firm", f"is needed: {me.name} has no firm", remedy)])
    project = spec.project or (me.project if firm == me.firm else None)
    return _converted(spec, firm, project, work_dir)


def _converted(spec: JobSpec, firm: str, project: str | None, work_dir: Archive | None) -> NewJob:
    checkpoint = spec.checkpoint
    saving = {} if checkpoint is None else {"checkpoint_grace_seconds": checkpoint.grace_seconds}
    return checked(
        NewJob,
        name=spec.name,
        firm=firm,
        project=project,
        command=spec.argv,
        env=dict(spec.env),
        work_dir=work_dir,
        replicas=spec.replicas,
        rank=checked(
            NewRank,
            gpus=spec.gpus,
            gpu_milli=spec.gpu_milli,
            cpus=spec.cpus,
            memory_bytes=spec.memory_bytes,
        ),
        gpu_classes=spec.gpu_classes,
        min_gpu_memory_bytes=spec.min_gpu_memory_bytes or 0,
        time_limit_seconds=spec.time_limit_seconds,
        parks=Parks(allow=spec.parks.allow, deny=spec.parks.deny, prefer=spec.parks.prefer),
        checkpoint_on_signal=checkpoint is not None and checkpoint.signal,
        stop_grace_seconds=spec.stop_grace_seconds,
        retries=Retries(**spec.retries.model_dump()),
        lease_seconds=spec.lease_seconds,
        qos=spec.qos,
        estimate_seconds=spec.estimate_seconds,
        speeds=dict(spec.speeds),
        **saving,
    )


def park_capacity(capacity: Capacity) -> tuple[ParkCapacity, ...]:
    """The centre's answer in the words of the job file's check."""
    return tuple(
        ParkCapacity(
            park=each.park,
            gpu_class=each.gpu_class,
            gpu_memory_bytes=each.memory_bytes,
            gpus_per_node_max=each.gpus_per_node,
            gpus_total=each.gpus,
        )
        for each in capacity.classes
    )


def node_kinds(capacity: Capacity) -> tuple[NodeKind, ...]:
    """What nodes have beside their GPUs; nothing of a centre that does not tell."""
    return tuple(
        NodeKind(
            park=each.park,
            gpu_class=each.gpu_class,
            gpus=each.gpus,
            cpus=each.cpus,
            memory_bytes=each.memory_bytes,
            nodes=each.nodes,
        )
        for each in capacity.nodes
    )

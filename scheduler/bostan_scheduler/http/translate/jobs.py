"""Jobs, as the contract shows them: from the core's values, never back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from bostan import api

from bostan_scheduler.core.attempt import Attempt, RankExited
from bostan_scheduler.core.job import Active, Finished, Job, JobSpec, Output, Queued, RankNeeds
from bostan_scheduler.core.observe.ending import why_of
from bostan_scheduler.core.outputs import OutputsLost, OutputsOnTheWay
from bostan_scheduler.core.waits import Wait
from bostan_scheduler.http.translate.attempts import LogBytes, attempt_model
from bostan_scheduler.http.translate.outcomes import active_state, exit_code, final_state, outcome_word
from bostan_scheduler.http.translate.why import wait_model


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and what else is known of it."""

    job: Job
    newest: Attempt | None = None
    gpu_milliseconds: int = 0
    wait: Wait | None = None


def job_model(view: JobView, log_bytes: LogBytes, spec: api.NewJob | None = None) -> api.Job:
    """A job; `spec` where it is at hand already."""
    job, newest = view.job, view.newest
    finished = job.phase if isinstance(job.phase, Finished) else None
    return api.Job(
        id=job.id,
        name=job.spec.name,
        firm=job.spec.firm,
        project=job.spec.project,
        submitted_at=job.submitted_at,
        submitted_by=job.submitted_by,
        phase=phase_of(job),
        state=state_of(job, newest),
        spec=spec or spec_model(job.spec),
        attempt=attempt_model(newest, job, log_bytes) if newest else None,
        attempts=job.attempts,
        outcome=outcome_word(finished.outcome) if finished else None,
        outcome_detail=why_of(finished.outcome) if finished else "",
        exit_code=exit_code(finished.outcome) if finished else None,
        finished_at=finished.at if finished else None,
        gpu_seconds=view.gpu_milliseconds // 1000,
        wait=wait_model(view.wait) if view.wait else None,
        learnt_seconds=job.learnt_seconds,
        preempted_at=job.preempted_at,
    )


def phase_of(job: Job) -> api.Phase:
    """Where a job is, as stored."""
    match job.phase:
        case Queued():
            return api.Phase.QUEUED
        case Active():
            return api.Phase.ACTIVE
        case Finished():
            return api.Phase.FINISHED
        case _:
            assert_never(job.phase)


def state_of(job: Job, newest: Attempt | None) -> str:
    """The one word for people."""
    match job.phase:
        case Queued():
            return "queued"
        case Active():
            return active_state(newest)
        case Finished(outcome=outcome):
            return final_state(outcome)
        case _:
            assert_never(job.phase)


def spec_model(spec: JobSpec) -> api.NewJob:
    """What was asked for."""
    return api.NewJob(
        name=spec.name,
        firm=spec.firm,
        project=spec.project,
        command=spec.command,
        env=dict(spec.env),
        work_dir=spec.work_dir
        and api.Archive(sha256=spec.work_dir.sha256, size_bytes=spec.work_dir.size_bytes),
        replicas=spec.replicas,
        rank=rank_model(spec.rank),
        gpu_classes=spec.gpu_classes,
        min_gpu_memory_bytes=spec.min_gpu_memory_bytes,
        time_limit_seconds=spec.time_limit_seconds,
        parks=api.Parks(allow=spec.parks.allow, deny=spec.parks.deny, prefer=spec.parks.prefer),
        checkpoint_on_signal=spec.checkpoint_on_signal,
        checkpoint_grace_seconds=spec.checkpoint_grace_seconds,
        stop_grace_seconds=spec.stop_grace_seconds,
        retries=api.Retries(
            node_lost=spec.retries.node_lost,
            start_failed=spec.retries.start_failed,
            exit=spec.retries.exit,
        ),
        lease_seconds=spec.lease_seconds,
        qos=api.Qos(spec.qos),
        estimate_seconds=spec.estimate_seconds,
        speeds=dict(spec.speeds),
    )


def rank_model(rank: RankNeeds) -> api.NewRank:
    """What each rank needs."""
    return api.NewRank(
        gpus=rank.gpus, gpu_milli=rank.gpu_milli, cpus=rank.cpus, memory_bytes=rank.memory_bytes
    )


def outputs_model(job: Job, newest: Attempt | None, outputs: Sequence[Output]) -> api.Outputs:
    """What a job's ranks left, and what of the newest attempt's is not here."""
    archives = {
        one.rank: api.Archive(sha256=one.blob.sha256, size_bytes=one.blob.size_bytes) for one in outputs
    }
    ranks = list(zip(newest.places, newest.seen, strict=True)) if newest else []
    ended = [(place, seen.outputs) for place, seen in ranks if isinstance(seen, RankExited)]
    return api.Outputs(
        job_id=job.id,
        archives=archives,
        on_the_way={place.rank: place.node_id for place, left in ended if isinstance(left, OutputsOnTheWay)},
        lost={place.rank: left.why for place, left in ended if isinstance(left, OutputsLost)},
        job_finished=isinstance(job.phase, Finished),
    )

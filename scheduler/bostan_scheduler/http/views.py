"""Jobs as a room shows them: read together with their newest attempts and GPU time, in one go off the event loop."""

from collections.abc import Sequence

from bostan import api

from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.waits import Wait
from bostan_scheduler.http.asker import Asker
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.front import Front
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.problems import not_found
from bostan_scheduler.http.translate.jobs import JobView, job_model
from bostan_scheduler.service.messages import AskWhy, WhyAnswer
from bostan_scheduler.service.ports import LeaderUnavailable

_MINE = "see `bostan jobs` for those that you may see"


async def visible_job(front: Front, who: Asker, job_id: str) -> Job:
    """The job. A foreign one is not there: its very existence is nobody else's matter. Raises Problem."""
    job = await from_store(front.parts.reader.job, job_id)
    if job is None or not who.sees(job):
        raise not_found(f"job {job_id}", _MINE)
    return job


async def job_view(front: Front, job_id: str) -> api.Job:
    """A job as it stands now, with why it waits as far as the leader says."""
    job = await from_store(front.parts.reader.job, job_id)
    if job is None:
        raise not_found(f"job {job_id}", _MINE)
    wait = await _main_wait(front.parts, job) if isinstance(job.phase, Queued) else None
    return (await from_store(_models, front.parts, [job], wait))[0]


async def job_views(front: Front, jobs: Sequence[Job]) -> list[api.Job]:
    """Jobs as a list shows them: without why they wait."""
    return await from_store(_models, front.parts, jobs, None)


async def _main_wait(parts: HttpParts, job: Job) -> Wait | None:
    """A job can be shown without the leader; then it is not known why it waits."""
    try:
        reply = await parts.leader.ask(AskWhy(job.id))
    except LeaderUnavailable:
        return None
    return reply.why.waits[0] if isinstance(reply, WhyAnswer) else None


def _models(parts: HttpParts, jobs: Sequence[Job], wait: Wait | None) -> list[api.Job]:
    ids = [job.id for job in jobs]
    newest = parts.reader.newest_attempts(ids)
    used = parts.reader.job_gpu_milliseconds(ids)
    return [
        job_model(JobView(job, newest.get(job.id), used.get(job.id, 0), wait), parts.files.logs.next_offset)
        for job in jobs
    ]

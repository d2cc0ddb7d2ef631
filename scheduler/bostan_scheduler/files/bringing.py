"""Archives that were sent when nobody kept whose they were: they belong to the firms whose jobs have used them."""

from collections.abc import Iterator

from bostan_scheduler.core.job import Job
from bostan_scheduler.files.blobs import BlobStore, Complete
from bostan_scheduler.service.ports import JobFilter, Reader

_PAGE = 1000


def bring_owners(blobs: BlobStore, reader: Reader) -> int:
    """Mark them, once for each folder; how many there were. One that no job has used is sent again. Blocking."""
    if blobs.owners.are_brought:
        return 0
    used = {(job.spec.work_dir.sha256, job.spec.firm) for job in _jobs(reader) if job.spec.work_dir}
    here = [(sha256, firm) for sha256, firm in used if isinstance(blobs.state(sha256), Complete)]
    for sha256, firm in here:
        blobs.owners.add(sha256, firm)
    blobs.owners.brought()
    return len(here)


def _jobs(reader: Reader) -> Iterator[Job]:
    page = reader.jobs(JobFilter(), None, _PAGE)
    while page:
        yield from page
        page = reader.jobs(JobFilter(), (page[-1].submitted_at, page[-1].id), _PAGE)

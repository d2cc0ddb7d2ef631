"""Talks with the centre that take several requests, told once for both clients.

A talk yields what it wants (a request to be answered, or a pause) and returns its result. Whoever runs it does the
waiting, with or without an event loop.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

from bostan import requests
from bostan.api import Archive, Batch, BatchReceipt, Forecast, Job, NewJob, Outputs, Page, Park, Phase
from bostan.archive import check_free, unpack
from bostan.checked import checked
from bostan.errors import BostanError, NotFound, ServerFault, TimedOut
from bostan.grounds import named_parks, refuse_impossible
from bostan.jobfile import JobFile, JobSpec
from bostan.newjob import new_job, node_kinds, park_capacity
from bostan.requests import Request
from bostan.workdir import Progress, pack

T = TypeVar("T")

PART_BYTES: Final = 8 * 2**20
SETBACKS_MAX: Final = 5
POLL_SECONDS_FIRST: Final = 0.1
POLL_SECONDS_MAX: Final = 3.0
OUTPUTS_SECONDS_MAX: Final = 600.0

RESTART_SECONDS_MAX: Final = 45.0
"""A restart of the centre takes some ten seconds, and thirty on a machine that has much else to do."""

Trouble: TypeAlias = Callable[[BostanError], None]
"""Told of a failure after which the same is tried again."""
Submission: TypeAlias = NewJob | JobSpec | JobFile
WorkDir: TypeAlias = Path | str | Archive | None


def _unheard(_failure: BostanError) -> None:
    """Trouble that nobody listens to."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long, then go on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Patiently:
    """Send it, and outlive a restart of the centre, or a cut line, for as long as a followed log does."""

    request: Request[Any]
    seconds_max: float
    on_trouble: Trouble = _unheard


Talk: TypeAlias = Generator[Request[Any] | Patiently | Pause, Any, T]


def through_restarts(talk: Talk[T], on_trouble: Trouble | None) -> Talk[T]:
    """The same talk, each of whose requests outlives a restart of the centre."""
    answer: Any = None
    with closing(talk):
        while True:
            try:
                wanted = talk.send(answer)
            except StopIteration as end:
                return cast(T, end.value)
            if isinstance(wanted, Request):
                wanted = Patiently(wanted, RESTART_SECONDS_MAX, on_trouble or _unheard)
            answer = yield wanted


def send_batch(batch: Batch, key: str) -> Talk[BatchReceipt]:
    """Send a batch that is ready."""
    answered: BatchReceipt = yield requests.submit_batch(batch, key)
    return answered


def submit(job: Submission, work_dir: WorkDir, key: str, progress: Progress | None) -> Talk[Job]:
    """Send the work directory where there is one, then the job."""
    wanted = yield from _prepared(job, work_dir, {}, progress)
    answered: Job = yield requests.submit(wanted, key)
    return answered


def submit_batch(jobs: Sequence[Submission], key: str, progress: Progress | None) -> Talk[BatchReceipt]:
    """Send each different work directory once, then all jobs as one batch."""
    sent: dict[Path, Archive] = {}
    wanted: list[NewJob] = []
    for job in jobs:
        wanted.append((yield from _prepared(job, None, sent, progress)))  # noqa: PERF401 no comprehension may yield
    answered: BatchReceipt = yield requests.submit_batch(checked(Batch, jobs=tuple(wanted)), key)
    return answered


def _prepared(
    job: Submission, work_dir: WorkDir, sent: dict[Path, Archive], progress: Progress | None
) -> Talk[NewJob]:
    """The request for the job, its work directory already with the centre."""
    match job:
        case NewJob():
            archive = yield from _archive(work_dir, sent, progress)
            return job if archive is None else job.model_copy(update={"work_dir": archive})
        case JobFile():
            spec, folder = job.spec, work_dir if work_dir is not None else job.work_folder
        case JobSpec():
            spec, folder = job, work_dir if work_dir is not None else job.work_dir
    me = yield requests.whoami()
    new_job(spec, me)  # what is wrong with it is said before anything is sent
    yield from _possible(job)
    archive = yield from _archive(folder, sent, progress)
    return new_job(spec, me, archive)


def estimate(wanted: Submission) -> Talk[Forecast]:
    """Ask when the job would start. Raises InvalidFile for what no park could ever run."""
    if isinstance(wanted, NewJob):
        job = wanted
    else:
        job = new_job(wanted.spec if isinstance(wanted, JobFile) else wanted, (yield requests.whoami()))
        yield from _possible(wanted)
    answer: Forecast = yield requests.estimate(job)
    return answer


def _possible(job: JobSpec | JobFile) -> Talk[None]:
    """Raises InvalidFile for what no park could ever run. A job that asks for nothing and names no park can run in any."""
    spec = job.spec if isinstance(job, JobFile) else job
    named = named_parks(spec)
    if spec.gpus == 0 and not named and spec.cpus is None and spec.memory_bytes is None:
        return
    has = yield requests.capacity()
    parks = (yield from _park_ids()) if named else frozenset[str]()
    refuse_impossible(job, park_capacity(has), parks, node_kinds(has))


def _park_ids() -> Talk[frozenset[str]]:
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page: Page[Park] = yield requests.parks(cursor)
        found.update(park.id for park in page.items)
        if page.next_cursor is None:
            return frozenset(found)
        cursor = page.next_cursor


def _archive(work_dir: WorkDir, sent: dict[Path, Archive], progress: Progress | None) -> Talk[Archive | None]:
    if work_dir is None or isinstance(work_dir, Archive):
        return work_dir
    folder = Path(work_dir).resolve()
    if folder not in sent:
        sent[folder] = yield from upload_work_dir(folder, progress)
    return sent[folder]


def upload_work_dir(folder: Path, progress: Progress | None = None) -> Talk[Archive]:
    """Pack the folder and send what the centre does not have of it yet."""
    with tempfile.TemporaryDirectory(prefix="bostan-") as scratch:
        packed = pack(folder, Path(scratch) / "work.tar.gz")
        yield from _upload(packed.path, packed.archive, progress or _silent)
    return packed.archive


def _upload(path: Path, archive: Archive, progress: Progress) -> Talk[None]:
    reached: requests.Reached = yield requests.blob_reached(archive)
    setbacks = 0
    with path.open("rb") as stream:
        while not reached.whole:
            progress(reached.offset, archive.size_bytes)
            stream.seek(reached.offset)
            before = reached.offset
            reached = yield requests.send_blob_part(archive, before, stream.read(PART_BYTES))
            setbacks += reached.offset <= before and not reached.whole
            if setbacks > SETBACKS_MAX or not 0 <= reached.offset <= archive.size_bytes:
                where = f"it stands at byte {reached.offset}"
                raise ServerFault("The upload does not get on", where, "try again")
    progress(archive.size_bytes, archive.size_bytes)


def wait(
    job_id: str,
    timeout_seconds: float | None,
    on_change: Callable[[Job], None] | None,
    until_started: bool = False,
) -> Talk[Job]:
    """Ask for the job, ever less often, until it is finished, or no longer queued. Raises TimedOut.

    Once the centre has answered, it is waited for too.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    pause, seen = POLL_SECONDS_FIRST, None
    while True:
        job: Job = yield requests.job(job_id) if seen is None else _again(requests.job(job_id), deadline)
        if on_change and job != seen:
            on_change(job)
        if job.phase is Phase.FINISHED or (until_started and job.phase is not Phase.QUEUED):
            return job
        pause = POLL_SECONDS_FIRST if seen and seen.state != job.state else min(pause * 1.5, POLL_SECONDS_MAX)
        seen = job
        left = pause if deadline is None else deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(
                f"Job {job_id} is still {job.state}", f"it goes on; ask again: bostan wait {job_id}"
            )
        yield Pause(min(pause, left))


def _again(request: Request[Any], deadline: float | None) -> Patiently:
    left = math.inf if deadline is None else max(deadline - time.monotonic(), 0.0)
    return Patiently(request, left)


def download(
    job_id: str,
    folder: Path,
    progress: Progress | None,
    timeout_seconds: float,
    on_wait: Callable[[Outputs], None] | None,
) -> Talk[Outputs]:
    """Fetch and unpack what the job left: rank 0 alone into the folder itself, else each rank into `rank-N`."""
    outputs = yield from _arrived(job_id, timeout_seconds, on_wait)
    if not outputs.archives:
        raise _nothing_left(outputs)
    alone = set(outputs.archives) == {0}
    folder = folder.absolute()
    targets = {rank: folder if alone else folder / f"rank-{rank}" for rank in sorted(outputs.archives)}
    for target in targets.values():
        check_free(target)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for rank, target in targets.items():
        # Beside the folder: outputs may be larger than the disk that holds temporary files.
        with tempfile.TemporaryDirectory(prefix=".bostan-", dir=folder.parent) as scratch:
            path = Path(scratch) / f"rank-{rank}.tar.gz"
            yield from _fetch(job_id, rank, outputs.archives[rank], path, progress or _silent)
            unpack(path, target)
    return outputs


def _arrived(job_id: str, timeout_seconds: float, on_wait: Callable[[Outputs], None] | None) -> Talk[Outputs]:
    """Ask, ever less often, until nothing is on its way any more. Raises TimedOut."""
    deadline, pause = time.monotonic() + timeout_seconds, POLL_SECONDS_FIRST
    ask: Request[Outputs] = requests.outputs(job_id)
    outputs: Outputs = yield ask
    while True:
        if not outputs.on_the_way:
            return outputs
        if on_wait:
            on_wait(outputs)
        left = deadline - time.monotonic()
        if left <= 0:
            rank, node = next(iter(outputs.on_the_way.items()))
            missing = f"The outputs of rank {rank} of {job_id} are still on their way from {node}"
            raise TimedOut(missing, f"they come once the node can be heard; then: bostan download {job_id}")
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, POLL_SECONDS_MAX)
        outputs = yield _again(ask, deadline)


def _nothing_left(outputs: Outputs) -> NotFound:
    job_id = outputs.job_id
    for rank, why in outputs.lost.items():
        return NotFound(
            f"The outputs of rank {rank} of {job_id} are lost: {why}", remedy=f"bostan show {job_id}"
        )
    if not outputs.job_finished:
        return NotFound(
            f"Job {job_id} has left no outputs yet", remedy=f"wait for its end: bostan wait {job_id}"
        )
    return NotFound(f"Job {job_id} has left no outputs", remedy="have it write into $BOSTAN_OUTPUT_DIR")


def _fetch(job_id: str, rank: int, archive: Archive, path: Path, progress: Progress) -> Talk[None]:
    sha256 = hashlib.sha256()
    reached = 0
    with path.open("wb") as stream:
        while reached < archive.size_bytes:
            progress(reached, archive.size_bytes)
            last = min(reached + PART_BYTES, archive.size_bytes) - 1
            part = yield requests.output_part(job_id, rank, reached, last)
            if part.offset != reached or not part.data or reached + len(part.data) > archive.size_bytes:
                raise ServerFault("The download does not fit", f"other bytes than asked for at {reached}")
            sha256.update(part.data)
            reached += stream.write(part.data)
    progress(reached, archive.size_bytes)
    if sha256.hexdigest() != archive.sha256:
        raise ServerFault("The download is damaged", "its hash differs", "try again")


def _silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def new_key() -> str:
    """A key by which the centre knows a repeated submission."""
    return uuid.uuid4().hex

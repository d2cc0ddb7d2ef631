"""On what grounds a request for a job is refused at once: it fits in no park, or its work directory is not here."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from bostan import api
from bostan.jobfile.beside import NodeKind
from bostan.jobfile.capacity import ParkCapacity, impossible
from bostan.newjob import node_kinds, park_capacity
from bostan.strictmodel import Finding

from bostan_scheduler.files.blobs import Complete
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.problems import invalid
from bostan_scheduler.http.translate.capacity import capacity_model
from bostan_scheduler.http.translate.parks import Pool

At = Callable[[int], str]
"""Where the job of this number stands in the body: empty, or with a dot at its end."""

_FIELDS = {
    "gpus": "rank.gpus",
    "cpus": "rank.cpus",
    "memory": "rank.memory_bytes",
    "min_gpu_memory": "min_gpu_memory_bytes",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What parks there are and what they have, as read at a moment of the monotonic clock."""

    capacity: tuple[ParkCapacity, ...]
    nodes: tuple[NodeKind, ...]
    parks: frozenset[str]
    read_at: float


@dataclass(frozen=True, slots=True)
class _Wishes:
    """A request in the words of the check."""

    gpus: int
    gpu_milli: int
    replicas: int
    cpus: int | None
    memory_bytes: int | None
    gpu_classes: tuple[str, ...]
    min_gpu_memory_bytes: int
    parks: api.Parks

    @classmethod
    def of(cls, job: api.NewJob) -> Self:
        """Those of a job."""
        rank = job.rank
        return cls(
            gpus=rank.gpus,
            gpu_milli=rank.gpu_milli,
            replicas=job.replicas,
            cpus=rank.cpus,
            memory_bytes=rank.memory_bytes,
            gpu_classes=job.gpu_classes,
            min_gpu_memory_bytes=job.min_gpu_memory_bytes,
            parks=job.parks,
        )


@dataclass(slots=True)
class Grounds:
    """Remembers for some seconds what the parks have."""

    parts: HttpParts
    _known: Known | None = field(default=None)

    async def check(self, jobs: Sequence[api.NewJob], at: At, owner: str) -> None:
        """Raises Problem for the first job that can never run, or whose work directory the owner has not sent."""
        self._check_archives(jobs, at, owner)
        await self.check_possible(jobs, at)

    async def check_possible(self, jobs: Sequence[api.NewJob], at: At) -> None:
        """Raises Problem for the first job that can never run."""
        known = await self._lately()
        if _first(known, jobs) is None:
            return
        known = await self._read()  # a node may have joined just now
        found = _first(known, jobs)
        if found is not None:
            place, finding = found
            field_ = ".".join(str(part) for part in finding.at)
            field_ = _FIELDS.get(field_, field_)
            raise invalid(f"{at(place)}{field_}", f"{field_}: {finding.problem}", finding.remedy)

    def _check_archives(self, jobs: Sequence[api.NewJob], at: At, owner: str) -> None:
        wanted = {job.work_dir: place for place, job in reversed(list(enumerate(jobs))) if job.work_dir}
        for archive, place in wanted.items():
            state = self.parts.files.blobs.state(archive.sha256, owner)
            if state != Complete(archive.size_bytes):
                detail = f"work_dir: the centre does not have the archive {archive.sha256} whole from you"
                remedy = f"send its {archive.size_bytes} bytes to /v1/blobs/{archive.sha256} first"
                raise invalid(f"{at(place)}work_dir", detail, remedy)

    async def _lately(self) -> Known:
        known = self._known
        age_max = self.parts.limits.capacity_cache_seconds
        if known is None or time.monotonic() - known.read_at > age_max:
            return await self._read()
        return known

    async def _read(self) -> Known:
        self._known = await from_store(_read, self.parts)
        return self._known


def _read(parts: HttpParts) -> Known:
    reader = parts.reader
    pool = Pool({}, reader.class_of_device(), parts.telemetry)
    has = capacity_model(pool, reader.nodes())
    parks = frozenset(park.id for park in reader.parks())
    return Known(park_capacity(has), node_kinds(has), parks, time.monotonic())


def _first(known: Known, jobs: Sequence[api.NewJob]) -> tuple[int, Finding] | None:
    """The first job that no park could ever hold. While nothing is known of any GPU, nothing is called impossible."""
    if not known.capacity:
        return None
    places: dict[_Wishes, int] = {}
    for place, job in enumerate(jobs):
        places.setdefault(_Wishes.of(job), place)
    for wishes, place in places.items():
        findings = impossible(wishes, known.capacity, known.parks, known.nodes)
        if findings:
            return place, findings[0]
    return None

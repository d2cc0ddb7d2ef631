"""What came lately: the jobs that were submitted, and how long those ran that have succeeded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Finished, Job, JobSpec
from bostan_scheduler.core.outcome import Succeeded


@dataclass(frozen=True, slots=True)
class Came:
    """A job of the past. `ran_milliseconds` is its whole run time at speed 1; None: it is not known, and is more than
    what the job has attained."""

    submitted_at: Instant
    spec: JobSpec
    ran_milliseconds: int | None
    attained_milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """The jobs that came last, in the order in which they did."""

    came: tuple[Came, ...] = ()

    @classmethod
    def of(cls, jobs: Iterable[Job]) -> Self:
        """The past of these jobs, finished or not."""
        ordered = sorted(jobs, key=lambda job: (job.submitted_at, job.id))
        return cls(
            tuple(Came(job.submitted_at, job.spec, _ran(job), job.done_milliseconds) for job in ordered)
        )

    def gaps(self) -> Sequence[int]:
        """Milliseconds from each job to the next, around to the first again after a gap as long as the mean."""
        instants = [one.submitted_at for one in self.came]
        gaps = [later - earlier for earlier, later in pairwise(instants)]
        return [*gaps, round(sum(gaps) / len(gaps))] if gaps else []


def _ran(job: Job) -> int | None:
    over = isinstance(job.phase, Finished) and isinstance(job.phase.outcome, Succeeded)
    return job.done_milliseconds if over and job.done_milliseconds > 0 else None

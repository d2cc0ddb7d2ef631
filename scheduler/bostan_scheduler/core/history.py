"""What finished jobs teach: how long jobs of one name and size ran, firm by firm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from bostan_scheduler.core.job import Job, JobSpec

Key = tuple[str, str, int]
"""Firm, name and GPUs of the gang."""


@dataclass(frozen=True, slots=True)
class History:
    """The newest run times of jobs that succeeded, in milliseconds at speed 1, oldest first.

    Kept are `runs_max` of each kind, and of kinds the `kinds_max` of which one finished last.
    """

    runs: Mapping[Key, tuple[int, ...]] = field(default_factory=dict)
    runs_max: int = 20
    kinds_max: int = 4096

    def __post_init__(self) -> None:
        assert self.runs_max > 0
        assert self.kinds_max > 0

    def learnt_seconds(self, spec: JobSpec) -> int | None:
        """The median run time of the jobs like this one, at speed 1; None where there were none."""
        runs = self.runs_of(spec)
        return max(1, round(median(runs) / 1000)) if runs else None

    def runs_of(self, spec: JobSpec) -> tuple[int, ...]:
        """The newest run times of the jobs like this one, oldest first."""
        return self.runs.get(_key(spec), ())

    def after(self, job: Job) -> "History":
        """With a job that has succeeded; it teaches nothing if it is not known how long it ran."""
        return self.after_all((job,)) if job.done_milliseconds > 0 else self

    def after_all(self, jobs: Iterable[Job]) -> "History":
        """With jobs that have succeeded, in the order in which they did."""
        runs = dict(self.runs)
        for job in jobs:
            if job.done_milliseconds > 0:
                key = _key(job.spec)
                # Put last: what stands first is what nobody has run for longest.
                runs[key] = (*runs.pop(key, ()), job.done_milliseconds)[-self.runs_max :]
                if len(runs) > self.kinds_max:
                    del runs[next(iter(runs))]
        return History(runs, self.runs_max, self.kinds_max)


def _key(spec: JobSpec) -> Key:
    return (spec.firm, spec.name, spec.gpus)

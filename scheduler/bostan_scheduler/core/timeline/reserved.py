"""GPUs that are kept for one waiting job: a starving gang, or one that others make room for."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Reserved:
    """So many GPUs of a class on each of these nodes of a park, from `from_at` until the job will be over at `until_at`.

    It is given up when the job has not started by `lapses_at`.
    """

    job_id: str
    park: str
    gpu_class: str
    gpus: tuple[tuple[str, int], ...]
    since: Instant
    from_at: Instant
    lapses_at: Instant
    until_at: Instant

    @property
    def ahead(self) -> bool:
        """Whether it waits for what runs to end by itself, instead of making it end."""
        return self.from_at > self.since

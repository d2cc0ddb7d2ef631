"""GPUs that are kept for one waiting job: a starving gang, or one that others make room for."""

from dataclasses import dataclass

from bostan_scheduler.core.attempt import Place
from bostan_scheduler.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Reserved:
    """So many GPUs of a class on each of these nodes of a park, from `from_at` until the job will be over at `until_at`.

    It is given up when the job has not started by `lapses_at`. `parts` are those that others give up for a job that
    wants parts of GPUs: no other may have these, while of whole GPUs any so many will do.
    """

    job_id: str
    park: str
    gpu_class: str
    gpus: tuple[tuple[str, int], ...]
    since: Instant
    from_at: Instant
    lapses_at: Instant
    until_at: Instant
    parts: tuple[Place, ...] = ()

    @property
    def ahead(self) -> bool:
        """Whether it waits for what runs to end by itself, instead of making it end."""
        return self.from_at > self.since

    @property
    def claim_id(self) -> str:
        """The name under which its parts are held in the ledger."""
        return f"kept for {self.job_id}"

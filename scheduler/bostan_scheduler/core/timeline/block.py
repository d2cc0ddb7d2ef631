"""The one kind of obstacle that placement knows: GPUs of a node that are not for everybody, for a time."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Shape


@dataclass(frozen=True, slots=True)
class Block:
    """So many GPUs of a class on a node in `[from_at, until_at)`; they are for one firm, one job, or for none.

    `movable`: a job that saves itself when asked may use them until `from_at`, since it is asked to in time; if
    `while_open`, in the window too.
    """

    node_id: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant
    firm: str | None = None
    job_id: str | None = None
    movable: bool = False
    while_open: bool = False

    def concerns(self, shape: Shape, stay: "Stay") -> bool:
        """Whether a job of this shape that would stay so long has to leave these GPUs alone."""
        if self.until_at <= stay.now or self.from_at >= stay.end:
            return False
        if shape.firm == self.firm or (stay.job_id is not None and stay.job_id == self.job_id):
            return False
        return not (shape.checkpoints and (self.while_open or (self.movable and self.from_at >= stay.worth)))


@dataclass(frozen=True, slots=True)
class Stay:
    """From `now` to its time limit at `end`; to run until `worth` at least is worth the start. Of one job, or of any."""

    now: Instant
    worth: Instant
    end: Instant
    job_id: str | None = None

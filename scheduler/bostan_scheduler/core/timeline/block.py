"""The one kind of obstacle that placement knows: GPUs of a node that are not for everybody, for a time."""

from dataclasses import dataclass

from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.job import Shape


@dataclass(frozen=True, slots=True)
class Block:
    """So many GPUs of a class on a node in `[from_at, until_at)`; they are for one firm, one job, or for none.

    `movable`: a job that saves itself when asked may use them until `from_at`, since it is asked to in time. With a
    `notice_seconds` they are lent in the window too, to a job that has saved itself and is gone within that.
    """

    node_id: str
    gpu_class: str
    gpus: int
    from_at: Instant
    until_at: Instant
    firm: str | None = None
    job_id: str | None = None
    movable: bool = False
    notice_seconds: int | None = None

    @property
    def lent(self) -> bool:
        """Whether anybody else may have these GPUs in the window."""
        return self.notice_seconds is not None

    def lent_to(self, saves_within_seconds: int | None) -> bool:
        """Whether a job may have them in the window that takes so long to save itself and go; None: it cannot be asked."""
        if self.notice_seconds is None or saves_within_seconds is None:
            return False
        return saves_within_seconds <= self.notice_seconds

    def concerns(self, shape: Shape, stay: "Stay") -> bool:
        """Whether a job of this shape that would stay so long has to leave these GPUs alone."""
        if self.until_at <= stay.now or self.from_at >= stay.end:
            return False
        if shape.firm == self.firm or (stay.job_id is not None and stay.job_id == self.job_id):
            return False
        asked_at = after(self.from_at, -shape.stop_seconds)
        until_then = self.movable and shape.checkpoints and asked_at >= stay.worth
        return not (until_then or self.lent_to(shape.saves_within_seconds))


@dataclass(frozen=True, slots=True)
class Stay:
    """From `now` until it is over at `end` at the latest; one that is asked to go before `worth` was not worth the start.

    Of one job, or of any.
    """

    now: Instant
    worth: Instant
    end: Instant
    job_id: str | None = None

"""What was used, and what happened."""

from bostan.api.common import Contract, Instant


class FirmUsage(Contract):
    """A firm's GPU time of one class."""

    firm: str
    project: str | None
    gpu_class: str
    gpu_milliseconds: int
    jobs: int


class Usage(Contract):
    """GPU time by firm, project and class in `[from_at, until_at)`."""

    from_at: Instant
    until_at: Instant
    rows: tuple[FirmUsage, ...]


class Event(Contract):
    """One change that was committed. `seq` grows without repeating; watch from the last one seen."""

    seq: int
    at: Instant
    kind: str
    firm: str | None = None
    job_id: str | None = None
    attempt_id: str | None = None
    node_id: str | None = None
    was: str = ""
    now: str = ""
    why: str = ""

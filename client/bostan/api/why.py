"""Why a job waits, how it looks for it in each park, what would help it, and when it will probably start."""

from pydantic import Field

from bostan.api.common import Contract, Instant

WaitNumbers = dict[str, int | str]


class Wait(Contract):
    """Why a job does not start now: a reason from the closed list, its numbers and its sentence."""

    reason: str
    sentence: str
    numbers: WaitNumbers = Field(default_factory=dict)


class Help(Contract):
    """One change that alone would be enough, as the scheduler itself found: it was tried on the pool as it is."""

    kind: str = Field(
        description="park, gpu-class, split, checkpoint, time-limit, cpus, memory, gpus, replicas, qos or quota"
    )
    sentence: str
    numbers: WaitNumbers = Field(default_factory=dict)


class ParkView(Contract):
    """One GPU class in one park, as it looks for a waiting job."""

    park: str
    gpu_class: str
    allowed: bool = Field(default=True, description="whether the job's rules let it run there")
    gpus: int
    free: int
    set_aside: int = Field(default=0, description="free, but kept from this job by windows and reservations")
    nodes: int
    nodes_away: int = Field(default=0, description="silent or drained")
    held_by: dict[str, int] = Field(
        default_factory=dict,
        description="GPUs by the firm that holds them; a firm sees all others together under the empty name",
    )
    lacks: Wait | None = Field(default=None, description="what is missing there, quota aside; none: nothing")


class QuotaView(Contract):
    """How a node of the quota tree over the job stands in a class that it takes."""

    quota: str
    gpu_class: str
    uses: int
    limit: int | None = Field(description="none: no limit of its own")
    available: int


class Forecast(Contract):
    """When a waiting job will probably start: of `samples` possible futures, a tenth, half and nine tenths began before.

    An instant is none where the job does not start within `horizon_seconds` in so many futures.
    """

    job_id: str | None = Field(default=None, description="none: of a job that is not submitted")
    available: bool
    reason: str = Field(
        default="",
        description="why there is none: not-waiting, never, too-many-jobs, too-slow, busy or off",
    )
    detail: str = ""
    at: Instant | None = Field(default=None, description="when the pool was as the forecast begins with")
    p10_at: Instant | None = None
    p50_at: Instant | None = None
    p90_at: Instant | None = None
    horizon_seconds: int = 0
    samples: int = 0
    basis: str = Field(
        default="",
        description="what is known of the job's run time: runs of jobs like it, its estimate, or a guess",
    )


class Why(Contract):
    """The answer to "why does my job wait": the main reason first."""

    job_id: str
    state: str
    since: Instant
    waits: tuple[Wait, ...]
    ahead: int | None = Field(default=None, description="pending jobs of the same firm that go first")
    ahead_of_all: int | None = Field(default=None, description="pending jobs of all firms that go first")
    parks: tuple[ParkView, ...] = Field(default=(), description="of the classes that the job takes")
    quotas: tuple[QuotaView, ...] = Field(
        default=(), description="from the job's own leaf up, as far as it may be seen"
    )
    helps: tuple[Help, ...] = Field(default=(), description="what changes least first")
    forecast: Forecast | None = Field(
        default=None, description="added by the command line, which asks for it"
    )

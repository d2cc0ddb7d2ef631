"""The centre's settings: read once, from flags before environment before a YAML file, and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from bostan.errors import FileProblem, InvalidFile
from bostan.strictmodel import Finding, findings_of, refuse, shown
from bostan.yamlfile import YamlFile, read_yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from bostan_scheduler.core.snapshot import Settings as CoreSettings
from bostan_scheduler.policysettings import PolicySettings
from bostan_scheduler.service.local import Pace

if TYPE_CHECKING:
    from bostan_scheduler.decisions.limits import DecisionLimits
    from bostan_scheduler.store import StoreSettings

PREFIX: Final = "BOSTAN_CENTRE_"

Seconds = Annotated[int, Field(ge=1, le=30 * 86_400)]
PORT_MAX: Final = 65_535


def _checked_address(text: str) -> str:
    host, _, port = text.rpartition(":")
    good = host and not any(sign.isspace() for sign in host) and port.isascii() and port.isdigit()
    if not good or int(port) > PORT_MAX:
        raise refuse(f"{shown(text)} is not HOST:PORT", "write it as 127.0.0.1:8440")
    return text


Address = Annotated[str, AfterValidator(_checked_address)]


class CentreSettings(PolicySettings):
    """Everything that can be set. Each field's description is its reference."""

    data_dir: Path = Field(
        Path("bostan-data"), description="Folder of the store, the files, the logs and the lock."
    )
    listen: Address = Field(
        "127.0.0.1:8440", description="HOST:PORT of the REST interface; port 0 picks a free one."
    )
    agents_listen: Address = Field("127.0.0.1:8441", description="HOST:PORT of the agents' link.")
    insecure: bool = Field(False, description="Listen on other than loopback addresses without TLS.")
    fronts: int = Field(1, ge=1, le=16, description="How many processes serve REST and the agents' link.")
    store: str = Field("", description="URL of the store; empty: SQLite in the data folder.")
    store_durability: Literal["full", "normal"] = Field(
        "full", description="What a commit survives: `full` a power cut, `normal` the death of the process."
    )
    ray_address: str = Field(
        "local", description="`local` starts Ray here; any other value joins that cluster."
    )
    ray_object_store_mib: int = Field(
        80, ge=75, le=65_536, description="Shared memory of Ray's object store."
    )

    silence_seconds: Seconds = Field(30, description="A node is silent, its attempts unknown, after so long.")
    start_within_seconds: Seconds = Field(
        60, description="An offer lapses, and a start fails, after so long."
    )
    release_margin_seconds: Seconds = Field(
        30, description="GPUs of a lapsed offer are free so long after it."
    )
    lease_seconds: Seconds = Field(
        86_400, description="How long a cut-off park's ranks run on; jobs may set less."
    )
    lease_margin_seconds: Seconds = Field(
        30, description="The centre waits so long after the end of a lease."
    )
    renew_seconds: Seconds = Field(300, description="How often leases are renewed.")
    checkpoint_wait_seconds: Seconds = Field(
        600, description="A job waits so long for a checkpoint on its way."
    )
    avoid_wait_seconds: Seconds = Field(
        120,
        description="A job that was queued again waits so long for other nodes than those it is to avoid.",
    )
    pending_jobs_max: int = Field(1_000_000, ge=1, description="Unfinished jobs that the centre takes.")
    park_windows_max: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Maintenance windows and reservations of a park that are not over.",
    )
    default_estimate_seconds: Seconds = Field(
        3600, description="What a job is thought to take of which neither its user nor its like tell more."
    )
    learnt_runs_max: int = Field(
        20, ge=1, le=1000, description="Of jobs of one firm, name and size, so many run times are remembered."
    )
    learnt_kinds_max: int = Field(
        4096, ge=1, le=100_000, description="Of so many firms, names and sizes run times are remembered."
    )
    learnt_jobs_max: int = Field(
        5000, ge=1, le=100_000, description="Finished jobs that a new leader learns run times from."
    )
    usage_half_life_seconds: Seconds = Field(
        7 * 86_400, description="Past usage counts half as much in a firm's share after so long."
    )

    request_bytes_max: int = Field(
        16 * 2**20, ge=2**16, description="Largest body of a REST request but a file's."
    )
    blob_bytes_max: int = Field(
        8 * 2**30, ge=2**20, description="Largest work directory, checkpoint or output."
    )
    archive_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="How long work directories and outputs are kept after their last job has finished, or they were "
        "sent or asked for.",
    )
    checkpoint_hours: int = Field(
        24,
        ge=2,
        le=87_600,
        description="The same of checkpoints that a newer one has replaced, or whose job has finished.",
    )
    log_bytes_max: int = Field(2**30, ge=2**16, description="What is kept of one rank's log.")
    log_days: int = Field(30, ge=1, le=3650, description="How long logs are kept.")
    event_days: int = Field(90, ge=1, le=3650, description="How long events are kept.")
    decision_log_bytes_max: int = Field(
        256 * 2**20,
        ge=2**20,
        description="What is kept of the log of decisions (`decisions/` in the data folder).",
    )
    decision_log_days: int = Field(30, ge=1, le=3650, description="How long decisions are kept.")
    decision_snapshot_every: int = Field(
        100,
        ge=0,
        description="Of so many decisions one is kept with its snapshot, to be planned again later; 0: none.",
    )
    decision_snapshots_max: int = Field(50, ge=1, le=100_000, description="Snapshots kept beside the log.")
    decision_snapshot_bytes_max: int = Field(
        512 * 2**20, ge=2**20, description="What is kept of these snapshots."
    )
    forecast_seconds: int = Field(
        20, ge=0, le=300, description="Longest that a forecast of a start may take; 0: none are made."
    )
    forecast_samples: int = Field(
        40, ge=20, le=1000, description="Possible futures that a forecast is drawn from."
    )
    forecast_horizon_days: int = Field(
        14, ge=1, le=365, description="How far ahead forecasts look; what starts later is said to."
    )
    forecast_jobs_max: int = Field(
        2000, ge=1, le=1_000_000, description="With more unfinished jobs than this, nothing is forecast."
    )
    leader_timeout_seconds: int = Field(
        30, ge=1, le=600, description="How long a front waits for the leader."
    )
    heartbeat_seconds: float = Field(
        5.0, ge=0.2, le=60, description="How often a node says that it is there."
    )
    plan_gap_seconds_max: float = Field(
        0.5, ge=0.001, le=10, description="Longest pause between plans under load."
    )
    tick_seconds: float = Field(1.0, ge=0.01, le=10, description="How often the clock alone is looked at.")

    @model_validator(mode="after")
    def _fits_together(self) -> CentreSettings:
        if self.lease_seconds <= self.silence_seconds:
            raise refuse(
                "lease_seconds must be longer than silence_seconds: else a lease ends before anybody notices a cut line",
                "set a longer lease",
            )
        if self.heartbeat_seconds * 3 > self.silence_seconds:
            raise refuse(
                "heartbeat_seconds is too long for silence_seconds: three beats must fit into it, else live nodes are silent",
                f"set silence_seconds to {int(self.heartbeat_seconds * 3) + 1} or more",
            )
        if self.checkpoint_hours > self.archive_days * 24:
            raise refuse(
                "checkpoint_hours is longer than archive_days: a checkpoint that is of no use would outlive results",
                f"set checkpoint_hours to {self.archive_days * 24} or less",
            )
        return self

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self.store or f"sqlite:///{(self.data_dir / 'bostan.db').absolute()}"

    def store_settings(self) -> StoreSettings:
        """How the store keeps its file. The store's libraries are loaded only by whoever asks."""
        from bostan_scheduler.store import Durability, StoreSettings

        return StoreSettings(durability=Durability(self.store_durability))

    def core_settings(self) -> CoreSettings:
        """The part that decisions look at."""
        return CoreSettings(
            silence_seconds=self.silence_seconds,
            start_within_seconds=self.start_within_seconds,
            release_margin_seconds=self.release_margin_seconds,
            lease_seconds=self.lease_seconds,
            lease_margin_seconds=self.lease_margin_seconds,
            renew_seconds=self.renew_seconds,
            checkpoint_wait_seconds=self.checkpoint_wait_seconds,
            avoid_wait_seconds=self.avoid_wait_seconds,
            pending_jobs_max=self.pending_jobs_max,
            park_windows_max=self.park_windows_max,
            default_estimate_seconds=self.default_estimate_seconds,
            learnt_runs_max=self.learnt_runs_max,
            learnt_kinds_max=self.learnt_kinds_max,
            learnt_jobs_max=self.learnt_jobs_max,
            usage_half_life_seconds=self.usage_half_life_seconds,
            order=self.order_value(),
            preemption=self.preemption_value(),
        )

    def decision_limits(self) -> DecisionLimits:
        """How much of the log of decisions is kept. Its libraries are loaded only by whoever asks."""
        from bostan_scheduler.decisions.limits import FILE_BYTES, DecisionLimits

        return DecisionLimits(
            file_bytes=min(self.decision_log_bytes_max // 4, FILE_BYTES),
            bytes_max=self.decision_log_bytes_max,
            days=self.decision_log_days,
            snapshot_every=self.decision_snapshot_every,
            snapshots_max=self.decision_snapshots_max,
            snapshot_bytes_max=self.decision_snapshot_bytes_max,
        )

    def pace(self) -> Pace:
        """How often the leader plans."""
        return Pace(tick_seconds=self.tick_seconds, plan_gap_seconds_max=self.plan_gap_seconds_max)


def load(flags: Mapping[str, object], environment: Mapping[str, str], file: Path | None) -> CentreSettings:
    """The settings of this centre.

    Raises:
        InvalidFile: something is unknown, wrong, or does not fit together; the message names where, and the remedy.
    """
    from_file = read_yaml(file) if file is not None else YamlFile("settings", {}, {}, {})
    values = from_file.value if from_file.value is not None else {}
    if not isinstance(values, dict):
        raise InvalidFile(
            [from_file.problem((), "must be a mapping of settings", "write `key: value` lines")]
        )
    variables = {name.removeprefix(PREFIX).lower(): name for name in environment if name.startswith(PREFIX)}
    set_outside = {key: environment[name] for key, name in variables.items()}
    try:
        return CentreSettings.model_validate({**values, **set_outside, **flags})
    except ValidationError as error:
        findings = findings_of(error, CentreSettings)
        problems = [_placed(one, flags, variables, from_file) for one in findings]
        raise InvalidFile(sorted(problems, key=lambda problem: problem.line or 0)) from error


def _placed(
    finding: Finding, flags: Mapping[str, object], variables: Mapping[str, str], file: YamlFile
) -> FileProblem:
    """The mistake, where it was made: a flag, a variable or a line."""
    key = str(finding.at[0]) if finding.at else ""
    if key in flags:
        flag = f"--{key.replace('_', '-')}"
        return FileProblem("command line", None, flag, finding.problem, finding.remedy)
    if key in variables:
        return FileProblem("environment", None, variables[key], finding.problem, finding.remedy)
    return file.problem(finding.at, finding.problem, finding.remedy)

"""What a rank is: the spec that the runtime writes and the shim obeys (`spec.json`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.fields import optional, required, string_map, strings

SPEC_VERSION = 1
MIB = 1024 * 1024
_ATTEMPT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")


@dataclass(frozen=True, slots=True)
class RankKey:
    """Which rank: one member of one attempt's gang."""

    attempt_id: str
    rank: int

    def __post_init__(self) -> None:
        if not _ATTEMPT_ID.fullmatch(self.attempt_id):
            raise SpecError(
                f"attempt_id {self.attempt_id!r} must be 1 to 96 letters, digits, '-', '_' or '.', as it names a folder"
            )
        if self.rank < 0:
            raise SpecError(f"rank {self.rank} must be 0 or more")

    @property
    def folder_name(self) -> str:
        """The name of the rank's folder."""
        return f"{self.attempt_id}.{self.rank}"

    @classmethod
    def of_folder_name(cls, name: str) -> RankKey | None:
        """The rank whose folder is called `name`, or None where no rank's folder is called so."""
        attempt_id, dot, rank = name.rpartition(".")
        if not dot or not rank.isdecimal() or not _ATTEMPT_ID.fullmatch(attempt_id):
            return None
        return cls(attempt_id, int(rank))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rank may use of its node; None means no limit of ours. Held by the rank's cgroup."""

    memory_bytes: int | None = None
    cpus: float | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True)
class RankSpec:
    """One rank to run: command, environment, GPUs, lease and limits.

    `env` is complete: nothing is inherited. `checkpoint_on_signal` is the job's promise that its main
    process handles SIGUSR1; without it the signal is never sent, as its default action is death.
    `lease_deadline_boottime_ns` is on CLOCK_BOOTTIME of the boot that the rank starts in. `cgroup` False
    forbids a cgroup of its own even where the host would allow one.
    """

    attempt_id: str
    job_id: str
    rank: int
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    lease_deadline_boottime_ns: int
    gpu_uuids: tuple[str, ...] = ()
    grace_seconds: float = 30.0
    checkpoint_on_signal: bool = False
    checkpoint_grace_seconds: float = 120.0
    checkpoint_dir: str | None = None
    checkpoint_bytes_max: int = 512 * 1024 * MIB
    checkpoint_files_max: int = 100_000
    log_bytes_max: int = 64 * MIB
    log_files_max: int = 4
    uid: int | None = None
    gid: int | None = None
    limits: Limits = field(default_factory=Limits)
    cgroup: bool = True
    version: int = SPEC_VERSION

    def __post_init__(self) -> None:
        RankKey(self.attempt_id, self.rank)
        for broken, why in self._faults():
            if broken:
                raise SpecError(why)

    def _faults(self) -> tuple[tuple[bool, str], ...]:
        return (
            (
                self.version != SPEC_VERSION,
                f"field 'version' is {self.version}; this shim reads {SPEC_VERSION}",
            ),
            (not self.argv or not self.argv[0], "field 'argv' must name a command"),
            (any("\0" in word for word in self.argv), "field 'argv' must hold no NUL byte"),
            (not self.cwd.startswith("/"), f"field 'cwd' must be an absolute path, not {self.cwd!r}"),
            (self.grace_seconds < 0, "field 'grace_seconds' must be 0 or more"),
            (self.checkpoint_grace_seconds < 0, "field 'checkpoint_grace_seconds' must be 0 or more"),
            (self.log_files_max < 1, "field 'log_files_max' must be 1 or more"),
            (
                self.log_bytes_max < self.log_files_max,
                "field 'log_bytes_max' must hold a byte for each log file",
            ),
            (self.gid is not None and self.uid is None, "field 'gid' needs field 'uid'"),
        )

    @property
    def key(self) -> RankKey:
        """Which rank this is."""
        return RankKey(self.attempt_id, self.rank)

    def to_json(self) -> str:
        """The spec as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> RankSpec:
        """The spec that `text` holds. Unknown fields are ignored: a newer agent may know more.

        Raises:
            SpecError: the text is no JSON object, or a field is missing or of the wrong kind.
        """
        try:
            record = json.loads(text)
        except ValueError as exc:
            raise SpecError(f"spec.json is not JSON: {exc}") from exc
        if not isinstance(record, dict):
            raise SpecError("spec.json must hold one object")
        return _spec_of(record)


def _spec_of(record: Mapping[str, object]) -> RankSpec:
    return RankSpec(
        attempt_id=required(record, "attempt_id", str),
        job_id=required(record, "job_id", str),
        rank=required(record, "rank", int),
        argv=strings(record, "argv"),
        env=string_map(record, "env"),
        cwd=required(record, "cwd", str),
        lease_deadline_boottime_ns=required(record, "lease_deadline_boottime_ns", int),
        gpu_uuids=strings(record, "gpu_uuids"),
        grace_seconds=required(record, "grace_seconds", float),
        checkpoint_on_signal=required(record, "checkpoint_on_signal", bool),
        checkpoint_grace_seconds=required(record, "checkpoint_grace_seconds", float),
        checkpoint_dir=optional(record, "checkpoint_dir", str),
        checkpoint_bytes_max=required(record, "checkpoint_bytes_max", int),
        checkpoint_files_max=required(record, "checkpoint_files_max", int),
        log_bytes_max=required(record, "log_bytes_max", int),
        log_files_max=required(record, "log_files_max", int),
        uid=optional(record, "uid", int),
        gid=optional(record, "gid", int),
        limits=_limits_of(required(record, "limits", dict)),
        cgroup=required(record, "cgroup", bool),
        version=required(record, "version", int),
    )


def _limits_of(record: Mapping[str, object]) -> Limits:
    return Limits(
        memory_bytes=optional(record, "memory_bytes", int),
        cpus=optional(record, "cpus", float),
        pids=optional(record, "pids", int),
    )

"""The environment of a rank: what a job finds there, and what it can never change.

Nothing is inherited from the agent. The job's own variables are laid over a plain base, and ours over
both: the names in `PROTECTED` and the prefixes in `RESERVED_PREFIXES` are not a job's to set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bostan_agent.shim.records import SOCKET

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RESERVED_PREFIXES = ("BOSTAN_", "RAY_")
PROTECTED = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "NVIDIA_VISIBLE_DEVICES",
        "RANK",
        "WORLD_SIZE",
        "NODE_RANK",
        "NNODES",
        "MASTER_ADDR",
        "MASTER_PORT",
    }
)


@dataclass(frozen=True, slots=True)
class Gang:
    """A rank's place among the others of its attempt. The master is the node of rank 0."""

    rank: int
    size: int
    master_address: str
    master_port: int


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that a rank is given, all absolute."""

    rank_folder: Path
    work: Path
    checkpoint: Path
    output: Path


@dataclass(frozen=True, slots=True)
class Identity:
    """Which job and attempt a rank belongs to; `attempt_number` counts a job's attempts from 1."""

    job_id: str
    attempt_id: str
    attempt_number: int


def rank_environment(
    identity: Identity, gang: Gang, gpu_uuids: tuple[str, ...], places: Places, user: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of a rank; of `user`, protected and reserved names are left out."""
    allowed = {name: value for name, value in user.items() if not is_reserved(name)}
    base = _base(places)
    path = allowed.pop("PATH", _SYSTEM_PATH)
    return {
        **base,
        **allowed,
        "PATH": f"{path}:{_own_path()}",
        **_gpus(gpu_uuids),
        **_gang(gang),
        **_bostan(identity, gang, places, len(gpu_uuids)),
    }


def is_reserved(name: str) -> bool:
    """Whether the variable `name` is ours alone to set."""
    return name in PROTECTED or name.startswith(RESERVED_PREFIXES)


def _base(places: Places) -> dict[str, str]:
    return {
        "HOME": str(places.work),
        "LANG": "C.UTF-8",
        "SHELL": "/bin/sh",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108
        # Output reaches the log as it is printed, not when a buffer is full.
        "PYTHONUNBUFFERED": "1",
    }


def _own_path() -> str:
    """Where `bostan-checkpoint` and its interpreter are; last, so that a job's own Python comes first."""
    return str(Path(sys.executable).parent)


def _gpus(gpu_uuids: tuple[str, ...]) -> dict[str, str]:
    # Unset would mean all GPUs to CUDA; empty means none.
    return {"CUDA_VISIBLE_DEVICES": ",".join(gpu_uuids), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def _gang(gang: Gang) -> dict[str, str]:
    return {
        "RANK": str(gang.rank),
        "NODE_RANK": str(gang.rank),
        "WORLD_SIZE": str(gang.size),
        "NNODES": str(gang.size),
        "MASTER_ADDR": gang.master_address,
        "MASTER_PORT": str(gang.master_port),
    }


def _bostan(identity: Identity, gang: Gang, places: Places, gpus: int) -> dict[str, str]:
    return {
        "BOSTAN_JOB_ID": identity.job_id,
        "BOSTAN_ATTEMPT_ID": identity.attempt_id,
        "BOSTAN_ATTEMPT": str(identity.attempt_number),
        "BOSTAN_RANK": str(gang.rank),
        "BOSTAN_GPUS": str(gpus),
        "BOSTAN_WORK_DIR": str(places.work),
        "BOSTAN_CHECKPOINT_DIR": str(places.checkpoint),
        "BOSTAN_OUTPUT_DIR": str(places.output),
        "BOSTAN_SHIM_SOCKET": str(places.rank_folder / SOCKET),
    }

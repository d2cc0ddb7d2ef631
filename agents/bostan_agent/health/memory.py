"""What is thought of the GPUs outlives the agent, not the node's boot: a file, written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bostan_agent.health.verdict import GpuHealth


class _Remembered(BaseModel):
    model_config = ConfigDict(extra="forbid")

    boot_id: str
    gpus: dict[str, GpuHealth]


def remembered(path: Path, boot_id: str) -> dict[str, GpuHealth]:
    """What was thought before; nothing after a reboot, which heals what it can, or where the file cannot be used."""
    try:
        kept = _Remembered.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
    return kept.gpus if kept.boot_id == boot_id else {}


def remember(path: Path, boot_id: str, memory: Mapping[str, GpuHealth]) -> None:
    """Write it down: a crash in between leaves the file as it was."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(_Remembered(boot_id=boot_id, gpus=dict(memory)).model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

"""The health policy as the YAML file states it, read strictly: every mistake is told with its line."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bostan_agent.health.verdict import Action, Severity

SHIPPED = Path(__file__).with_name("health.yaml")

_DEPTH_MAX = 8
"""Deeper than any policy; a mapping that holds itself has no end."""

Lines = dict[tuple[str, ...], int]


class PolicyError(ValueError):
    """The health policy is not well written. The message names file and line."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sign(_Strict):
    """What one sign in the readings means."""

    verdict: Literal[Severity.IGNORED, Severity.WARNED, Severity.DRAINING, Severity.FAILED]
    action: Action
    latch: bool = False


class Limit(Sign):
    """A sign that needs a number."""

    limit: float


class Xid(_Strict):
    """What one XID means. XIDs latch."""

    verdict: Severity
    action: Action
    why: str = Field(min_length=1, max_length=200)


def _with_dashes(name: str) -> str:
    return name.replace("_", "-")


class Signs(_Strict):
    """Every sign that the rules look for; their meaning is in `rules`. In the file, names are written with dashes."""

    model_config = ConfigDict(alias_generator=_with_dashes)

    gpu_lost: Sign
    gpu_unreadable: Sign
    off_the_bus: Sign
    gpu_missing: Sign
    reset_required: Sign
    recovery_reset: Sign
    recovery_reboot: Sign
    recovery_other: Sign
    remap_failed: Sign
    remap_pending: Sign
    retired_pages_pending: Sign
    uncorrectable_rows: Limit
    ecc_uncorrected: Limit
    nvlink_down: Sign
    nvlink_crc: Limit
    fabric_not_joined: Sign
    pcie_width: Sign
    mig_empty: Sign
    devices_hung: Sign
    devices_unread: Sign
    hardware_slowdown: Limit
    temperature_margin: Limit
    clock_behind: Limit
    pcie_replays: Limit
    persistence_off: Sign
    call_failed: Sign

    def of(self, code: str) -> Sign:
        """The sign of this name."""
        sign: Sign = getattr(self, code.replace("-", "_"))
        return sign


class Policy(_Strict):
    """All of the file."""

    version: Literal[1]
    good_samples_to_clear: int = Field(ge=1, le=1000)
    slowdown_window_seconds: float = Field(gt=0, le=86400)
    signs: Signs
    unknown_xid: Xid
    xids: dict[int, Xid]

    def xid(self, number: int) -> Xid:
        """What this XID means."""
        return self.xids.get(number, self.unknown_xid)


def load_policy(path: Path = SHIPPED) -> Policy:
    """The policy in the file; `PolicyError` with file, line and remedy where it is not one."""
    lines: Lines = {(): 1}
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        data = _plain(path, root, (), lines)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: is not YAML: {error}") from error
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise PolicyError(_first(path, error, lines)) from error


def _plain(path: Path, node: yaml.Node | None, place: tuple[str, ...], lines: Lines) -> Any:
    """The node's data; on the way the line of every key is written down and a key given twice refused."""
    if not isinstance(node, yaml.MappingNode):
        return None if node is None else yaml.SafeLoader("").construct_object(node, deep=True)
    if len(place) > _DEPTH_MAX:
        raise PolicyError(f"{path}:{_line(node)}: is nested too deeply.")
    data = {}
    for key, value in node.value:
        inner = (*place, str(key.value))
        if inner in lines:
            raise PolicyError(f"{path}:{_line(key)}: {'.'.join(inner)} is given twice; keep one of them.")
        lines[inner] = _line(key)
        data[key.value] = _plain(path, value, inner, lines)
    return data


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _first(path: Path, error: ValidationError, lines: Lines) -> str:
    """The first mistake; what is missing is told at the line of what it should stand in."""
    first = error.errors(include_url=False)[0]
    place = tuple(str(part) for part in first["loc"] if part != "[key]")
    line = next(lines[place[:size]] for size in range(len(place), -1, -1) if place[:size] in lines)
    match first["type"]:
        case "extra_forbidden":
            what = "is not known; remove it or correct its name"
        case "missing":
            what = "is missing; the shipped health.yaml has one to copy"
        case _:
            what = first["msg"][:1].lower() + first["msg"][1:]
    return f"{path}:{line}: {'.'.join(place)}: {what}."

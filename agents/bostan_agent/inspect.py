"""`bostan-agent inspect`: what this node's GPUs are and how they do, as tables for people or JSON for programs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bostan_agent.devices.errors import DevicesError, DriverMissing
from bostan_agent.devices.port import Devices, Gpu, Inventory, Link, LinkKind, Reading, Telemetry
from bostan_agent.health.assess import assess
from bostan_agent.health.policy import Policy
from bostan_agent.health.verdict import Draining, Failed, GpuHealth, Healthy, Verdict, Warned

_GIBIBYTE = 1 << 30
_COLOURS = {Healthy: "green", Warned: "yellow", Draining: "dark_orange", Failed: "red"}

OK, UNREADABLE, UNFIT = 0, 1, 3
"""Exit codes: all GPUs may be used (or there are none); the devices could not be read; a GPU may not be used."""


async def inspect(
    devices: Devices,
    policy: Policy,
    output: Literal["table", "json"],
    console: Console,
    memory: Mapping[str, GpuHealth] | None = None,
) -> int:
    """Read the devices once, print them, and give the exit code. The caller closes the devices.

    `memory` is what a running agent thinks of the GPUs (`health.memory.remembered`): errors that it saw and we did not.
    """
    try:
        inventory, telemetry = await devices.inventory(), await devices.telemetry()
    except DriverMissing as error:
        _print(console, output, Inventory(None, None, ()), None, {}, str(error))
        return OK
    except DevicesError as error:
        _print(console, output, None, None, {}, str(error))
        return UNREADABLE
    health = assess(policy, memory or {}, inventory, telemetry)
    _print(console, output, inventory, telemetry, health, None)
    return UNFIT if any(each.reason_not_to_place for each in health.values()) else OK


def _print(
    console: Console,
    output: Literal["table", "json"],
    inventory: Inventory | None,
    telemetry: Telemetry | None,
    health: Mapping[str, GpuHealth],
    error: str | None,
) -> None:
    if output == "json":
        console.print(
            to_json(inventory, telemetry, health, error), soft_wrap=True, markup=False, highlight=False
        )
    elif error is not None or inventory is None:
        console.print(error, markup=False)
    else:
        console.print(render_table(inventory, telemetry, health))


def to_json(
    inventory: Inventory | None,
    telemetry: Telemetry | None,
    health: Mapping[str, GpuHealth],
    error: str | None = None,
) -> str:
    """One object; fields that a GPU does not tell are null. `gpus` is null where the devices could not be read."""
    read = _readings(telemetry)
    gpus = None if inventory is None else [_gpu_object(gpu, read, health) for gpu in inventory.gpus]
    hidden = [
        _verdict_object(each) for name, each in health.items() if inventory and name not in _names(inventory)
    ]
    whole = {
        "driver_version": inventory.driver_version if inventory else None,
        "cuda_version": inventory.cuda_version if inventory else None,
        "error": error,
        "gpus": gpus,
        "unreadable_gpus": hidden,
        "links": [asdict(link) for link in inventory.links] if inventory else [],
    }
    return json.dumps(whole, indent=2)


def _gpu_object(gpu: Gpu, read: Mapping[str, Reading], health: Mapping[str, GpuHealth]) -> dict[str, Any]:
    reading = read.get(gpu.uuid)
    verdict = _verdict_object(health[gpu.uuid]) if gpu.uuid in health else {}
    return asdict(gpu) | {"reading": asdict(reading) if reading else None} | verdict


def _verdict_object(health: GpuHealth) -> dict[str, Any]:
    findings = [asdict(finding) for finding in health.findings]
    errors = [asdict(error) for error in health.app_errors]
    return {"gpu": health.gpu, "verdict": _word(health.verdict), "findings": findings, "app_errors": errors}


def render_table(
    inventory: Inventory, telemetry: Telemetry | None, health: Mapping[str, GpuHealth]
) -> RenderableType:
    """The GPUs, what was found wrong with them, and how they are joined."""
    head = f"driver {inventory.driver_version or '?'}, CUDA {inventory.cuda_version or '?'}"
    gauges = _gauge_table(inventory, _readings(telemetry))
    parts: list[RenderableType] = [Text(head), _gpu_table(inventory, health), gauges]
    if any(each.findings for each in health.values()):
        parts.append(_finding_table(inventory, health))
    if len(inventory.gpus) > 1:
        parts.append(_link_table(inventory))
    return Group(*parts)


_COLUMNS: tuple[tuple[str, Callable[[Gpu, Reading], str]], ...] = (
    ("memory", lambda gpu, now: f"{_gib(now.memory_used_bytes)}/{_gib(gpu.memory_bytes)} GiB"),
    ("compute", lambda gpu, _: _or_dash(gpu.compute_capability)),
    ("PCI", lambda gpu, _: gpu.pci_bus_id),
    ("NUMA", lambda gpu, _: _or_dash(gpu.numa_node)),
    ("load", lambda _, now: _with_unit(now.utilisation_percent, "%")),
    ("heat", lambda _, now: _with_unit(now.temperature_celsius, "°C")),
    ("power", lambda _, now: _watts(now.power_milliwatts, now.power_limit_milliwatts)),
    ("processes", lambda _, now: "-" if now.processes is None else str(len(now.processes))),
)


def _table(title: str, *columns: str) -> Table:
    """Narrow enough, in all uses here, for a terminal of 80 columns; the number of a GPU holds for this output only."""
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in columns:
        table.add_column(column, no_wrap=column in ("GPU", "PCI"), overflow="fold")
    return table


def _gpu_table(inventory: Inventory, health: Mapping[str, GpuHealth]) -> Table:
    table = _table("GPUs", "#", "GPU", "name", "health")
    for number, gpu in enumerate(inventory.gpus):
        table.add_row(str(number), gpu.uuid, gpu.name, _coloured(health.get(gpu.uuid)))
        for instance in gpu.mig_instances:
            table.add_row("", instance.uuid, f"{instance.profile}, {_gib(instance.memory_bytes)} GiB", "")
    return table


def _gauge_table(inventory: Inventory, read: Mapping[str, Reading]) -> Table:
    table = _table("Now", "#", *(title for title, _ in _COLUMNS))
    for number, gpu in enumerate(inventory.gpus):
        now = read.get(gpu.uuid, Reading(gpu.uuid))
        table.add_row(str(number), *(cell(gpu, now) for _, cell in _COLUMNS))
    return table


def _finding_table(inventory: Inventory, health: Mapping[str, GpuHealth]) -> Table:
    numbers = {gpu.uuid: str(number) for number, gpu in enumerate(inventory.gpus)}
    table = _table("Findings", "#", "found", "evidence", "do")
    for name, each in health.items():
        for finding in each.findings:
            table.add_row(numbers.get(name, name), finding.code, Text(finding.evidence), finding.action.value)
    return table


def _link_table(inventory: Inventory) -> Table:
    names = [gpu.uuid for gpu in inventory.gpus]
    cells = {frozenset((link.a, link.b)): _link_word(link) for link in inventory.links}
    table = _table("Links", "#", *map(str, range(len(names))))
    for row, a in enumerate(names):
        table.add_row(str(row), *("·" if a == b else cells.get(frozenset((a, b)), "?") for b in names))
    return table


def _link_word(link: Link) -> str:
    return f"NV{link.nvlinks}" if link.kind is LinkKind.NVLINK else link.kind.value.upper()


def _readings(telemetry: Telemetry | None) -> dict[str, Reading]:
    return {reading.uuid: reading for reading in telemetry.readings} if telemetry else {}


def _names(inventory: Inventory) -> set[str]:
    return {gpu.uuid for gpu in inventory.gpus}


def _word(verdict: Verdict) -> str:
    return type(verdict).__name__.lower()


def _coloured(health: GpuHealth | None) -> Text:
    return Text("-") if health is None else Text(_word(health.verdict), _COLOURS[type(health.verdict)])


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)


def _with_unit(value: int | None, unit: str) -> str:
    return "-" if value is None else f"{value}{unit}"


def _gib(size: int | None) -> str:
    return "-" if size is None else f"{size / _GIBIBYTE:.0f}"


def _watts(draw: int | None, limit: int | None) -> str:
    return "-" if draw is None else f"{draw // 1000}/{'-' if limit is None else limit // 1000} W"

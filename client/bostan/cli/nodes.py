"""Nodes and GPUs: what there is, what it does, and taking a node out of service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, NodeId, Output, ParkFilter, Reason
from bostan.cli.output import Cell, Column, emit_items, print_facts, print_json, print_table, write
from bostan.cli.session import connect
from bostan.cli.words import local_time, local_time_exact, size
from bostan.errors import WrongUsage

if TYPE_CHECKING:
    from bostan.api import Gpu, Node
    from bostan.client import Client

_NODE_COLUMNS = (
    Column("NODE"),
    Column("STATE", "state"),
    Column("GPUS", "number"),
    Column("FREE", "number"),
    Column("HEARD"),
    Column("PROBLEMS", "shrinks"),
)
_GPU_COLUMNS = (
    Column("GPU"),
    Column("NODE", "shrinks"),
    Column("CLASS", "shrinks"),
    Column("STATE", "state"),
    Column("JOB", "shrinks"),
    Column("USE", "number"),
)
# A UUID's first part tells GPUs apart; the whole of it stands in JSON and in `bostan nodes NODE`.
_UUID_CHARACTERS = 12


def nodes(
    node: Annotated[
        str | None, typer.Argument(metavar="[NODE]", help="Only this one, as PARK/NAME, in full.")
    ] = None,
    park: ParkFilter = None,
    output: Output = Format.TABLE,
) -> None:
    """List the nodes, or show one in full."""
    with connect() as client:
        if node is None:
            emit_items(client.nodes(park=park), output, _NODE_COLUMNS, _node_row, "There are no nodes")
        else:
            _show(client.node(node), output)


def _node_row(node: Node) -> tuple[Cell, ...]:
    free = sum(gpu.state == "free" for gpu in node.gpus)
    problems = "; ".join(node.problems)
    return (node_name(node), node.state, len(node.gpus), free, local_time(node.last_heard_at), problems)


def node_name(node: Node) -> str:
    """A node as commands take it."""
    return f"{node.park}/{node.name}"


def _show(node: Node, output: Format) -> None:
    if output is Format.JSON:
        print_json(node)
        return
    print_facts(_facts(node))
    if node.gpus:
        columns = (
            Column("GPU"),
            Column("CLASS", "shrinks"),
            Column("STATE", "state"),
            Column("JOB", "shrinks"),
        )
        write("")
        print_table(columns, [(gpu.uuid, gpu.gpu_class or gpu.name, gpu.state, gpu.job) for gpu in node.gpus])


def _facts(node: Node) -> Iterator[tuple[str, Cell]]:
    yield "node", node_name(node)
    yield "state", node.state
    yield "last heard", local_time_exact(node.last_heard_at)
    yield "agent", node.agent_version
    yield "driver", node.driver_version
    yield "isolation", node.isolation
    yield "CPUs", node.cpus
    yield "memory", size(node.memory_bytes)
    yield "labels", ", ".join(f"{name}={value}" for name, value in node.labels.items())
    for problem in node.problems:
        yield "problem", problem
    for gpu in node.gpus:
        for finding in gpu.findings:
            yield "finding", f"{gpu.uuid}: {finding}"


def gpus(
    park: ParkFilter = None,
    gpu_class: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Only this class.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """List the GPUs, and what each is doing."""
    with connect() as client:
        found = client.gpus(park=park, gpu_class=gpu_class)
        emit_items(found, output, _GPU_COLUMNS, _gpu_row, "There are no GPUs")


def _gpu_row(gpu: Gpu) -> tuple[Cell, ...]:
    short = gpu.uuid.removeprefix("GPU-")[:_UUID_CHARACTERS]
    use = None if gpu.utilisation_percent is None else f"{gpu.utilisation_percent} %"
    place = gpu.node if gpu.node.startswith(f"{gpu.park}/") else f"{gpu.park}/{gpu.node}"
    return (short, place, gpu.gpu_class or gpu.name, gpu.state, gpu.job, use)


def drain(
    node: NodeId,
    reason: Reason = "",
    requeue: Annotated[
        bool, typer.Option("--requeue", help="Move away what runs there; omitted: it runs on.")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Start nothing new on a node (operators)."""
    with connect() as client:
        _tell(client.drain(node, reason, requeue=requeue), output)


def undrain(node: NodeId, output: Output = Format.TABLE) -> None:
    """Let a drained node start work again (operators)."""
    with connect() as client:
        _tell(client.undrain(node), output)


def confirm_dead(
    node: NodeId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """State that a node's power is off, so that what it held is free at once (operators).

    If it is running after all, its work runs twice.
    """
    with connect() as client:
        if not yes:
            _ask(client, node)
        _tell(client.confirm_dead(node), output)


def _ask(client: Client, node: str) -> None:
    if not sys.stdin.isatty():
        raise WrongUsage("There is no terminal to ask on", "give --yes when the node's power is off")
    state = client.node(node).state
    typer.confirm(f"{node} is {state}. Is its power off?", abort=True, err=True)


def _tell(node: Node, output: Format) -> None:
    if output is Format.JSON:
        print_json(node)
    else:
        write(f"{node_name(node)} is {node.state}")

"""Changing what becomes of a job: cancel it, or requeue it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bostan.cli.options import Format, JobId, Output, Reason
from bostan.cli.output import print_json, say, write
from bostan.cli.session import connect

if TYPE_CHECKING:
    from bostan.api import Job


def cancel(job: JobId, reason: Reason = "", output: Output = Format.TABLE) -> None:
    """Stop a job for good."""
    with connect() as client:
        told = client.cancel(job, reason)
    _tell(told, output, "cancelled")


def requeue(
    job: JobId,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint/--no-checkpoint", help="Ask for a checkpoint before it stops.")
    ] = True,
    avoid_node: Annotated[
        bool, typer.Option("--avoid-node", help="Prefer another node for the next attempt.")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Save, stop the attempt, and queue the job again."""
    with connect() as client:
        told = client.requeue(job, checkpoint=checkpoint, avoid_node=avoid_node)
    _tell(told, output, "requeued")


def _tell(job: Job, output: Format, order: str) -> None:
    if output is Format.JSON:
        print_json(job)
        return
    write(f"{job.id} is to be {order}; it is {job.state} now")
    if job.state == "unknown":
        say("Its node is silent: GPUs and quota are held until its lease ends or the node is heard again")

"""Trying a submission without submitting: could it ever run, would the quota let it, what would be sent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bostan.cli.effective import effective
from bostan.cli.options import Format
from bostan.cli.output import print_facts, print_json, say
from bostan.errors import InvalidFile
from bostan.strictmodel import Finding

if TYPE_CHECKING:
    from bostan.api import NewJob
    from bostan.client import Client
    from bostan.jobfile import JobFile

_NO_GPUS = Finding(
    ("gpus",), "no node of any park has reported a GPU yet", "see `bostan parks`, and try again"
)


def dry_run(client: Client, job: JobFile, work_folder: Path | None, output: Format) -> None:
    """Print what would be sent. Raises InvalidFile, by line, for what no park or no quota could ever give."""
    wanted = _wanted(client, job, work_folder)
    _check(client, job, wanted.firm)
    if output is Format.JSON:
        print_json(wanted)
        return
    print_facts(effective(wanted))
    say("Nothing was sent; it could run")


def _wanted(client: Client, job: JobFile, work_folder: Path | None) -> NewJob:
    from bostan.newjob import new_job
    from bostan.workdir import pack

    me = client.whoami()
    if work_folder is None:
        return new_job(job.spec, me)
    with tempfile.TemporaryDirectory(prefix="bostan-") as scratch:
        packed = pack(work_folder, Path(scratch) / "work.tar.gz")
    return new_job(job.spec, me, packed.archive)


def _check(client: Client, job: JobFile, firm: str) -> None:
    from bostan.grounds import refuse_impossible
    from bostan.newjob import node_kinds, park_capacity
    from bostan.quotafit import never_within

    has = client.capacity()
    capacity = park_capacity(has)
    if job.spec.gpus and not capacity:
        raise InvalidFile([job.located(_NO_GPUS)])
    refuse_impossible(job, capacity, {park.id for park in client.parks()}, node_kinds(has))
    classes = [each.gpu_class for each in capacity]
    findings = never_within(job.spec, firm, classes, list(client.quotas()))
    if findings:
        raise InvalidFile([job.located(each) for each in findings])

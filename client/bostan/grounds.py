"""Could any park ever run this job? Asked before anything is sent, so that the answer names the place in the job file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bostan.errors import FileProblem, InvalidFile
from bostan.jobfile import JobFile, JobSpec, NodeKind, ParkCapacity, impossible
from bostan.strictmodel import Finding
from bostan.yamlfile import field_name


def refuse_impossible(
    job: JobSpec | JobFile,
    capacity: Sequence[ParkCapacity],
    parks: Collection[str],
    nodes: Sequence[NodeKind] = (),
) -> None:
    """Raises InvalidFile with every reason. While no GPU of any park is known, nothing is called impossible."""
    spec = job.spec if isinstance(job, JobFile) else job
    findings = impossible(spec, capacity, parks, nodes) if capacity else []
    if findings:
        raise InvalidFile([located(job, each) for each in findings])


def named_parks(spec: JobSpec) -> frozenset[str]:
    """The parks that the job speaks of."""
    return frozenset((*spec.parks.allow, *spec.parks.deny, *spec.parks.prefer))


def located(job: JobSpec | JobFile, finding: Finding) -> FileProblem:
    """A finding with its file and line, where the job was read from one."""
    if isinstance(job, JobFile):
        return job.located(finding)
    return FileProblem("job", None, field_name(finding.at), finding.problem, finding.remedy)

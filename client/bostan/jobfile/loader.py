"""From a job file, or from the words of a command line, to a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bostan.errors import FileProblem, InvalidFile
from bostan.jobfile.spec import JobSpec
from bostan.strictmodel import Finding, findings_of, validated
from bostan.yamlfile import YamlFile, field_name, read_yaml


@dataclass(frozen=True, slots=True)
class JobFile:
    """A job and the file it was read from."""

    spec: JobSpec
    path: Path
    source: YamlFile

    @property
    def work_folder(self) -> Path | None:
        """The folder to send, or None when the job sends none."""
        return None if self.spec.work_dir is None else self.path.parent / self.spec.work_dir

    def located(self, finding: Finding) -> FileProblem:
        """A later finding about this job, placed in its file."""
        return self.source.problem(finding.at, finding.problem, finding.remedy)


def load_job(path: Path) -> JobSpec:
    """The job in this file. Raises InvalidFile with every mistake."""
    return read_job(path).spec


def read_job(path: Path) -> JobFile:
    """The job in this file, with what is needed to speak of its lines. Raises InvalidFile."""
    source = read_yaml(path)
    if not isinstance(source.value, dict):
        what = "is empty" if source.value is None else "is not a mapping"
        raise InvalidFile([source.problem((), what, "write `name:` and `command:` lines")])
    job = JobFile(validated(JobSpec, source, _with_env_as_written(source.value, source)), path, source)
    _check_work_folder(job)
    return job


def job_from(fields: Mapping[str, Any], origin: str = "command line") -> JobSpec:
    """A job from fields spelt as in a job file. Raises InvalidFile that names `origin` instead of a file."""
    from pydantic import ValidationError

    try:
        return JobSpec.model_validate(fields)
    except ValidationError as exc:
        findings = findings_of(exc, JobSpec)
        raise InvalidFile(
            [FileProblem(origin, None, field_name(each.at), each.problem, each.remedy) for each in findings]
        ) from exc


def job_schema() -> dict[str, Any]:
    """The JSON schema of a job file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **JobSpec.model_json_schema(mode="serialization"),
    }


def _with_env_as_written(value: dict[str, object], source: YamlFile) -> dict[str, object]:
    """Environment variables are text: `LR: 1e-3` is given to the process exactly so."""
    env = value.get("env")
    if not isinstance(env, dict):
        return value
    return {**value, "env": {name: source.texts.get(("env", name), inner) for name, inner in env.items()}}


def _check_work_folder(job: JobFile) -> None:
    folder = job.work_folder
    if folder is None:
        return
    try:
        exists = folder.is_dir()
    except (OSError, ValueError):
        exists = False
    if not exists:
        problem = f"the folder {job.spec.work_dir} does not exist beside the job file"
        raise InvalidFile(
            [job.source.problem(("work_dir",), problem, "correct it, or write null to send none")]
        )

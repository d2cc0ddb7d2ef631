"""From a folder of quota files to one checked value, every mistake told by file and line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from bostan.errors import FileProblem, InvalidFile
from bostan.quotas.checks import check_quotas, quota_warnings
from bostan.quotas.instants import timezone
from bostan.quotas.merge import Merged, merge
from bostan.quotas.model import QuotaFiles
from bostan.strictmodel import Finding, findings_of
from bostan.yamlfile import YamlFile, field_name, read_yaml

FILES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class LoadedQuotas:
    """The quota files, and what in them is allowed but probably not meant."""

    files: QuotaFiles
    warnings: tuple[FileProblem, ...]


def load_quotas(path: Path) -> QuotaFiles:
    """The quota files in this folder and its folders, or this one file. Raises InvalidFile with every mistake."""
    return read_quotas(path).files


def read_quotas(path: Path) -> LoadedQuotas:
    """As `load_quotas`, with the warnings. Raises InvalidFile with every mistake, by file and line."""
    merged = merge(_parsed(path))
    files, findings = _checked(merged.value)
    located = merged.problems + _located(merged, findings)
    if located or files is None:
        raise InvalidFile(_sorted(located))
    return LoadedQuotas(files, tuple(_sorted(_located(merged, quota_warnings(files)))))


def quotas_from(value: Mapping[str, Any], origin: str = "request") -> QuotaFiles:
    """The same from an already merged value, as the REST interface receives it. Raises InvalidFile."""
    files, findings = _checked(value)
    if files is None or findings:
        raise InvalidFile(
            [FileProblem(origin, None, field_name(each.at), each.problem, each.remedy) for each in findings]
        )
    return files


def _checked(value: Mapping[str, Any]) -> tuple[QuotaFiles | None, list[Finding]]:
    """The value as quota files, and what is wrong: first with entries by themselves, else between them."""
    try:
        files = QuotaFiles.model_validate(value, context={"zone": _zone(value)})
    except ValidationError as exc:
        return None, findings_of(exc, QuotaFiles)
    return files, check_quotas(files)


def _parsed(path: Path) -> list[YamlFile]:
    """Every file, parsed. Raises InvalidFile with the mistakes of all files that cannot be."""
    files: list[YamlFile] = []
    problems: list[FileProblem] = []
    for each in _paths(path):
        try:
            files.append(read_yaml(each))
        except InvalidFile as exc:
            problems += exc.problems
    if problems:
        raise InvalidFile(problems)
    return files


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*.y*ml") if each.suffix in (".yaml", ".yml"))
    if misnamed := [each for each in found if each.suffix == ".yml"]:
        raise _whole(
            misnamed[0], "is named .yml", "rename it to .yaml, so that nothing is left out by mistake"
        )
    if not found:
        raise _whole(path, "holds no *.yaml file", "check the path")
    if len(found) > FILES_MAX:
        raise _whole(path, f"holds more than {FILES_MAX} files", "load a folder inside it, or merge files")
    return found


def _whole(path: Path, problem: str, remedy: str) -> InvalidFile:
    return InvalidFile([FileProblem(str(path), None, "", problem, remedy)])


def _zone(value: Mapping[str, Any]) -> Any:
    """The zone of Jalali days; UTC where `meta` lacks it, which is a mistake by itself and need be told only once."""
    meta = value.get("meta")
    try:
        return timezone(meta.get("timezone") if isinstance(meta, Mapping) else None)
    except PydanticCustomError:
        return timezone("UTC")


def _located(merged: Merged, findings: Iterable[Finding]) -> list[FileProblem]:
    return [merged.problem(each.at, each.problem, each.remedy) for each in findings]


def _sorted(problems: Iterable[FileProblem]) -> list[FileProblem]:
    return sorted(problems, key=lambda each: (each.file, each.line or 0))

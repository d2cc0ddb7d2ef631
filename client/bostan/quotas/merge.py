"""Many quota files as one value, and the way back from any field of it to its file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bostan.errors import FileProblem
from bostan.quotas.model import QuotaFiles
from bostan.strictmodel import shown, unknown_key
from bostan.yamlfile import FieldPath, YamlFile, field_name

VERSION = 1
_BY_ID = ("gpu_classes", "parks", "firms")
_LISTS = {"quotas": "quota", "reservations": "reservation"}


@dataclass(slots=True)
class Merged:
    """The merged value, where each entry of it came from, and what could not be merged."""

    value: dict[str, object] = field(default_factory=lambda: {"schema_version": VERSION})
    problems: list[FileProblem] = field(default_factory=list)
    first: YamlFile | None = None
    entries: dict[FieldPath, tuple[YamlFile, FieldPath]] = field(default_factory=dict)
    listed: dict[tuple[str, str], tuple[YamlFile, FieldPath]] = field(default_factory=dict)

    def problem(self, at: FieldPath, problem: str, remedy: str) -> FileProblem:
        """A finding about the merged value, placed in the file that holds the field."""
        for length in (2, 1):
            if place := self.entries.get(at[:length]):
                file, path = place
                return file.problem((*path, *at[length:]), problem, remedy)
        assert self.first is not None, "there is at least one file"
        return FileProblem(self.first.name, 1, field_name(at), problem, remedy)

    def refuse(self, file: YamlFile, at: FieldPath, problem: str, remedy: str) -> None:
        self.problems.append(file.problem(at, problem, remedy))


def merge(files: Sequence[YamlFile]) -> Merged:
    """Merge by top-level key. An id that stands twice is told with both places."""
    merged = Merged(first=files[0])
    for file in files:
        if isinstance(file.value, dict):
            _check_version(merged, file, file.value)
            for key, entry in file.value.items():
                _take(merged, file, key, entry)
        else:
            what = "is empty" if file.value is None else "is not a mapping"
            merged.refuse(file, (), what, f"begin it with `schema_version: {VERSION}`")
    return merged


def _check_version(merged: Merged, file: YamlFile, value: dict[str, object]) -> None:
    if "schema_version" not in value:
        merged.refuse(file, ("schema_version",), "is missing", f"write `schema_version: {VERSION}` first")
    elif value["schema_version"] != VERSION or isinstance(value["schema_version"], bool):
        merged.refuse(file, ("schema_version",), f"must be {VERSION}", f"write {VERSION}")


def _take(merged: Merged, file: YamlFile, key: str, entry: object) -> None:
    """One top-level key of one file."""
    if key == "schema_version":
        return
    if key == "meta":
        _take_meta(merged, file, entry)
    elif key in _LISTS:
        _take_list(merged, file, key, entry)
    elif key in _BY_ID:
        _take_by_id(merged, file, key, entry)
    else:
        finding = unknown_key((key,), QuotaFiles)
        merged.refuse(file, finding.at, finding.problem, finding.remedy)


def _take_meta(merged: Merged, file: YamlFile, entry: object) -> None:
    if "meta" in merged.value:
        first = _place(*merged.entries["meta",])
        merged.refuse(file, ("meta",), f"stands in two files (first in {first})", "keep one")
        return
    merged.value["meta"] = entry
    merged.entries["meta",] = (file, ("meta",))


def _take_by_id(merged: Merged, file: YamlFile, key: str, entry: object) -> None:
    if not isinstance(entry, dict):
        merged.refuse(
            file, (key,), f"must be a mapping, not {shown(entry)}", "write an id and its fields under it"
        )
        return
    into = merged.value.setdefault(key, {})
    assert isinstance(into, dict), "only mappings are merged here"
    for name, row in entry.items():
        place = (file, (key, name))
        if name in into:
            first = _place(*merged.entries[key, name])
            merged.refuse(*place, f"is written twice (first in {first})", "keep one")
            continue
        into[name] = row
        merged.entries[key, name] = place


def _take_list(merged: Merged, file: YamlFile, key: str, entry: object) -> None:
    if not isinstance(entry, list):
        remedy = f"write one '- ' entry for each {_LISTS[key]}"
        merged.refuse(file, (key,), f"must be a list, not {shown(entry)}", remedy)
        return
    into = merged.value.setdefault(key, [])
    assert isinstance(into, list), "only lists are merged here"
    for at, node in enumerate(entry):
        place = (file, (key, at))
        name = node.get("id") if isinstance(node, dict) else None
        if isinstance(name, str) and (first := merged.listed.setdefault((key, name), place)) != place:
            merged.refuse(
                file, (key, at, "id"), f"{name} is written twice (first in {_place(*first)})", "keep one"
            )
            continue
        merged.entries[key, len(into)] = place
        into.append(node)


def _place(file: YamlFile, at: FieldPath) -> str:
    return f"{file.name}:{file.line_of(at)}"

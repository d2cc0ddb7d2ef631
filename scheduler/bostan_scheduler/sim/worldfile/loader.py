"""From a world file, or a value with its form, to a checked `WorldFile`."""

from pathlib import Path
from typing import Any

from bostan.errors import InvalidFile
from bostan.strictmodel import validated
from bostan.yamlfile import YamlFile, read_yaml

from bostan_scheduler.sim.worldfile.model import WorldFile


def read_world(path: Path) -> YamlFile:
    """The parsed file, not yet checked: flags may still change it. Raises `InvalidFile`."""
    file = read_yaml(path)
    if not isinstance(file.value, dict):
        raise InvalidFile([file.problem((), "must be a mapping", "write `key: value` lines")])
    return file


def world_from(value: dict[str, Any], file: YamlFile) -> WorldFile:
    """The checked value; mistakes are told by the lines of `file`. Raises `InvalidFile` with all of them."""
    return validated(WorldFile, file, value)

"""One simulation as it is asked for: the value of a world file, changed by flags, and the folder that its paths are meant from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bostan.yamlfile import YamlFile

from bostan_scheduler.sim.engine import simulate
from bostan_scheduler.sim.metrics import metrics
from bostan_scheduler.sim.overlay import put
from bostan_scheduler.sim.report.document import metrics_value
from bostan_scheduler.sim.world import World
from bostan_scheduler.sim.worldfile import WorldFile, build_world, read_world, world_from

NO_FILE = "command line"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A value with the form of a world file, which knows the lines of the file that it began as."""

    value: dict[str, Any]
    file: YamlFile
    base: Path

    @classmethod
    def of(cls, path: Path | None) -> "Scenario":
        """That of a file, or an empty one that flags will fill. Raises `InvalidFile`."""
        if path is None:
            return cls({}, YamlFile(NO_FILE, {}, {}, {}), Path())
        file = read_world(path)
        assert isinstance(file.value, dict), "the loader has checked it"
        return cls(file.value, file, path.parent)

    def having(self, path: str, new: object) -> "Scenario":
        """The same with one field set. Raises `BadFlag`."""
        return replace(self, value=put(self.value, path, new))

    def checked(self) -> WorldFile:
        """The checked value. Raises `InvalidFile`."""
        return world_from(self.value, self.file)

    def world(self) -> World:
        """The world that it asks for. Raises as `build_world` does."""
        return build_world(self.checked(), self.base)


def metrics_of(scenario: Scenario, check: bool) -> dict[str, Any]:
    """Run it and tell its metrics alone: what one run of a sweep comes to."""
    return metrics_value(metrics(simulate(scenario.world(), check=check)))

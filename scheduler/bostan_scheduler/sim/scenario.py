"""One simulation as it is asked for: the value of a world file, changed by flags, and the folder that its paths are meant from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bostan_scheduler.sim.engine import simulate
from bostan_scheduler.sim.flagged import Flag, FlaggedFile
from bostan_scheduler.sim.given import place
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
    file: FlaggedFile
    base: Path

    @classmethod
    def of(cls, path: Path | None) -> "Scenario":
        """That of a file, or an empty one that flags will fill. Raises `InvalidFile`."""
        if path is None:
            return cls({}, FlaggedFile(NO_FILE, {}, {}, {}), Path())
        file = read_world(path)
        assert isinstance(file.value, dict), "the loader has checked it"
        return cls(file.value, FlaggedFile(file.name, file.value, file.lines, file.texts), path.parent)

    @property
    def from_file(self) -> bool:
        """Whether it began as a file."""
        return bool(self.file.lines)

    def having(self, path: str, new: object, flags: tuple[Flag, ...] = ()) -> "Scenario":
        """The same with one field set, by flags that are named if it is wrong. Raises `BadFlag`."""
        by = flags or (Flag(f"having {path}", place(path)),)
        value = put(self.value, path, new, by[0].words)
        return replace(self, value=value, file=replace(self.file, flags=(*self.file.flags, *by)))

    def checked(self) -> WorldFile:
        """The checked value. Raises `InvalidFile`."""
        return world_from(self.value, self.file)

    def world(self) -> World:
        """The world that it asks for. Raises as `build_world` does."""
        return build_world(self.checked(), self.base, self.file)


def metrics_of(scenario: Scenario, check: bool) -> dict[str, Any]:
    """Run it and tell its metrics alone: what one run of a sweep comes to."""
    return metrics_value(metrics(simulate(scenario.world(), check=check)))

"""Flags that have set fields of a world file: what is wrong with such a field is told of the flag, not of a line."""

from dataclasses import dataclass

from bostan.errors import FileProblem
from bostan.yamlfile import FieldPath, YamlFile, field_name


@dataclass(frozen=True, slots=True)
class Flag:
    """What somebody typed, and the field that it has set."""

    words: str
    at: FieldPath


@dataclass(frozen=True, slots=True)
class FlaggedFile(YamlFile):
    """A file of which flags have set some fields."""

    flags: tuple[Flag, ...] = ()

    def problem(self, path: FieldPath, problem: str, remedy: str = "") -> FileProblem:
        """The mistake by the flag that set this field, or else some of it; by its line where none did."""
        flag = self._over(path)
        if flag is not None:
            field = field_name(path[len(flag.at) :])
            return FileProblem(flag.words, None, field, problem, remedy)
        words = " ".join(one.words for one in self.flags if path and one.at[: len(path)] == path)
        if words:
            return FileProblem(words, None, field_name(path), problem, remedy)
        return YamlFile.problem(self, path, problem, remedy)

    def _over(self, path: FieldPath) -> Flag | None:
        over = [one for one in self.flags if path[: len(one.at)] == one.at]
        return max(over, key=lambda one: len(one.at), default=None)

"""What may be said of a trace beside its file: `KEY=VALUE`, each key known to the format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bostan.errors import FileProblem, InvalidFile

Told = Callable[[str, str, str], FileProblem]
"""How a mistake in an option is told: from its key, what is wrong, and the remedy."""


def _by_flag(key: str, problem: str, remedy: str) -> FileProblem:
    return FileProblem("--trace-option", None, key, problem, remedy)


@dataclass(slots=True)
class Options:
    """Values by key. `base` is the folder that paths in them are meant from."""

    values: Mapping[str, str] = field(default_factory=dict)
    base: Path = Path()
    told: Told = _by_flag
    used: set[str] = field(default_factory=set)

    def text(self, key: str, default: str = "") -> str:
        """A value as it stands."""
        self.used.add(key)
        return self.values.get(key, default)

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number in a range."""
        text = self.text(key)
        if not text:
            return default
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise self.wrong(key, f"is {text[:40]!r}", f"write a number from {least:g} to {most:g}")
        return number

    def choice(self, key: str, *choices: str) -> str:
        """One of some words; the first is the default."""
        text = self.text(key, choices[0])
        if text not in choices:
            raise self.wrong(key, f"is {text[:40]!r}", f"write {' or '.join(choices)}")
        return text

    def words(self, key: str) -> tuple[str, ...]:
        """Words with commas between them."""
        return tuple(filter(None, self.text(key).split(",")))

    def path(self, key: str) -> Path:
        """A file that must be named."""
        text = self.text(key)
        if not text:
            raise self.wrong(key, "is missing", f"add {key}=FILE")
        return self.base / text

    def refuse_others(self) -> None:
        """Raise for a key that nobody asked for."""
        for key in self.values.keys() - self.used:
            known = ", ".join(sorted(self.used)) or "none"
            raise self.wrong(key, "is not known to this format", f"it knows: {known}")

    def wrong(self, key: str, problem: str, remedy: str) -> InvalidFile:
        """The error that names an option."""
        return InvalidFile([self.told(key, problem, remedy)])

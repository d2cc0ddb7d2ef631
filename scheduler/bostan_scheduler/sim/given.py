"""What flags ask of a world: each a field and its value, and the words that it was asked in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bostan.yamlfile import FieldPath

from bostan_scheduler.sim.flagged import Flag
from bostan_scheduler.sim.overlay import BadFlag, pair, pool_line, scalar
from bostan_scheduler.sim.readers.formats import FORMATS

WORDS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Given:
    """A field, its value, and the flags that have set it or something in it."""

    path: str
    value: object
    flags: tuple[Flag, ...]

    @classmethod
    def of(cls, words: str, path: str, value: object) -> "Given":
        """One flag that sets one field."""
        return cls(path, value, (Flag(words, place(path)),))


def place(path: str) -> FieldPath:
    """The path of a field as flags write it, in its steps."""
    return tuple(path.split("."))


def words(flag: str, text: str) -> str:
    """A flag with what was given for it, cut short."""
    return f"{flag} {text[:WORDS_MAX]}"


def number(flag: str, path: str, text: str) -> Given:
    """A flag for one field, read as a world file would. Raises `BadFlag`."""
    said = words(flag, text)
    return Given.of(said, path, scalar(text, said))


def setting(text: str) -> Given:
    """`--set PATH=VALUE`. Raises `BadFlag`."""
    path, value = pair("--set", text)
    said = words("--set", text)
    return Given.of(said, path, scalar(value, said))


def pool(texts: Sequence[str]) -> Given:
    """All `--pool`. Raises `BadFlag`."""
    flags = tuple(Flag(words("--pool", text), ("pool", index)) for index, text in enumerate(texts))
    return Given("pool", [pool_line(text) for text in texts], flags)


def trace(text: str, options: Sequence[str]) -> Given:
    """`--trace FORMAT:FILE` with all `--trace-option`; files are meant from where somebody is. Raises `BadFlag`."""
    kind, _, file = text.partition(":")
    if kind not in FORMATS or not file:
        raise BadFlag(
            f"{words('--trace', text)}: is no trace", f"write FORMAT:FILE with one of {', '.join(FORMATS)}"
        )
    pairs = dict(pair("--trace-option", one) for one in options)
    at = ("workload", 0, "trace")
    flags = [Flag(words("--trace-option", one), (*at, "options", pair("", one)[0])) for one in options]
    line = {"format": kind, "file": str(Path(file).absolute()), "options": _absolute(pairs)}
    return Given("workload", [{"trace": line}], (Flag(words("--trace", text), at), *flags))


def _absolute(options: Mapping[str, str]) -> dict[str, str]:
    return {
        key: str(Path(text).absolute()) if Path(text).is_file() else text for key, text in options.items()
    }


def refuse_twice(given: Iterable[Given]) -> None:
    """Raise `BadFlag` where one flag sets what another has set, or a part of it."""
    before: list[Given] = []
    for one in given:
        at = place(one.path)
        for other in before:
            shorter = min(len(at), len(place(other.path)))
            if at[:shorter] == place(other.path)[:shorter]:
                said, already = one.flags[0].words, other.flags[0].words
                raise BadFlag(f"{said}: {already} sets that already", "leave one of them out")
        before.append(one)

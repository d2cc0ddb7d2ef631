"""Strict YAML: text in, plain values out, with the line of every field kept.

YAML is read as a person reads it: `no` and `12:30` are text, a key stands once, nothing is defined elsewhere by
an anchor or given a type by a tag. What could be misread is refused with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from bostan.errors import FileProblem, InvalidFile
from bostan.yamlscalar import UnclearScalar, plain_value

SIZE_BYTES_MAX: Final = 1024 * 1024
DEPTH_MAX: Final = 32

FieldPath = tuple[str | int, ...]

# libyaml where PyYAML was built with it: the same events, an order of magnitude faster.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed file: its plain value, and the line and the written text of each field in it."""

    name: str
    value: object
    lines: dict[FieldPath, int] = field(repr=False)
    texts: dict[FieldPath, str] = field(repr=False)

    def line_of(self, path: FieldPath) -> int:
        """The line of this field or, when it is missing, of the nearest field that should hold it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: FieldPath, problem: str, remedy: str = "") -> FileProblem:
        return FileProblem(self.name, self.line_of(path), field_name(path), problem, remedy)


def field_name(path: FieldPath) -> str:
    """`quotas[3].gpus.a100-80g`, as people write a path into a file."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name


def read_yaml(path: Path) -> YamlFile:
    """Read and parse a file. Raises InvalidFile, also for a file that cannot be opened."""
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_BYTES_MAX + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        problem = FileProblem(str(path), None, "", f"cannot be read ({reason})", "check the path")
        raise InvalidFile([problem]) from exc
    return parse_yaml(content, str(path))


def parse_yaml(content: bytes, name: str) -> YamlFile:
    """Parse the content of the file called `name`. Raises InvalidFile at the first thing that is not clear."""
    text = _decoded(content, name)
    events = yaml.parse(text, Loader=_LOADER)
    builder = _Builder(name)
    try:
        for event in events:
            builder.take(event)
    except yaml.MarkedYAMLError as exc:
        raise _not_yaml(name, text, exc) from exc
    except (yaml.YAMLError, ValueError) as exc:
        # An escape that names no character: PyYAML raises a bare ValueError for it, with no place.
        raise builder.refusal(builder.line, f"is not valid YAML ({exc})", "check the escapes") from exc
    return YamlFile(name, builder.root, builder.lines, builder.texts)


def _decoded(content: bytes, name: str) -> str:
    if len(content) > SIZE_BYTES_MAX:
        large = FileProblem(name, None, "", f"is larger than {SIZE_BYTES_MAX} bytes", "split it")
        raise InvalidFile([large])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise InvalidFile([FileProblem(name, line, "", "is not UTF-8 text", "save it as UTF-8")]) from exc
    if found := hidden_character(text):
        line = len(re.findall("\r\n|\r|\n", text[: found.start()])) + 1
        problem = f"holds the invisible character U+{ord(found.group()):04X}"
        raise InvalidFile([FileProblem(name, line, "", problem, "remove it")])
    return text


def hidden_character(text: str) -> re.Match[str] | None:
    """The first character that no editor shows and that would make a file read unlike it looks."""
    return _BIDI.search(text) or _CONTROL.search(text)


def _not_yaml(name: str, text: str, exc: yaml.MarkedYAMLError) -> InvalidFile:
    mark = exc.problem_mark or exc.context_mark
    if mark and exc.context_mark and mark.line >= len(text.splitlines()):
        mark = exc.context_mark  # what is open at the end of the file was opened there
    what = exc.problem or exc.context or "cannot be parsed"
    remedy = (
        "indent with spaces"
        if "\\t" in what or "a tab " in what
        else "check the indentation, and quote text that holds ': ' or '#'"
    )
    return InvalidFile(
        [FileProblem(name, mark.line + 1 if mark else None, "", f"is not valid YAML ({what})", remedy)]
    )


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None, "events of a parsed text know their place"
    return event.start_mark.line + 1


class _Builder:
    """Builds values from parse events, on a stack of its own: no depth of nesting can exhaust Python's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: object = None
        self.lines: dict[FieldPath, int] = {}
        self.texts: dict[FieldPath, str] = {}
        self.line = 1
        self._documents = 0
        self._open: list[_Open] = []

    def take(self, event: yaml.Event) -> None:
        self.line = _line(event)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self.refusal(self.line, "holds a second document", "keep one document in a file")
            case yaml.AliasEvent():
                raise self.refusal(self.line, f"uses the alias *{event.anchor}", "write the value out")
            case yaml.ScalarEvent():
                self._plain(event)
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._plain(event)
                self._enter(_Open({}, self._place(event)))
            case yaml.SequenceStartEvent():
                self._plain(event)
                self._enter(_Open([], self._place(event)))
            case yaml.CollectionEndEvent():
                self._leave()
            case _:
                pass

    def refusal(self, line: int, problem: str, remedy: str, path: FieldPath = ()) -> InvalidFile:
        return InvalidFile([FileProblem(self.name, line, field_name(path), problem, remedy)])

    def _plain(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self.refusal(
                self.line, f"defines the anchor &{event.anchor}", "write the value out where it is used"
            )
        if tag := getattr(event, "tag", None):
            raise self.refusal(self.line, f"uses the tag {tag}", "remove the tag")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        quoted = bool(event.style)
        if found := hidden_character(event.value):
            character = f"U+{ord(found.group()):04X}"
            raise self.refusal(
                self.line, f"holds the invisible character {character}", "remove it", self._path()
            )
        try:
            value = event.value if quoted else plain_value(event.value)
        except UnclearScalar as exc:
            raise self.refusal(self.line, exc.problem, exc.remedy, self._path()) from exc
        if self._open and self._open[-1].wants_key:
            self._key(value, event.value)
            return
        self.texts[self._place(event)] = event.value
        self._put(value)

    def _key(self, key: object, written: str) -> None:
        top = self._open[-1]
        if not isinstance(key, str):
            raise self.refusal(
                self.line,
                f"has the key {written or 'null'}, which is not text",
                f'write "{written}"',
                top.path,
            )
        path = (*top.path, key)
        if path in self.lines:
            first = self.lines[path]
            raise self.refusal(self.line, f"is written twice (first on line {first})", "keep one", path)
        self.lines[path] = self.line
        top.key = key

    def _place(self, event: yaml.NodeEvent) -> FieldPath:
        """The path of the value that begins with this event; its line is noted where no key noted it."""
        if self._open and self._open[-1].wants_key:
            raise self.refusal(
                self.line, "has a key that is not text", "write a simple key", self._open[-1].path
            )
        path = self._path()
        self.lines.setdefault(path, _line(event))
        return path

    def _path(self) -> FieldPath:
        return self._open[-1].next_path if self._open else ()

    def _enter(self, opened: _Open) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise self.refusal(self.line, f"is nested deeper than {DEPTH_MAX} levels", "flatten it")
        self._open.append(opened)

    def _leave(self) -> None:
        self._put(self._open.pop().value)

    def _put(self, value: object) -> None:
        if self._open:
            self._open[-1].add(value)
        else:
            self.root = value


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    value: dict[str, object] | list[object]
    path: FieldPath
    key: str | None = None

    @property
    def wants_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None

    @property
    def next_path(self) -> FieldPath:
        if isinstance(self.value, list):
            return (*self.path, len(self.value))
        return self.path if self.key is None else (*self.path, self.key)

    def add(self, value: object) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        else:
            assert self.key is not None, "a value in a mapping follows its key"
            self.value[self.key] = value
            self.key = None

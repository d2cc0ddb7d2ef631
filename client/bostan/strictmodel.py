"""The base of every model that is read from a file, and its mistakes told in the file's own words."""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bostan.errors import FileProblem, InvalidFile
from bostan.yamlfile import FieldPath, YamlFile, field_name

_FINDINGS: Final = "bostan_findings"
CHOICES_MAX: Final = 2_000
Model = TypeVar("Model", bound="StrictModel")


class StrictModel(BaseModel):
    """A frozen value that knows all its keys; keys of later versions are named so that they can be refused as such."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, hide_input_in_errors=True)

    not_supported_yet: ClassVar[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in a value, before anyone knows in which file and line it stands."""

    at: FieldPath
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return str(FileProblem("", None, field_name(self.at), self.problem, self.remedy))


def refuse(problem: str, remedy: str) -> PydanticCustomError:
    """The error a field's own check raises."""
    return refuse_all([Finding((), problem, remedy)])


def refuse_all(findings: Sequence[Finding]) -> PydanticCustomError:
    """The error a model's check raises: every contradiction in it at once, each `at` counted from the model."""
    text = " | ".join(str(finding) for finding in findings)
    return PydanticCustomError(_FINDINGS, "{text}", {"text": text, "findings": tuple(findings)})


def validated(model: type[Model], file: YamlFile, value: object, context: object = None) -> Model:
    """The value as a model. Raises InvalidFile with every mistake, in the order of the file's lines."""
    try:
        return model.model_validate(value, context=context)
    except ValidationError as exc:
        problems = [file.problem(each.at, each.problem, each.remedy) for each in findings_of(exc, model)]
        raise InvalidFile(sorted(problems, key=lambda problem: problem.line or 0)) from exc


def findings_of(error: ValidationError, model: type[BaseModel]) -> list[Finding]:
    """What pydantic found, said so that whoever wrote the value can mend it."""
    return [finding for details in error.errors(include_url=False) for finding in _findings(details, model)]


def _findings(details: ErrorDetails, model: type[BaseModel]) -> list[Finding]:
    at = tuple(step for step in details["loc"] if step != "[key]")
    context = details.get("ctx", {})
    kind = details["type"]
    if kind == _FINDINGS:
        inner = cast(tuple[Finding, ...], context["findings"])
        return [Finding((*at, *each.at), each.problem, each.remedy) for each in inner]
    if kind == "extra_forbidden":
        return [unknown_key(at, model)]
    problem, remedy = told(kind, context, details)
    return [Finding(at, problem, remedy)]


def unknown_key(at: FieldPath, model: type[BaseModel]) -> Finding:
    """Why the key at the end of this path cannot stand there, and what was probably meant."""
    key, owner = str(at[-1]), _model_at(at[:-1], model)
    if issubclass(owner, StrictModel) and key in owner.not_supported_yet:
        return Finding(at, "is not supported yet", "remove it")
    known = [info.alias or name for name, info in owner.model_fields.items()]
    if near := nearest(key, known):
        return Finding(at, "is an unknown key", f"did you mean `{near}`?")
    return Finding(at, "is an unknown key", f"remove it (known here: {', '.join(known)})")


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that this one was probably meant to be; none among too many, where the search would take long."""
    if len(known) > CHOICES_MAX:
        return None
    found = difflib.get_close_matches(word[:80].lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def _model_at(at: FieldPath, model: type[BaseModel]) -> type[BaseModel]:
    """The model that stands at this path inside `model`."""
    inner: Any = model
    for step in at:
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            fields = inner.model_fields.items()
            inner = next(info.annotation for name, info in fields if step in (name, info.alias))
        else:
            # a mapping's value type stands last; a list's, or a tuple's before its ellipsis, stands first
            arguments = [each for each in get_args(inner) if each is not Ellipsis]
            inner = arguments[-1]
        inner = _without_wrapping(inner)
    return cast(type[BaseModel], inner)


def _without_wrapping(annotation: Any) -> Any:
    """The annotation less `Annotated[...]` and `| None`."""
    if get_origin(annotation) is Annotated:
        return _without_wrapping(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _without_wrapping(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation


def told(kind: str, context: Mapping[str, Any], details: ErrorDetails) -> tuple[str, str]:
    """A problem and a remedy for one of pydantic's own kinds of error."""
    if kind in _TOLD:
        return _TOLD[kind](context)
    if kind in _WANTED:
        wanted, remedy = _WANTED[kind]
        return f"must be {wanted}, not {shown(details['input'])}", _in_ascii(details["input"]) or remedy
    return details["msg"][:1].lower() + details["msg"][1:], "correct it"


def shown(value: object) -> str:
    """A value as it can stand in a message: what it is, cut short, with nothing hidden in it."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."


def _in_ascii(value: object) -> str:
    """The remedy for a number that was written with other digits than 0 to 9."""
    ascii_digits = with_ascii_digits(value) if isinstance(value, str) else ""
    return f"write {ascii_digits}" if ascii_digits.isdigit() and ascii_digits != value else ""


def with_ascii_digits(text: str) -> str:
    """The text with Persian, Arabic and all other decimal digits replaced by 0 to 9."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)


_WANTED: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("text", "write it in quotes"),
    "int_type": ("a whole number", "write it as a whole number, without quotes"),
    "int_parsing": ("a whole number", "write it as a whole number"),
    "int_from_float": ("a whole number", "write it without a fraction"),
    "float_type": ("a number", "write it as a number, without quotes"),
    "float_parsing": ("a number", "write it as a number"),
    "finite_number": ("a finite number", "write a finite number"),
    "bool_parsing": ("true or false", "write true or false"),
    "bool_type": ("true or false", "write true or false"),
    "list_type": ("a list", "write [a, b] or one '- ' line for each"),
    "tuple_type": ("a list", "write [a, b] or one '- ' line for each"),
    "dict_type": ("a mapping", "write `key: value` lines under it"),
    "model_type": ("a mapping", "write `key: value` lines under it"),
    "model_attributes_type": ("a mapping", "write `key: value` lines under it"),
}
_TOLD: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]]] = {
    "missing": lambda _: ("is missing", "add it"),
    "greater_than_equal": lambda c: (f"must be at least {c['ge']}", f"write {c['ge']} or more"),
    "less_than_equal": lambda c: (f"must be at most {c['le']}", f"write {c['le']} or less"),
    "too_short": lambda c: (f"needs at least {c['min_length']} entries", "add what is missing"),
    "too_long": lambda c: (f"has more than {c['max_length']} entries", "remove some"),
    "string_too_short": lambda _: ("is empty", "write something, or remove the key"),
    "string_too_long": lambda c: (f"is longer than {c['max_length']} characters", "shorten it"),
    "greater_than": lambda c: (f"must be more than {c['gt']}", f"write more than {c['gt']}"),
    "less_than": lambda c: (f"must be less than {c['lt']}", f"write less than {c['lt']}"),
    "enum": lambda c: (f"must be {c['expected']}", f"write {c['expected']}"),
    **dict.fromkeys(
        ("datetime_from_date_parsing", "datetime_parsing", "datetime_type", "timezone_aware"),
        lambda _: ("is no instant", "write it with its offset, for example 2027-01-01T00:00:00+03:30"),
    ),
    "literal_error": lambda c: (f"must be {c['expected']}", f"write {c['expected']}"),
}

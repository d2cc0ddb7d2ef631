"""The types of a job's fields: durations, sizes, the command, the environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StrictStr, WithJsonSchema

from bostan.jobfile.units import BadUnit, duration_seconds, duration_text, size_bytes, size_text
from bostan.strictmodel import Finding, refuse, refuse_all, shown

ARGUMENTS_MAX: Final = 1_000
COMMAND_CHARACTERS_MAX: Final = 100_000
ENV_ENTRIES_MAX: Final = 256
ENV_CHARACTERS_MAX: Final = 32_768

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_RESERVED_NAMES: Final = frozenset(
    {"RANK", "WORLD_SIZE", "NODE_RANK", "NNODES", "MASTER_ADDR", "MASTER_PORT"}
    | {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES"}
)
_RESERVED_PREFIXES: Final = ("BOSTAN_", "RAY_")


def _unit(parse: Callable[[object], int]) -> Callable[[Any], int]:
    """The parser as a field's check."""

    def check(value: Any) -> int:
        try:
            return parse(value)
        except BadUnit as exc:
            raise refuse(exc.problem, exc.remedy) from exc

    return check


def _bounded(least: int, most: int, spell: Callable[[int], str]) -> AfterValidator:
    """A limit whose message speaks in the field's own unit."""

    def check(value: int) -> int:
        if value < least:
            raise refuse(f"{spell(value)} is less than {spell(least)}", f"write {spell(least)} or more")
        if value > most:
            raise refuse(f"{spell(value)} is more than {spell(most)}", f"write {spell(most)} or less")
        return value

    return AfterValidator(check)


Duration = Annotated[
    int,
    BeforeValidator(_unit(duration_seconds)),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$", "examples": ["2h", "1d12h"]}
    ),
]
Size = Annotated[
    int,
    BeforeValidator(_unit(size_bytes)),
    PlainSerializer(size_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(B|[KMGT]iB|[kMGT]B)$", "examples": ["40GiB"]}),
]

DAY: Final = 86_400
TimeLimit = Annotated[Duration, _bounded(1, 30 * DAY, duration_text)]
Estimate = Annotated[Duration, _bounded(1, 30 * DAY, duration_text)]
Grace = Annotated[Duration, _bounded(0, 3_600, duration_text)]
Notice = Annotated[Duration, _bounded(0, DAY, duration_text)]
Lease = Annotated[Duration, _bounded(60, DAY, duration_text)]
Memory = Annotated[Size, _bounded(2**20, 64 * 2**40, size_text)]


def checked_name(text: str) -> str:
    if _NAME.fullmatch(text):
        return text
    raise refuse(f"{shown(text)} is not a job name", "write 1 to 63 of a-z, A-Z, 0-9, '.', '_' and '-'")


def checked_command(value: Any) -> tuple[str, ...] | str:
    """A command as words, or as one line for the shell."""
    words = tuple(value) if isinstance(value, list | tuple) else (value,)
    for at, word in enumerate(words):
        if not isinstance(word, str):
            where = () if word is value else (at,)
            raise refuse_all([Finding(where, f"must be text, not {shown(word)}", "write it in quotes")])
        if "\0" in word:
            raise refuse("holds a zero byte", "remove it")
    if not words or not words[0].strip():
        raise refuse("is empty", "write the program to run, as [python, train.py]")
    if len(words) > ARGUMENTS_MAX or sum(map(len, words)) > COMMAND_CHARACTERS_MAX:
        raise refuse("is too long", "put it into a script in the work directory")
    return value if isinstance(value, str) else words


def checked_env(env: Mapping[str, str]) -> Mapping[str, str]:
    """Environment variables, none of them a name that Bostan itself sets."""
    if len(env) > ENV_ENTRIES_MAX:
        raise refuse(f"has more than {ENV_ENTRIES_MAX} entries", "put them into a file in the work directory")
    findings = [finding for name, value in env.items() for finding in _env_findings(name, value)]
    if findings:
        raise refuse_all(findings)
    return env


def env_name_finding(name: str) -> Finding | None:
    """What is wrong with the name of a variable, if anything: a job cannot set what Bostan sets for it."""
    if not _ENV_NAME.fullmatch(name):
        return Finding((name,), "is not a variable name", "use letters, digits and '_'")
    if name in _RESERVED_NAMES or name.startswith(_RESERVED_PREFIXES):
        return Finding((name,), "is set by Bostan itself", "use another name")
    return None


def _env_findings(name: str, value: str) -> list[Finding]:
    wrong = env_name_finding(name)
    if wrong is not None:
        return [wrong]
    if "\0" in value or len(value) > ENV_CHARACTERS_MAX:
        return [
            Finding((name,), f"is not 0 to {ENV_CHARACTERS_MAX} characters of text", "put it into a file")
        ]
    return []


Name = Annotated[
    StrictStr,
    AfterValidator(checked_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"}),
]
Command = Annotated[
    tuple[str, ...] | str,
    BeforeValidator(checked_command),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "string", "minLength": 1},
            ]
        }
    ),
]
Env = Annotated[
    dict[StrictStr, StrictStr],
    AfterValidator(checked_env),
    WithJsonSchema(
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    ),
]
Folder = Annotated[StrictStr, Field(min_length=1, max_length=1_000)]

"""Where settings come from: flags, before environment, before a YAML file; each mistake named by its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bostan_agent.settings import Settings

PREFIX = "BOSTAN_AGENT_"
_TOKEN_KEYS = {"token", "token_file"}
_SHARED = {"BOSTAN_TOKEN": "token", "BOSTAN_TOKEN_FILE": "token_file"}


class BadSettings(ValueError):
    """The settings of this agent cannot be used; the message has a line for each mistake."""


@dataclass(frozen=True, slots=True)
class FileValues:
    """What a settings file says, and on which line it says each key."""

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


def load(flags: Mapping[str, object], environment: Mapping[str, str], file: Path | None) -> Settings:
    """The settings of this agent.

    Raises:
        BadSettings: a value is missing, unknown or wrong; the message says where and what to do.
    """
    from_file = FileValues() if file is None else read_file(file)
    from_environment = _environment_values(environment)
    shared = {key: environment[name] for name, key in _SHARED.items() if environment.get(name)}
    try:
        return Settings.model_validate(_merged(flags, from_environment, shared, from_file.values))
    except ValidationError as exc:
        raise BadSettings("\n".join(_sentences(exc, flags, environment, from_file))) from exc


def _merged(*layers: Mapping[str, object]) -> dict[str, object]:
    """The first layer that sets a key decides it; so it does for a token, in whichever way it is given."""
    merged: dict[str, object] = {}
    for layer in layers:
        decided = set(merged) | (_TOKEN_KEYS if _TOKEN_KEYS & set(merged) else set())
        merged.update((key, value) for key, value in layer.items() if key not in decided)
    return merged


def _environment_values(environment: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in environment.items():
        key = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and key not in Settings.model_fields:
            raise BadSettings(f"{name}: no such setting; `bostan-agent run --help` lists all")
        if name.startswith(PREFIX):
            values[key] = value
    return values


def read_file(path: Path) -> FileValues:
    """The keys and values of a YAML settings file.

    Raises:
        BadSettings: it cannot be read, or is not one map of keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except OSError as exc:
        raise BadSettings(f"{path}: cannot be read: {exc.strerror}") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise BadSettings(f"{path}: is not YAML: {' '.join(str(exc).split())}") from exc
    if node is None:
        return FileValues(path)
    if not isinstance(node, yaml.MappingNode):
        raise BadSettings(f"{path}:1: must hold keys and values, as `park: tehran`")
    return FileValues(path, values, _lines_of(path, node))


def _lines_of(path: Path, node: yaml.MappingNode) -> dict[str, int]:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        name = str(key.value)
        if name in lines:
            raise BadSettings(f"{path}:{line}: {name}: is set before, on line {lines[name]}: remove one")
        lines[name] = line
    return lines


def _sentences(
    error: ValidationError, flags: Mapping[str, object], environment: Mapping[str, str], file: FileValues
) -> list[str]:
    sentences = []
    for fault in error.errors():
        key = str(fault["loc"][0]) if fault["loc"] else ""
        what = _words(fault["type"], fault["msg"])
        sentences.append(f"{_place(key, flags, environment, file)}{what}")
    return sentences


def _words(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "must be set"
        case "extra_forbidden":
            return "no such setting; `bostan-agent run --help` lists all"
        case "string_pattern_mismatch":
            return "must be 1 to 63 of a-z, 0-9, '.' and '-', a letter or digit first and last"
        case _:
            return message.removeprefix("Value error, ")


def _place(key: str, flags: Mapping[str, object], environment: Mapping[str, str], file: FileValues) -> str:
    if not key:
        return ""
    flag = "--" + key.replace("_", "-")
    if key in flags:
        return f"{flag}: "
    if PREFIX + key.upper() in environment:
        return f"{PREFIX}{key.upper()}: "
    if key in file.lines:
        return f"{file.path}:{file.lines[key]}: {key}: "
    return f"{key} ({flag}, {PREFIX}{key.upper()}, or in the settings file): "


def park_token(settings: Settings) -> str:
    """The park's token, read anew from its file where it is in one, so that a new token needs no restart.

    Raises:
        BadSettings: there is none, or it cannot be read.
    """
    if settings.token is not None:
        return _checked_token(settings.token.get_secret_value(), "the token")
    if settings.token_file is None:
        raise BadSettings(
            "no token: make one with `bostan park token`, and give it in BOSTAN_TOKEN or as --token-file FILE"
        )
    try:
        text = settings.token_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not text"
        remedy = "keep there what `bostan park token` prints, readable for this agent"
        raise BadSettings(f"token_file {settings.token_file} cannot be read: {why}; {remedy}") from exc
    return _checked_token(text, f"the token in {settings.token_file}")


def _checked_token(text: str, what: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or any(sign.isspace() or not sign.isprintable() for sign in token):
        raise BadSettings(f"{what} must be one word of printable ASCII, as `bostan park token` prints it")
    return token

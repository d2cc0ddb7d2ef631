"""A snapshot in which nobody is named, and from which the same plan follows but for the names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any, Self, TypeVar

from bostan_scheduler.core.snapshot import Snapshot
from bostan_scheduler.decisions.naming import KEYS, NAMES, TEXTS_IN_MAPPINGS, Named, Parts, Rule
from bostan_scheduler.decisions.pseudonyms import Kind, Pseudonyms

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Renaming:
    """Gives every name in a value its pseudonym, and drops free texts."""

    name: Callable[[Kind, str], str]

    @classmethod
    def of(cls, snapshot: Snapshot, salt: bytes) -> Self:
        """The renaming of a snapshot. Who has the salt and a list of names could tell them back."""
        pseudonyms = Pseudonyms(salt)
        cls(pseudonyms.meet).all_of(snapshot)
        return cls(pseudonyms.of)

    def all_of(self, value: Value) -> Value:
        """The value with all its names replaced. It names nothing that the snapshot does not."""
        renamed: Value = self._any(value)
        return renamed

    def _any(self, value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{one.name: self._field(value, one.name) for one in fields(value) if one.init}
            )
        if isinstance(value, tuple):
            return tuple(self._any(one) for one in value)
        assert isinstance(value, Enum) or not isinstance(value, str | Mapping), f"what does {value!r} name?"
        return value

    def _field(self, owner: Any, name: str) -> Any:
        kind, value = type(owner).__name__, getattr(owner, name)
        levels = KEYS.get(kind, {}).get(name)
        if levels is not None:
            return self._mapping(value, levels, texts=(kind, name) in TEXTS_IN_MAPPINGS)
        rule = NAMES.get(kind, {}).get(name)
        if isinstance(rule, tuple):
            return tuple(self._key(rule, one) for one in value)
        return self._named(rule, value) if rule is not None else self._any(value)

    def _mapping(self, value: Mapping[Any, Any], levels: tuple[Parts, ...], *, texts: bool = False) -> Any:
        keys, *deeper = levels
        return {self._key(keys, key): self._under(one, tuple(deeper), texts) for key, one in value.items()}

    def _under(self, value: Any, levels: tuple[Parts, ...], texts: bool) -> Any:
        if levels:
            return self._mapping(value, levels)
        return value if texts else self._any(value)

    def _key(self, rules: Parts, key: Any) -> Any:
        if isinstance(key, tuple):
            return tuple(self._named(rule, part) for rule, part in zip(rules, key, strict=True))
        return self._named(rules[0], key)

    def _named(self, rule: Named, value: Any) -> Any:
        if value is None or rule is Rule.KEEP:
            return value
        if rule is Rule.DROP:
            return type(value)()
        if isinstance(value, tuple):
            return tuple(self._text(rule, one) for one in value)
        return self._text(rule, value)

    def _text(self, rule: Named, text: str) -> str:
        if not text:  # nobody, and that is to be seen
            return text
        if isinstance(rule, Kind):
            return self.name(rule, text)
        if rule is Rule.ATTEMPT:
            job_id, _, number = text.rpartition(".")
            return f"{self.name(Kind.JOB, job_id)}.{number}"
        assert rule is Rule.NODE, f"{rule} is not of a text"
        park, _, name = text.partition("/")
        return f"{self.name(Kind.PARK, park)}/{self.name(Kind.NODE, name)}"

"""How a converter writes mappings: as objects where keys are texts, else as pairs in the order of their keys' text."""

import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cattrs import Converter

PLAIN = (str, int, bool, types.NoneType)
Hook = Callable[[Any], Any]


def prepare_mappings(converter: Converter) -> None:
    """Let a converter write every mapping canonically, and leave alone what JSON can hold as it is."""
    converter.register_unstructure_hook_factory(_is_mapping, lambda kind: _writer(converter, kind))
    converter.register_structure_hook_factory(_has_pairs, lambda kind: _reader(converter, kind))


def is_plain(kind: Any) -> bool:
    """Whether values of this kind are in JSON what they are in the core."""
    if typing.get_origin(kind) in (tuple, types.UnionType):
        return all(part is ... or is_plain(part) for part in typing.get_args(kind))
    return kind in PLAIN


def _is_mapping(kind: Any) -> bool:
    return typing.get_origin(kind) is Mapping


def _has_pairs(kind: Any) -> bool:
    return _is_mapping(kind) and typing.get_args(kind)[0] is not str


def _writer(converter: Converter, kind: Any) -> Hook:
    key_kind, value_kind = typing.get_args(kind)
    write = None if is_plain(value_kind) else converter.get_unstructure_hook(value_kind)
    if key_kind is str:
        return dict if write is None else lambda value: {key: write(one) for key, one in value.items()}
    assert is_plain(key_kind), f"a key of {kind} is no plain value"
    return lambda value: sorted(
        ([key, one if write is None else write(one)] for key, one in value.items()), key=_key
    )


def _key(pair: list[Any]) -> bytes:
    return orjson.dumps(pair[0])


def _reader(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    key_kind, value_kind = typing.get_args(kind)

    def read(pairs: Any, _: Any) -> Any:
        return {
            converter.structure(key, key_kind): converter.structure(value, value_kind) for key, value in pairs
        }

    return read

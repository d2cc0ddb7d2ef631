"""The types of single fields that job files and quota files share."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictInt, StrictStr, WithJsonSchema

from bostan.strictmodel import refuse, shown, with_ascii_digits

AMOUNT_MAX: Final = 1_000_000
ID_PATTERN: Final = "[a-z0-9][a-z0-9/-]{0,62}"
CLASS_PATTERN: Final = rf"{ID_PATTERN}(/[0-9]{{1,2}}g\.[0-9]{{1,3}}gb(\+[a-z.]{{1,12}})?)?"
_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_CLASS: Final = re.compile(CLASS_PATTERN, re.ASCII)


def checked_id(text: str) -> str:
    """The text, if it is an id. Raises a field error that spells out what it may hold."""
    if _ID.fullmatch(text):
        return text
    spelt = re.sub("[ _.]", "-", with_ascii_digits(text).lower())
    hint = f"write {spelt}" if _ID.fullmatch(spelt) else "write 1 to 63 of a-z, 0-9, '-' and '/'"
    raise refuse(f"{shown(text)} is not an id", hint)


def checked_class(text: str) -> str:
    """The text, if it names a GPU class, or a slice of one: `a100-80g/1g.10gb`. Raises a field error."""
    return text if _CLASS.fullmatch(text) else checked_id(text)


def whole_class(gpu_class: str) -> str:
    """The class of the GPU that a slice is cut from; of any other class, the class itself."""
    base, _, profile = gpu_class.rpartition("/")
    return base if base and "." in profile else gpu_class


Id = Annotated[
    StrictStr, AfterValidator(checked_id), WithJsonSchema({"type": "string", "pattern": f"^{ID_PATTERN}$"})
]
ClassId = Annotated[
    StrictStr,
    AfterValidator(checked_class),
    WithJsonSchema({"type": "string", "pattern": f"^{CLASS_PATTERN}$"}),
]
Amount = Annotated[StrictInt, Field(ge=0, le=AMOUNT_MAX)]
Count = Annotated[StrictInt, Field(ge=1, le=AMOUNT_MAX)]
Text = Annotated[StrictStr, Field(min_length=1, max_length=200)]

"""What an unquoted word in a YAML file means: the YAML 1.2 core rules, less what two readers could read two ways."""

from __future__ import annotations

import math
import re
from typing import Final

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
DIGITS_MAX: Final = 18


class UnclearScalar(Exception):
    """A word that could be read in more than one way."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy


def plain_value(word: str) -> bool | int | float | str | None:
    """The value of an unquoted word. Raises UnclearScalar where the word has two readings."""
    if word in _NULL:
        return None
    if word in _BOOL:
        return _BOOL[word]
    if _INT.fullmatch(word):
        return _whole(word)
    if _OTHER_BASE.fullmatch(word):
        raise UnclearScalar(
            f"{word[:40]} is not a decimal number", "write it in decimal, or in quotes if it is text"
        )
    if _NOT_FINITE.fullmatch(word):
        raise UnclearScalar(f"{word} is not a number", "write a number, or quote it if it is text")
    return _fraction(word) if _FLOAT.fullmatch(word) else word


def _whole(word: str) -> int:
    digits = word.lstrip("+-")
    if len(digits) > 1 and digits.startswith("0"):
        raise UnclearScalar(f"{word[:40]} begins with a zero", f'write "{word[:40]}" in quotes if it is text')
    if len(digits) > DIGITS_MAX:
        raise UnclearScalar(
            f"{word[:40]} has more than {DIGITS_MAX} digits", "write it in quotes if it is text"
        )
    return int(word)


def _fraction(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise UnclearScalar(f"{word[:40]} is too large", "write a smaller number, or quote it if it is text")
    return value

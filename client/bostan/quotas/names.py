"""Names that nothing has, told with what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from bostan.strictmodel import nearest


def unknown(kind: str, word: str, known: Iterable[str]) -> tuple[str, str]:
    """The problem and the remedy for a name that nothing has."""
    choices = sorted(known)
    near = nearest(word, choices)
    listed = ", ".join(choices[:8]) + (", ..." if len(choices) > 8 else "")
    return f"there is no {kind} {word}", f"did you mean {near}?" if near else f"known: {listed or 'none'}"

"""Pages of lists: a cursor that means nothing to its holder, and the part of a list that lies after it."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from bostan.api import Contract, Page
from fastapi import Depends, Query

from bostan_scheduler.http.front import Here
from bostan_scheduler.http.problems import invalid

Item = TypeVar("Item")
Answer = TypeVar("Answer", bound=Contract)

_CURSOR_LETTERS_MAX = 1024


class Slice:
    """Which part of a list is asked for."""

    def __init__(self, limit: int, cursor: str | None) -> None:
        self.limit, self._cursor = limit, cursor

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """What the cursor holds, whose parts are of these kinds; None for the first page."""
        return None if self._cursor is None else _opened(self._cursor, kinds)


async def _slice(
    front: Here,
    limit: Annotated[int | None, Query(ge=1, le=500, description="items in a page")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
) -> Slice:
    limits = front.parts.limits
    return Slice(min(limit or limits.page_items_default, limits.page_items_max), cursor)


Wanted = Annotated[Slice, Depends(_slice)]


def page_of(items: Sequence[Answer], more: bool, *last: int | str) -> Page[Answer]:
    """A page; `last` is what its cursor holds when there are more."""
    return Page(items=tuple(items), next_cursor=_closed(last) if more else None)


def page_by(
    found: Sequence[Item], key: Callable[[Item], str], wanted: Slice
) -> tuple[list[Item], str | None]:
    """The part of a whole list that is wanted, in the order of its keys, which are unique; and its cursor."""
    after = wanted.after(str)
    rest = sorted((one for one in found if after is None or key(one) > after[0]), key=key)
    part = rest[: wanted.limit]
    return part, _closed((key(part[-1]),)) if len(rest) > len(part) else None


def _closed(values: tuple[int | str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _opened(cursor: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    try:
        padded = cursor[:_CURSOR_LETTERS_MAX] + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or [type(one) for one in values] != list(kinds):
        raise invalid("cursor", "cursor is not one of this list", "use `next_cursor` of the page before")
    if any(isinstance(one, int) and not 0 <= one < 2**63 for one in values):
        raise invalid("cursor", "cursor is not one of this list", "use `next_cursor` of the page before")
    return tuple(values)

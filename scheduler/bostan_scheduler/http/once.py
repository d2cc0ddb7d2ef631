"""Requests that are carried out once, however often they come: known by a key of the asker's own."""

import hashlib
from typing import Annotated

from fastapi import Header

from bostan_scheduler.http.asker import Asker
from bostan_scheduler.http.params import PRINTABLE
from bostan_scheduler.service.messages import Idempotency

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=128,
        pattern=PRINTABLE,
        description="With the same key the first answer is given again, and nothing is made twice.",
    ),
]


def once(who: Asker, key: str | None, kind: bytes, raw: bytes) -> Idempotency | None:
    """The request of this kind and body under its key; None where it has none."""
    if not key:
        return None
    return Idempotency(who.token.id, key, hashlib.sha256(kind + b"\n" + raw).hexdigest())

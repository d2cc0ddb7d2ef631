"""Who calls: the park whose token came with the call, and which of its nodes it says it is."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.rpc.errors import NotAllowed, NotKnown
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.remembered import Remembered
from bostan_scheduler.rpc.translate.checks import NODE_NAME, name
from bostan_scheduler.service.ports import Reader, TokenRow

Metadata = Iterable[tuple[str, str | bytes]]

PARK_ROLE = "park"
TOKEN_CHARS_MAX = 512
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Guest:
    """An agent of `park`, by the token with this hash. `node_id` is the node it says it is; older agents do not say."""

    park: str
    token_sha256: str
    node_id: str | None = None

    @property
    def name(self) -> str:
        """The node, or the park of one that did not say which it is."""
        return self.node_id or self.park

    def is_at(self, node_id: str) -> bool:
        """Whether it can be this node, as far as it says."""
        return node_id == self.node_id if self.node_id else node_id.rpartition("/")[0] == self.park


class Gate:
    """Lets in whoever has a park's token in force."""

    def __init__(self, reader: Reader, clock: Callable[[], Instant], limits: LinkLimits) -> None:
        self._reader = reader
        self._clock = clock
        self._rows: Remembered[str, TokenRow] = Remembered(limits.token_seconds, limits.remembered_max)

    async def admit(self, metadata: Metadata) -> Guest:
        """The caller.

        Raises:
            NotKnown: no token, or none in force.
            NotAllowed: a token that is not a park's, or another park's than the agent thinks.
            NotUnderstood: a node with a name that is none.
        """
        words = dict(metadata)
        guest = await self.check(_sha256(words.get("authorization")))
        said = words.get("bostan-park", guest.park)
        if said != guest.park:
            raise NotAllowed(f"this token is of another park than {str(said)[:80]!r}")
        return replace(guest, node_id=_node_id(guest.park, words.get("bostan-node")))

    async def check(self, token_sha256: str) -> Guest:
        """Whether the token with this hash is still in force. Raises as `admit` does."""
        row = await self._rows.get(token_sha256, self._look_up)
        if row is None:
            raise NotKnown("this token is not known; make one with `bostan park token`")
        if row.revoked_at is not None:
            raise NotKnown("this token was revoked; make a new one with `bostan park token`")
        if row.expires_at is not None and row.expires_at <= self._clock():
            raise NotKnown("this token has expired; make a new one with `bostan park token`")
        if row.role != PARK_ROLE or row.park is None:
            raise NotAllowed("this is no park's token; make one with `bostan park token`")
        return Guest(row.park, token_sha256)

    async def _look_up(self, token_sha256: str) -> TokenRow | None:
        return await asyncio.to_thread(self._reader.token, token_sha256)


def _sha256(header: str | bytes | None) -> str:
    if not isinstance(header, str) or not header.startswith(_BEARER):
        raise NotKnown("no token came: send `authorization: Bearer TOKEN`")
    token = header.removeprefix(_BEARER)
    if not 0 < len(token) <= TOKEN_CHARS_MAX:
        raise NotKnown(f"a token has 1 to {TOKEN_CHARS_MAX} characters")
    return hashlib.sha256(token.encode()).hexdigest()


def _node_id(park: str, said: str | bytes | None) -> str | None:
    if said is None:
        return None
    node_name = name(str(said), NODE_NAME, "bostan-node", "a node's name, as n1.example")
    return f"{park}/{node_name}"

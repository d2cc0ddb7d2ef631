"""Tokens on SQLite. They are written, and events forgotten, by others than the leader; nothing else is."""

from collections.abc import Sequence

from sqlalchemy import Engine, insert, or_, select, update

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.service.ports import TokenRow
from bostan_scheduler.store import rows, tables
from bostan_scheduler.store.engine import told_plainly
from bostan_scheduler.store.sqlite_reading import SqliteReading

_tokens = tables.tokens.c


class SqliteTokens(SqliteReading):
    """The part of a `Reader` that keeps tokens."""

    def __init__(self, writing: Engine, reading: Engine) -> None:
        super().__init__(reading)
        self._writing = writing

    def token(self, sha256: str) -> TokenRow | None:
        """The token with this hash, also one that is revoked or has expired."""
        found = self._rows(select(tables.tokens).where(_tokens.sha256 == sha256))
        return rows.token_of(found[0]) if found else None

    def tokens(self) -> Sequence[TokenRow]:
        """All tokens, oldest first."""
        found = self._rows(select(tables.tokens).order_by(_tokens.created_at, _tokens.id))
        return tuple(rows.token_of(row) for row in found)

    def add_token(self, token: TokenRow) -> None:
        """Keep a new one. Raises `StaleRow` when its id or its hash is known."""
        with told_plainly("add a token"), self._writing.begin() as connection:
            connection.execute(insert(tables.tokens), rows.token_row(token))

    def revoke_token(self, token_id: str, now: Instant) -> bool:
        """Whether there was such a token in force."""
        not_expired = or_(_tokens.expires_at.is_(None), _tokens.expires_at > now)
        revoke = update(tables.tokens).where(
            _tokens.id == token_id, _tokens.revoked_at.is_(None), not_expired
        )
        with told_plainly("revoke a token"), self._writing.begin() as connection:
            return connection.execute(revoke.values(revoked_at=now)).rowcount == 1

"""Making and recognising tokens. Only the hash of a secret is ever kept; the secret itself is shown once."""

import hashlib
import secrets

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.service.ports import TokenRow

PARK = "park"
"""The role of a park's agents; every other role is one of the REST interface."""

_PREFIX = "bst"
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LETTERS = 10
_SECRET_BYTES = 32
_SECRET_LETTERS_MAX = 128


def mint(
    name: str,
    role: str,
    *,
    now: Instant,
    firm: str | None = None,
    project: str | None = None,
    park: str | None = None,
    expires_at: Instant | None = None,
) -> tuple[str, TokenRow]:
    """A new token: its secret, and the row to keep."""
    token_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LETTERS))
    secret = f"{_PREFIX}_{token_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    row = TokenRow(token_id, hash_of(secret), name, role, firm, project, park, now, expires_at)
    return secret, row


def hash_of(secret: str) -> str:
    """What of a secret is kept, and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def looks_like_token(secret: str) -> bool:
    """Whether it is worth looking up."""
    return secret.startswith(f"{_PREFIX}_") and len(secret) <= _SECRET_LETTERS_MAX and secret.isascii()


def in_force(token: TokenRow, now: Instant) -> bool:
    """Whether it is neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)

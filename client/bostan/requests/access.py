"""Requests about who may do what."""

from __future__ import annotations

from bostan.api import NewToken, Page, Token, TokenInfo, WhoAmI
from bostan.requests.base import Request, at, listing, model, nothing


def whoami() -> Request[WhoAmI]:
    return Request("GET", at("whoami"), model(WhoAmI))


def tokens(cursor: str | None = None) -> Request[Page[TokenInfo]]:
    return listing(at("tokens"), TokenInfo, cursor)


def new_token(token: NewToken) -> Request[Token]:
    return Request("POST", at("tokens"), model(Token), json=token)


def revoke_token(token_id: str) -> Request[None]:
    return Request("DELETE", at("tokens", token_id), nothing)

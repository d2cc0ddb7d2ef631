"""Who may do what: roles, tokens and the answer to "who am I"."""

from enum import StrEnum

from pydantic import Field

from bostan.api.common import Contract, Id, Instant


class Role(StrEnum):
    """What a token's holder is to the centre."""

    ADMIN = "admin"
    OPERATOR = "operator"  # of one park
    FIRM_OWNER = "firm-owner"  # of one firm
    MEMBER = "member"  # of one firm, or one project of it
    AUDITOR = "auditor"  # reads everything, changes nothing


class WhoAmI(Contract):
    """The holder of the token that the request carried."""

    name: str
    role: Role
    firm: str | None = None
    project: str | None = None
    park: str | None = None


class NewToken(Contract):
    """A token to be made. A firm's role names its firm, an operator's its park."""

    name: str = Field(min_length=1, max_length=64)
    role: Role
    firm: Id | None = None
    project: Id | None = None
    park: Id | None = None
    expires_at: Instant | None = None


class Token(Contract):
    """A token just made: the only time that its secret is shown."""

    id: str
    secret: str
    name: str
    role: Role


class TokenInfo(Contract):
    """A token as lists show it: whose it is, never its secret."""

    id: str
    name: str
    role: Role
    firm: str | None = None
    project: str | None = None
    park: str | None = None
    created_at: Instant | None = None
    expires_at: Instant | None = None

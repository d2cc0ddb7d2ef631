"""What every model of the contract shares: strictness, pages and problems."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")

ID_PATTERN = r"^[a-z0-9][a-z0-9/-]{0,62}$"
Id = Annotated[str, Field(pattern=ID_PATTERN)]
CLASS_PATTERN = r"^[a-z0-9][a-z0-9/-]{0,62}(/[0-9]{1,2}g\.[0-9]{1,3}gb(\+[a-z.]{1,12})?)?$"
ClassId = Annotated[
    str, Field(pattern=CLASS_PATTERN, description="a GPU class, or a slice of one: a100-80g/1g.10gb")
]
SHA256_PATTERN = r"^[0-9a-f]{64}$"
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]
Instant = Annotated[int, Field(description="UTC instant in milliseconds since 1970-01-01T00:00Z")]


class Contract(BaseModel):
    """A value of the contract: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(Contract, Generic[Item]):
    """One page of a list; `next_cursor` is absent on the last one."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


MISTAKES_MAX = 100


class Mistake(BaseModel):
    """One of the things that are wrong with a request, and what to do about it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    field: str = ""
    detail: str
    remedy: str = ""


class Problem(BaseModel):
    """An error answer (`application/problem+json`, RFC 9457) with what to do about it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    remedy: str = ""
    field: str = ""
    mistakes: tuple[Mistake, ...] = Field(
        default=(),
        max_length=MISTAKES_MAX,
        description="all that is wrong, where it is more than one thing; `field` is that of the first",
    )

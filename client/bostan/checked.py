"""A value of the contract from loose fields, with its mistakes told as those of a file are."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import ValidationError

from bostan.api import Contract
from bostan.errors import FileProblem, InvalidFile

M = TypeVar("M", bound=Contract)

ORIGIN: Final = "request"


def checked(kind: type[M], **fields: Any) -> M:
    """The value. Raises InvalidFile, which names each field that the contract has no room for."""
    try:
        return kind(**fields)
    except ValidationError as exc:
        raise InvalidFile(
            [
                FileProblem(
                    ORIGIN, None, ".".join(map(str, error["loc"])), _lower(error["msg"]), "correct it"
                )
                for error in exc.errors(include_url=False)
            ]
        ) from exc


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]

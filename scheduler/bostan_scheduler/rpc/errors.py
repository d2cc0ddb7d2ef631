"""Why the link does not go on with a call. Each carries the status that the agent is told.

LinkError
├── NotUnderstood     INVALID_ARGUMENT     a message that cannot be taken as it is
├── NotKnown          UNAUTHENTICATED      no token, or none in force
├── NotAllowed        PERMISSION_DENIED    a token that does not go so far
├── NotTaken          FAILED_PRECONDITION  another protocol, or a node that the centre does not take
├── TooMuch           RESOURCE_EXHAUSTED   more than a limit allows
├── NotThere          NOT_FOUND            a file that the centre does not have
├── Spoilt            DATA_LOSS            a file whose bytes are not those of its name; it is to be sent anew
├── Replaced          ABORTED              a newer session of the node is open, or a file was sent by another call
└── NotNow            UNAVAILABLE          try again soon
"""

from typing import ClassVar

import grpc


class LinkError(Exception):
    """A call that does not go on."""

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN


class NotUnderstood(LinkError):
    """A message that cannot be taken as it is; `field` is where, as `hello.node_name`."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")


class NotKnown(LinkError):
    """There is no token, or none in force."""

    code = grpc.StatusCode.UNAUTHENTICATED


class NotAllowed(LinkError):
    """The token does not go so far."""

    code = grpc.StatusCode.PERMISSION_DENIED


class NotTaken(LinkError):
    """Another protocol, or a node that the centre does not take."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class TooMuch(LinkError):
    """More than a limit allows."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class NotThere(LinkError):
    """The centre does not have the file."""

    code = grpc.StatusCode.NOT_FOUND


class Spoilt(LinkError):
    """The bytes are not those of the file's name."""

    code = grpc.StatusCode.DATA_LOSS


class Replaced(LinkError):
    """Somebody else does the same, and came later."""

    code = grpc.StatusCode.ABORTED


class NotNow(LinkError):
    """Try again soon."""

    code = grpc.StatusCode.UNAVAILABLE

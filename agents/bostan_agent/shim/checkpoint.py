"""`bostan-checkpoint done [--step N]`: a rank declares that its checkpoint folder holds a whole checkpoint.

Exit codes: 0 the checkpoint is recorded and its copy safe on disk, 1 it is not, 2 wrong usage or not inside
a rank.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Sequence

_WAIT_SECONDS = 3600.0
_REPLY_BYTES_MAX = 64 * 1024
_SOCKET_VARIABLE = "BOSTAN_SHIM_SOCKET"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    path = os.environ.get(_SOCKET_VARIABLE)
    if path is None:
        return _fail(2, f"{_SOCKET_VARIABLE} is not set: run this inside a rank that Bostan started")
    try:
        reply = _ask(path, {"do": "checkpoint_done", "step": options.step}, options.timeout)
    except (OSError, ValueError) as exc:
        return _fail(1, f"the rank's supervisor did not answer at {path}: {exc}")
    if reply.get("reply") != "ok":
        return _fail(1, f"not recorded: {reply.get('message')}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bostan-checkpoint", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    done = commands.add_parser("done", help="declare that BOSTAN_CHECKPOINT_DIR holds a whole checkpoint")
    done.add_argument("--step", type=int, help="the training step that it holds")
    done.add_argument(
        "--timeout",
        type=float,
        default=_WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait (default: 3600)",
    )
    return parser


def _ask(path: str, request: dict[str, object], timeout_seconds: float) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_seconds)
        connect(connection, path)
        connection.sendall(json.dumps(request).encode() + b"\n")
        line = _line(connection)
    reply = json.loads(line)
    if not isinstance(reply, dict):
        raise ValueError("the answer is no object")
    return reply


def connect(connection: socket.socket, path: str) -> None:
    """Connect to a socket by a path of any length: an address itself holds at most 108 bytes."""
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)  # noqa: PTH120
    try:
        connection.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")  # noqa: PTH119
    finally:
        os.close(folder)


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        data = connection.recv(_REPLY_BYTES_MAX)
        if not data or len(line) > _REPLY_BYTES_MAX:
            raise ConnectionError("the connection ended before the answer")
        line += data
    return line


def _fail(code: int, message: str) -> int:
    sys.stderr.write(f"bostan-checkpoint: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

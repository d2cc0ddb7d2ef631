"""Ports for ranks: checked free by binding, and kept bound until the rank is about to start."""

import random
import socket


class NoPort(Exception):
    """No port of the range is free."""


class Ports:
    """The ports of one range, drawn at random so that two agents on one machine seldom meet."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._last = last
        self._held: dict[int, socket.socket] = {}

    def take(self) -> int:
        """A free port, held until `let_go`.

        Raises:
            NoPort: every port of the range is in use.
        """
        ports = list(range(self._first, self._last + 1))
        start = random.randrange(len(ports))  # noqa: S311
        for port in ports[start:] + ports[:start]:
            if port not in self._held and self.hold(port):
                return port
        raise NoPort(f"no port from {self._first} to {self._last} is free")

    def hold(self, port: int) -> bool:
        """Bind `port`; False where somebody else has it."""
        holder = _bound(port)
        if holder is None:
            return False
        self._held[port] = holder
        return True

    def let_go(self, port: int) -> None:
        """Leave `port` to the rank, or to others. One that is not held is left alone."""
        holder = self._held.pop(port, None)
        if holder is not None:
            holder.close()

    def close(self) -> None:
        """Let go of all."""
        for port in list(self._held):
            self.let_go(port)


def _bound(port: int) -> socket.socket | None:
    """A socket bound to `port` on every address of this machine, or None."""
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        holder.bind(("", port))
    except OSError:
        holder.close()
        return None
    return holder

"""Addresses: the centre's HOST:PORT, whether it is this machine, and which of ours leads to it."""

import ipaddress
import re
import socket
from typing import NamedTuple


class Endpoint(NamedTuple):
    """A host and a port of it."""

    host: str
    port: int


_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\]:(\d+)")
_PLAIN = re.compile(r"([^:\s/\[\]]+):(\d+)")


def endpoint_of(text: str) -> Endpoint:
    """The endpoint that `text` names, as host:port or [ipv6]:port.

    Raises:
        ValueError: it names none.
    """
    match = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if match is None or not 0 < int(match[2]) < 65_536:
        raise ValueError(f"{text!r} must be HOST:PORT, as centre.example.org:8441 or [2001:db8::1]:8441")
    return Endpoint(match[1], int(match[2]))


def is_loopback(endpoint: Endpoint) -> bool:
    """Whether the endpoint can only be on this machine."""
    if endpoint.host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(endpoint.host).is_loopback
    except ValueError:
        return False


def own_address_towards(endpoint: Endpoint) -> str:
    """The address of this machine from which packets to `endpoint` would leave. Sends none.

    Raises:
        OSError: the host is unknown, or no way leads there.
    """
    family, _, _, _, address = socket.getaddrinfo(*endpoint, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(address)
        return str(probe.getsockname()[0])

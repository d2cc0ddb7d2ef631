"""The addresses that fronts listen on: picked once, so that a front that is restarted comes back on the same ones."""

import socket

from bostan_scheduler.errors import CentreError, UnsafeAddress
from bostan_scheduler.settings import CentreSettings


class PortInUse(CentreError):
    """The centre cannot listen on an address, as another centre or program does."""


def split(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def fixed(settings: CentreSettings) -> CentreSettings:
    """The settings with a free port in the place of each port 0."""
    return settings.model_copy(
        update={"listen": _fixed(settings.listen), "agents_listen": _fixed(settings.agents_listen)}
    )


def _fixed(address: str) -> str:
    host, port = split(address)
    if port:
        return address
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return f"{host}:{probe.getsockname()[1]}"


def refuse_taken(settings: CentreSettings) -> None:
    """Raises `PortInUse`. Fronts share their ports, so that a second centre on them would take half of the requests."""
    for name in ("listen", "agents_listen"):
        address = getattr(settings, name)
        host, port = split(address)
        with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise PortInUse(
                    f"{name}: {address} cannot be listened on ({error.strerror}); stop what listens there, or choose "
                    f"another with --{name.replace('_', '-')}"
                ) from error


def listening(address: str) -> socket.socket:
    """A socket that listens there, shared with the other fronts of this machine."""
    host, port = split(address)
    # Named as TCP: asyncio turns Nagle's delay off only then, and without that each small answer takes 40 ms more.
    made = socket.socket(_family(host), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((host, port))
    made.listen(1024)
    made.set_inheritable(False)
    return made


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def loopback(address: str) -> bool:
    """Whether only this machine reaches the address."""
    host, _ = split(address)
    return host in ("localhost", "::1") or host.startswith("127.")


def refuse_unsafe(settings: CentreSettings) -> None:
    """Without TLS nobody but this machine may reach us, unless it was asked for. Raises `UnsafeAddress`."""
    for name in ("listen", "agents_listen"):
        address = getattr(settings, name)
        if not settings.insecure and not loopback(address):
            raise UnsafeAddress(
                f"{name}: {address} can be reached by others, and the centre has no TLS of its own yet: listen on "
                "127.0.0.1 behind a proxy that has it, or say --insecure"
            )

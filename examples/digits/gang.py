"""A gang of ranks that average their gradients: rank 0 gathers at MASTER_ADDR:MASTER_PORT and sends the mean round."""

import os
import socket
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CONNECT_SECONDS = 60.0
Floats = NDArray[np.float64]


@dataclass
class Gang:
    """This rank, how many there are, and the lines to the others. A line that breaks ends the rank with an error."""

    rank: int
    size: int
    lines: list[socket.socket] = field(default_factory=list)

    @classmethod
    def from_environment(cls) -> "Gang":
        """The gang that RANK and WORLD_SIZE tell of; alone without them."""
        gang = cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
        if gang.size > 1:
            gang._meet(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        return gang

    def mean(self, gradient: Floats) -> Floats:
        """The mean of all ranks' gradients."""
        if self.size == 1:
            return gradient
        return self._gather(gradient) if self.rank == 0 else self._ask(gradient)

    def close(self) -> None:
        """Hang up."""
        for line in self.lines:
            line.close()

    def _meet(self, address: str, port: int) -> None:
        if self.rank == 0:
            with socket.create_server((address, port), backlog=self.size) as door:
                door.settimeout(CONNECT_SECONDS)
                self.lines = [door.accept()[0] for _ in range(self.size - 1)]
        else:
            self.lines = [_call(address, port)]

    def _gather(self, gradient: Floats) -> Floats:
        """In the order in which the lines were opened; the sum is the same on all ranks since only one adds it up."""
        total = gradient.copy()
        for line in self.lines:
            total += _receive(line, gradient.size)
        total /= self.size
        for line in self.lines:
            line.sendall(total.tobytes())
        return total

    def _ask(self, gradient: Floats) -> Floats:
        self.lines[0].sendall(gradient.tobytes())
        return _receive(self.lines[0], gradient.size)


def _call(address: str, port: int) -> socket.socket:
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            line = socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return line


def _receive(line: socket.socket, count: int) -> Floats:
    missing, parts = count * 8, []
    while missing:
        part = line.recv(min(missing, 1 << 20))
        if not part:
            raise ConnectionError("another rank has hung up")
        parts.append(part)
        missing -= len(part)
    return np.frombuffer(b"".join(parts), dtype=np.float64)

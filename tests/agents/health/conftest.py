"""A node of H100s in the tests' hands: readings are written in words, and judged round by round."""

from dataclasses import replace

import pytest
from bostan_agent.devices.port import Gpu, Inventory, Problem, Reading, Telemetry, XidTally
from bostan_agent.health import GpuHealth, Policy, assess, load_policy

A, B = "GPU-aaaa", "GPU-bbbb"


class Node:
    """Two GPUs. Each `round` is ten seconds after the one before."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.inventory = Inventory("550", "12.4", (self._gpu(A), self._gpu(B)))
        self.now = 1000.0
        self.memory: dict[str, GpuHealth] = {}
        self._energy = 0

    @staticmethod
    def _gpu(uuid: str) -> Gpu:
        return Gpu(uuid, "H100", 80 << 30, f"0000:{uuid[-2:]}:00.0", pcie_width_max=16, mig_enabled=False)

    def round(self, *problems: Problem, peer: dict | None = None, **facts) -> GpuHealth:
        """Read both GPUs: the first with these facts, its peer well. Gives what is thought of the first."""
        self.now += 10
        self._energy += 1000
        well = Reading(A, energy_millijoules=self._energy, persistence_mode=True, pcie_width=16)
        lost = {problem.gpu for problem in problems if problem.code != "call-failed"}
        readings = (replace(well, **facts), replace(well, uuid=B, **(peer or {})))
        told = tuple(reading for reading in readings if reading.uuid not in lost)
        telemetry = Telemetry(self.now, told, problems)
        self.memory = assess(self.policy, self.memory, self.inventory, telemetry)
        return self.memory[A]

    def xid(self, number: int, count: int = 1) -> tuple[XidTally, ...]:
        """The driver has reported this XID, last now."""
        return (XidTally(number, count, 1.0, self.now + 10),)


@pytest.fixture
def node() -> Node:
    """A node judged by the shipped policy."""
    return Node(load_policy())


@pytest.fixture
def codes():
    """What was found, in codes."""
    return lambda health: [finding.code for finding in health.findings]

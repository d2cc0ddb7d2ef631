"""The one place that decides who answers for the node's devices."""

from bostan_agent.devices.port import Devices
from bostan_agent.devices.simulated import Simulated
from bostan_agent.devices.supervised import Supervised
from bostan_agent.devices.supervision import Supervision


def open_devices(simulate: str | None, node: str, supervision: Supervision | None = None) -> Devices:
    """The simulated GPUs that `simulate` describes for this node, else the machine's own.

    Raises `BadSimulation` for a text that describes none. To be called in a running event loop.
    """
    if simulate is not None:
        return Simulated.parse(simulate, node)
    return Supervised(supervision or Supervision())

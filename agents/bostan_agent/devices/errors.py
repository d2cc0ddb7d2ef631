"""Why a node's devices could not be read.

    DevicesError
    ├── DriverMissing        no NVIDIA driver here: the node offers no GPUs
    ├── DriverMismatch       driver upgraded under a running kernel module: reboot the node
    ├── DriverRefused        the driver is there and will not start
    ├── DevicesHung          no answer within the watchdog's time
    ├── DevicesCrashed       the process that reads the devices died
    ├── DevicesUnclear       it answered what cannot be understood
    └── BadSimulation        the text after --simulate names no GPUs that we know

A single GPU that fails is not an error: it is a `Problem` in the inventory or the telemetry.
"""


class DevicesError(Exception):
    """The devices of this node could not be read."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


class DriverMissing(DevicesError):
    """No NVIDIA driver on this node; it offers no GPUs. Install the driver to offer some."""


class DriverMismatch(DevicesError):
    """The NVIDIA library and kernel module differ, as after an upgrade. Reboot the node."""


class DriverRefused(DevicesError):
    """The NVIDIA driver is installed and will not start."""


class DevicesHung(DevicesError):
    """The devices did not answer in time."""


class DevicesCrashed(DevicesError):
    """The process that reads the devices died."""


class DevicesUnclear(DevicesError):
    """The process that reads the devices answered what cannot be understood."""


class BadSimulation(DevicesError, ValueError):
    """The simulated GPUs are not well described."""

"""What happens to GPUs, as the driver reports it: one blocking wait at a time."""

import ctypes
import time
from collections.abc import Callable, Mapping

from bostan_agent.devices.nvml import Asker, GpuFailed, Handle, api
from bostan_agent.devices.values import DeviceEvent, EventsInterrupted, GpuChanged, XidSeen

_XID = 0x8
_CHANGES = {
    0x2: "ecc",
    0x100: "mig",
    0x1000: "poison",
    0x2000: "poison",
    0x4000: "unavailable",
    0x8000: "recovery",
}
_WANTED = _XID | sum(_CHANGES)
_WAIT_MILLISECONDS = 1000
_PAUSE_SECONDS = 5.0
"""Before the driver is asked again after it refused to wait."""


class Events:
    """Events of all GPUs, told to `tell`. `run` does not return: it owns a thread."""

    def __init__(self, tell: Callable[[DeviceEvent], None]) -> None:
        self._tell = tell
        self._set: Handle = None
        self._registered: dict[int, str] = {}

    def run(self, gpus: Callable[[], Mapping[str, Handle]]) -> None:
        """Wait for ever; `gpus` names the GPUs to watch, and may name more later."""
        while True:
            try:
                self._register(gpus())
                self._wait_once()
            except api.NVMLError as error:
                self._interrupted(str(error))

    def _register(self, gpus: Mapping[str, Handle]) -> None:
        if self._set is None:
            self._set = api.nvmlEventSetCreate()
        for uuid, handle in gpus.items():
            if _address(handle) not in self._registered:
                self._registered[_address(handle)] = uuid
                self._register_one(Asker(uuid), handle)

    def _register_one(self, ask: Asker, handle: Handle) -> None:
        """Only what this GPU can report: one unsupported kind would refuse them all."""
        try:
            kinds = (ask(lambda: int(api.nvmlDeviceGetSupportedEventTypes(handle))) or 0) & _WANTED
            if kinds:
                ask(lambda: api.nvmlDeviceRegisterEvents(handle, kinds, self._set))
        except GpuFailed as failed:
            self._tell(GpuChanged(ask.gpu, failed.code.value, _now()))

    def _wait_once(self) -> None:
        if not self._registered:
            time.sleep(_WAIT_MILLISECONDS / 1000)
            return
        try:
            event = api.nvmlEventSetWait(self._set, _WAIT_MILLISECONDS)
        except api.NVMLError_Timeout:
            return
        gpu = self._registered.get(_address(event.device))
        if gpu is None:
            self._tell(EventsInterrupted(f"an event of a GPU that we do not hold: {event}", _now()))
        else:
            self._tell_of(gpu, event)

    def _tell_of(self, gpu: str, event: Handle) -> None:
        if event.eventType & _XID:
            self._tell(XidSeen(gpu, int(event.eventData), _now()))
            return
        for bit, what in _CHANGES.items():
            if event.eventType & bit:
                self._tell(GpuChanged(gpu, what, _now()))

    def _interrupted(self, evidence: str) -> None:
        """Start with a new set: which GPU broke the wait is found by the next telemetry."""
        self._tell(EventsInterrupted(evidence, _now()))
        old, self._set, self._registered = self._set, None, {}
        if old is not None:
            Asker("events")(lambda: api.nvmlEventSetFree(old))
        time.sleep(_PAUSE_SECONDS)


def _address(handle: Handle) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)

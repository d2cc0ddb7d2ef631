"""The process that holds NVML, so that a library that hangs or crashes takes nobody with it.

Started by `supervised`, never forked: `python -m bostan_agent.devices.child DRIVER_FOLDER PCI_FOLDER`. Rounds over all
GPUs and the quick question after processes have a thread each, so that a rank's exit waits for no round; events have
a third. The main thread only reads, so that the end of input, which is the end of the agent, is always noticed.
"""

import ctypes
import faulthandler
import os
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bostan_agent.devices import nvml, wire
from bostan_agent.devices.errors import DevicesError
from bostan_agent.devices.nvml import Handle
from bostan_agent.devices.read.events import Events
from bostan_agent.devices.read.handles import Handles, open_handles
from bostan_agent.devices.read.inventory import read_inventory
from bostan_agent.devices.read.processes import pids_on
from bostan_agent.devices.read.telemetry import read_telemetry
from bostan_agent.devices.values import DeviceEvent


class Output:
    """The pipe to the agent, a frame at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, frame: wire.Frame) -> None:
        """Write the whole frame; an agent that is gone ends this process."""
        rest = memoryview(wire.to_line(frame))
        with self._lock:
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except BrokenPipeError:
                os._exit(0)

    def tell(self, event: DeviceEvent) -> None:
        """Send an event."""
        self.send({"event": type(event).__name__, "value": wire.plain(event)})


class Reader:
    """Answers the questions with NVML. The library is started by the first one asked."""

    def __init__(self, driver_folder: Path, pci_folder: Path) -> None:
        self._driver_folder = driver_folder
        self._pci_folder = pci_folder
        self._lock = threading.Lock()
        self._handles: Handles | None = None
        self.ready = threading.Event()

    def answer(self, frame: wire.Frame) -> Any:
        """The answer to one question, in plain values; raises `DevicesError` where there is no driver to ask."""
        handles = self._started()
        match frame["ask"]:
            case "inventory":
                self._handles = handles = open_handles(self._driver_folder)
                return wire.plain(read_inventory(handles, self._pci_folder))
            case "telemetry":
                return wire.plain(read_telemetry(handles))
            case "processes":
                return pids_on(frame["uuids"])
            case unknown:
                raise DevicesError(f"no such question: {unknown}")

    def gpus(self) -> Mapping[str, Handle]:
        """The readable GPUs; for the events' thread."""
        return self._handles.by_uuid if self._handles else {}

    def _started(self) -> Handles:
        with self._lock:
            if self._handles is None:
                nvml.start()
                self._handles = open_handles(self._driver_folder)
                self.ready.set()
            return self._handles


Questions = queue.Queue[wire.Frame]


def _work(questions: Questions, reader: Reader, output: Output) -> None:
    while True:
        frame = questions.get()
        output.send({"id": frame["id"], **_outcome(frame, reader)})


def _outcome(frame: wire.Frame, reader: Reader) -> wire.Frame:
    try:
        return {"answer": reader.answer(frame)}
    except DevicesError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except nvml.api.NVMLError as error:
        return {"error": "DriverRefused", "message": f"The NVIDIA driver does not answer: {error}."}
    except Exception as error:  # noqa: BLE001  whatever a driver makes of a call, the agent must hear of it
        return {"error": "DevicesUnclear", "message": f"{type(error).__name__}: {error}"}


def _watch(reader: Reader, output: Output) -> None:
    reader.ready.wait()
    Events(output.tell).run(reader.gpus)


def _take_standard_output() -> int:
    """Keep the pipe for frames: whatever the library prints goes to standard error."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def _give_back_memory() -> None:
    """What compiling pynvml took (10 MiB), where it had not been compiled before. Only glibc keeps it so."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def main() -> None:
    """Serve until the agent closes our input."""
    # The other threads run on while one dies: to look at their frames then could crash once more, of another signal.
    faulthandler.enable(all_threads=False)
    _give_back_memory()
    output = Output(_take_standard_output())
    reader = Reader(Path(sys.argv[1]), Path(sys.argv[2]))
    rounds: Questions = queue.Queue(wire.REQUESTS_MAX)
    quick: Questions = queue.Queue(wire.REQUESTS_MAX)
    for target, arguments in (
        (_work, (rounds, reader, output)),
        (_work, (quick, reader, output)),
        (_watch, (reader, output)),
    ):
        threading.Thread(target=target, args=arguments, daemon=True).start()
    for line in sys.stdin.buffer:
        frame = wire.from_line(line)
        (quick if frame["ask"] == "processes" else rounds).put(frame)
    os._exit(0)


if __name__ == "__main__":
    main()

"""A pretended NVIDIA driver, compiled from our C source, and what it takes to talk of it in the tests."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from bostan_agent.devices.supervised import Supervised
from bostan_agent.devices.supervision import Supervision

SOURCES = Path(__file__).parents[1] / "nvml"
RUN = str(uuid.uuid4())
"""Who holds a GPU is asked of the whole machine: another run of these tests must not have GPUs of the same names."""
GPU = [f"GPU-{index:08x}{RUN[8:]}" for index in range(8)]


def compiled(folder: Path, *flags: str) -> Path:
    """The folder with the library in it; the linker finds it there by its soname."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.fail("gcc is missing: the tests of the node agent compile a small libnvidia-ml.so.1 with it")
    command = [compiler, "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", *flags]
    sources = [str(SOURCES / name) for name in ("fake_nvml.c", "fake_state.c")]
    library = ["-Wl,-soname,libnvidia-ml.so.1", "-o", str(folder / "libnvidia-ml.so.1")]
    subprocess.run([*command, *library, *sources, "-lpthread"], check=True)
    return folder


@pytest.fixture(scope="session")
def new_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A driver with every symbol that we ask for."""
    return compiled(tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="session")
def old_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A driver of the 470 branch: the newer symbols are not in the library."""
    return compiled(tmp_path_factory.mktemp("old"), "-DOLD_DRIVER")


class FakeNode:
    """A node whose driver tells what `says` wrote last."""

    def __init__(self, folder: Path, library_folder: Path) -> None:
        self.library_folder = library_folder
        self.driver_folder = folder / "driver"
        self.pci_folder = folder / "pci"
        self._file = folder / "driver.txt"
        self.lines: list[str] = []
        self._opened: list[Supervised] = []

    def says(self, *lines: str) -> None:
        """Replace everything that the driver tells, at once."""
        self.lines = ["driver 550.54.15", "cuda 12040", *lines]
        fresh = self._file.with_suffix(".new")
        fresh.write_text("\n".join(self.lines) + "\n")
        fresh.replace(self._file)

    def adds(self, *lines: str) -> None:
        """Tell more."""
        self.says(*self.lines[2:], *lines)

    def kernel_lists(self, *addresses: str) -> None:
        """The GPUs that the kernel module knows."""
        for address in addresses:
            (self.driver_folder / "gpus" / address).mkdir(parents=True)

    def open(self, **settings: object) -> Supervised:
        """The node's devices, read by a child of their own."""
        supervision = Supervision(
            library_folder=str(self.library_folder),
            driver_folder=self.driver_folder,
            pci_folder=self.pci_folder,
            **settings,  # type: ignore[arg-type]
        )
        devices = Supervised(supervision)
        self._opened.append(devices)
        return devices

    async def close(self) -> None:
        """End every child that was opened."""
        for devices in self._opened:
            await devices.close()


@pytest_asyncio.fixture
async def node(tmp_path: Path, new_driver: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeNode]:
    """A node with a new driver."""
    monkeypatch.setenv("FAKE_NVML", str(tmp_path / "driver.txt"))
    fake = FakeNode(tmp_path, new_driver)
    yield fake
    await fake.close()


@pytest_asyncio.fixture
async def old_node(
    tmp_path: Path, old_driver: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FakeNode]:
    """A node with an old driver."""
    monkeypatch.setenv("FAKE_NVML", str(tmp_path / "driver.txt"))
    fake = FakeNode(tmp_path, old_driver)
    yield fake
    await fake.close()


GpuLine = Callable[..., str]


@pytest.fixture
def gpu_line() -> GpuLine:
    """Writes a line for one H100; keywords override or add."""

    def line(index: int = 0, **facts: object) -> str:
        usual: dict[str, object] = {
            "uuid": GPU[index],
            "name": "NVIDIA_H100_80GB_HBM3",
            "bus": f"00000000:{0x1B + index:02X}:00.0",
            "memory": 85520809984,
            "energy": 1000,
            "rows": "0,0,0,0",
            "mig": 0,
        }
        told = {key: value for key, value in (usual | facts).items() if value is not None}
        return "gpu " + " ".join(f"{key}={value}" for key, value in told.items())

    return line


@pytest.fixture
def uuids() -> list[str]:
    """The UUIDs of the GPUs that `gpu_line` writes, by number."""
    return GPU


@pytest.fixture
def here() -> str:
    """The name of a node that no other run of these tests simulates."""
    return f"node-{RUN}"


Holder = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def holder() -> Iterator[Holder]:
    """Starts a process that was given a GPU."""
    started: list[subprocess.Popen[bytes]] = []

    def hold(uuid: str) -> "subprocess.Popen[bytes]":
        code = "import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"
        environment = os.environ | {"CUDA_VISIBLE_DEVICES": uuid}
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.read(1) == b"."
        return process

    yield hold
    for process in started:
        process.kill()
        process.communicate()


Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """Waits until something holds, or fails after twenty seconds."""

    async def wait(holds: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + 20
        while not await holds():
            assert time.monotonic() < deadline, "it did not come to hold"
            await asyncio.sleep(0.02)

    return wait

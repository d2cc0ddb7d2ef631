"""A driver for an agent to read: the machine's own, or where there is none a small one compiled from the tests' sources."""

import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "tests" / "agents" / "nvml"
GPU = "gpu uuid=GPU-{0:08x}-0000-4000-8000-000000000000 name=NVIDIA_H100_80GB_HBM3 bus=00000000:{0:02X}:00.0"


def driver(folder: Path, gpus: int) -> tuple[str, dict[str, str]]:
    """What it is, in words, and the environment in which an agent finds it."""
    if Path("/dev/nvidiactl").exists():
        return "the machine's driver", {}
    folder.mkdir()
    sources = [str(SOURCES / name) for name in ("fake_nvml.c", "fake_state.c")]
    library = ["-Wl,-soname,libnvidia-ml.so.1", "-o", str(folder / "libnvidia-ml.so.1")]
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-shared", "-fPIC", *library, *sources, "-lpthread"], check=True
    )
    told = ["driver 550.54.15", "cuda 12040"]
    told += [f"{GPU.format(number + 1)} memory=85520809984 energy=1000" for number in range(gpus)]
    (folder / "driver.txt").write_text("\n".join(told) + "\n")
    environment = {"LD_LIBRARY_PATH": str(folder), "FAKE_NVML": str(folder / "driver.txt")}
    return "a driver made for tests", environment

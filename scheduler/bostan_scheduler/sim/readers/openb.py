"""The pods of openb (Alibaba): parts of GPUs, CPUs and memory, some for certain classes only.

A pod is submitted when it was created, and runs from when it was scheduled, else from its creation, until it was
deleted. One that was never deleted or took no time is passed over, and so is one without GPUs unless the option
`cpu_only=keep` is given.
"""

from collections.abc import Iterator
from pathlib import Path

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.readers.table import Row, rows

COLUMNS = (
    "name",
    "cpu_milli",
    "memory_mib",
    "num_gpu",
    "gpu_milli",
    "gpu_spec",
    "creation_time",
    "deletion_time",
)
MIB = 2**20
MILLI_MAX = 10_000_000


def read(path: Path, options: Options) -> Iterator[Asked]:
    """The pods of a file. Raises `InvalidFile`."""
    keeps = options.choice("cpu_only", "skip", "keep") == "keep"
    options.refuse_others()
    for row in rows(path, COLUMNS, optional=("scheduled_time",)):
        gpus = row.whole("num_gpu")
        if row.values["deletion_time"] and (gpus or keeps):
            yield from _asked(row, gpus)


def _asked(row: Row, gpus: int) -> Iterator[Asked]:
    created = row.number("creation_time")
    begun = row.number("scheduled_time") if row.values["scheduled_time"] else created
    deleted = row.number("deletion_time")
    if deleted < begun:
        raise row.wrong("deletion_time", f"is {deleted:.0f}, before {begun:.0f}", "end it after it begins")
    if deleted == begun:
        return
    yield Asked(
        submit_seconds=created,
        run_seconds=deleted - begun,
        gpus=gpus,
        name=row.text("name"),
        gpu_milli=gpu_milli(row, gpus),
        gpu_classes=classes(row),
        cpus=max(1, -(-row.whole("cpu_milli", 0, MILLI_MAX) // 1000)),
        memory_bytes=max(1, row.whole("memory_mib", 0, MILLI_MAX)) * MIB,
        checkpoints=False,
    )


def gpu_milli(row: Row, gpus: int) -> int:
    """The part of its one GPU; several are whole."""
    milli = row.whole("gpu_milli", 0, WHOLE_GPU)
    if gpus == 0:
        return WHOLE_GPU
    if milli == 0 or (gpus > 1 and milli != WHOLE_GPU):
        raise row.wrong(
            "gpu_milli", f"is {milli} on {gpus} GPUs", f"write {WHOLE_GPU}, or 1 or more on one GPU"
        )
    return milli


def classes(row: Row) -> tuple[str, ...]:
    """The classes that a pod may have, joined by bars; none: any."""
    return tuple(filter(None, row.values["gpu_spec"].split("|")))

"""Muri's traces of Philly's virtual clusters: gang jobs of one firm.

Columns `job_id, num_gpu, submit_s, duration_s`, and `model`, by which jobs are named.
"""

from collections.abc import Iterator
from pathlib import Path

from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers.table import rows

COLUMNS = ("job_id", "num_gpu", "submit_s", "duration_s", "model")


def read(path: Path) -> Iterator[Asked]:
    """The jobs of a file. Raises `InvalidFile`."""
    for row in rows(path, COLUMNS):
        yield Asked(
            submit_seconds=row.number("submit_s"),
            run_seconds=row.above_zero("duration_s"),
            gpus=row.whole("num_gpu", 1),
            name=row.text("model"),
        )

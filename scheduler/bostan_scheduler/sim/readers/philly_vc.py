"""Philly by virtual cluster: each is a firm of its own.

Options: `from_seconds` and `until_seconds` cut a window out, whose beginning is then 0; `firms` keeps only these.
"""

from collections.abc import Iterator
from pathlib import Path

from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.readers.table import SECONDS_MAX, rows

COLUMNS = ("submit_s", "duration_s", "num_gpu", "vc")


def read(path: Path, options: Options) -> Iterator[Asked]:
    """The jobs of a file. Raises `InvalidFile`."""
    begin = options.number("from_seconds", 0.0, 0.0, SECONDS_MAX)
    end = options.number("until_seconds", SECONDS_MAX, 0.0, SECONDS_MAX)
    firms = options.words("firms")
    options.refuse_others()
    for row in rows(path, COLUMNS):
        submit, firm = row.number("submit_s"), row.text("vc")
        run, gpus = row.above_zero("duration_s"), row.whole("num_gpu", 1)
        if begin <= submit < end and (not firms or firm in firms):
            yield Asked(submit - begin, run, gpus, firm=firm)

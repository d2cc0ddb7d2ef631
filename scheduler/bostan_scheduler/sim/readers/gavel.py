"""Gavel's continuous traces: jobs that run at other speeds on other classes, or not at all.

Options: `throughputs` is the table of steps a second by model, GPUs and class (needed); `jobs_per_hour` is how
dense they come, 2 if it is not set; `seed` which of the sequences in the file, 0 if it is not set; `jobs` how many.
Speed 1 is a V100.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.readers.table import Row, rows

COLUMNS = ("seed", "arrival_unit", "model", "num_gpus", "duration_v100_s")
THROUGHPUT = "{}_steps_per_s"
CLASSES = ("v100", "p100", "k80")
REFERENCE = "v100"
STEPS_MAX = 1e9

Speeds = Mapping[tuple[str, int], tuple[tuple[str, float], ...]]


def read(path: Path, options: Options) -> Iterator[Asked]:
    """The jobs of one seed. Raises `InvalidFile`."""
    speeds = _speeds(options.path("throughputs"))
    rate = options.number("jobs_per_hour", 2.0, 1e-3, 1e6)
    seed, most = options.number("seed", 0, 0, 1e9), options.number("jobs", 1e9, 1, 1e9)
    options.refuse_others()
    taken = 0
    for row in rows(path, COLUMNS):
        if row.whole("seed", 0, 10**9) == int(seed) and taken < most:
            taken += 1
            yield _asked(row, speeds, rate)


def _asked(row: Row, speeds: Speeds, rate: float) -> Asked:
    key = (row.text("model"), row.whole("num_gpus", 1))
    if key not in speeds:
        raise row.wrong("model", f"{key[0]!r} on {key[1]} GPUs is not in the throughputs", "add it there")
    return Asked(
        submit_seconds=row.number("arrival_unit") * 3600 / rate,
        run_seconds=row.above_zero("duration_v100_s"),
        gpus=key[1],
        name=key[0],
        gpu_classes=tuple(of for of, _ in speeds[key]),
        speeds=speeds[key],
    )


def _speeds(path: Path) -> Speeds:
    """What each model with so many GPUs runs on, fastest first, in multiples of the reference."""
    found: dict[tuple[str, int], tuple[tuple[str, float], ...]] = {}
    for row in rows(path, ("model", "num_gpus", *map(THROUGHPUT.format, CLASSES))):
        steps = {of: row.number(THROUGHPUT.format(of), 0.0, STEPS_MAX) for of in CLASSES}
        if steps[REFERENCE] == 0.0:
            continue  # a model without a reference speed cannot be in a trace that counts by it
        speeds = [(of, steps[of] / steps[REFERENCE]) for of in CLASSES if steps[of] > 0.0]
        found[row.text("model"), row.whole("num_gpus", 1)] = tuple(sorted(speeds, key=lambda one: -one[1]))
    return found

"""The runs of a sweep as Ray tasks: each simulates by itself, and the results come back in the order of the runs."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray

from bostan_scheduler.cluster.start import record_processes, start_ray, stop_ray
from bostan_scheduler.settings import CentreSettings
from bostan_scheduler.sim.scenario import Scenario, metrics_of

Done = Callable[[int], None]
"""Told how many runs are done."""


def run_sweep(
    scenarios: Sequence[Scenario], ray_address: str, check: bool, done: Done
) -> list[dict[str, Any]]:
    """The metrics of each scenario; `local` starts a Ray here and ends it again, any other address joins one.

    Raises:
        NotReady: Ray did not start.
        BostanError: what a run could not do; the others are given up.
    """
    with tempfile.TemporaryDirectory(prefix="bostan-sweep-") as data:
        settings = CentreSettings(data_dir=Path(data), ray_address=ray_address)
        folder = start_ray(settings)
        try:
            record_processes(settings.data_dir)
            return _results(scenarios, check, done)
        finally:
            record_processes(settings.data_dir)
            stop_ray(settings.data_dir, folder)


def _results(scenarios: Sequence[Scenario], check: bool, done: Done) -> list[dict[str, Any]]:
    remote: Any = ray.remote
    task = remote(num_cpus=1, max_retries=1)(metrics_of)
    waiting = [task.remote(scenario, check) for scenario in scenarios]
    order = {reference: place for place, reference in enumerate(waiting)}
    results: list[dict[str, Any]] = [{}] * len(scenarios)
    while waiting:
        [ready], waiting = ray.wait(waiting, num_returns=1)
        results[order[ready]] = _value(ready)
        done(len(scenarios) - len(waiting))
    return results


def _value(reference: Any) -> dict[str, Any]:
    """What a task gave, or the error itself that it raised."""
    try:
        value: dict[str, Any] = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    return value

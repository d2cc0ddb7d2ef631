"""A run as one JSON value: metrics, utilisation and jobs. Times are seconds from the beginning of the run."""

from dataclasses import asdict
from typing import Any

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.sim.metrics import Metrics, metrics
from bostan_scheduler.sim.records import JobRecord, Records
from bostan_scheduler.sim.report.utilisation import utilisation

FORMAT = 1
DIGITS = 6


def document(records: Records) -> dict[str, Any]:
    """Everything; the same records give the same value, digit by digit."""
    used = utilisation(records)
    return {
        "format": FORMAT,
        "metrics": metrics_value(metrics(records)),
        "plans": records.plans,
        "events": records.events,
        "gpus": {f"{park}/{of}": count for (park, of), count in records.gpus.items()},
        "utilisation": {
            "interval_seconds": used.interval_milliseconds / 1000,
            "gpus_held": {
                f"{park}/{of}": [round(one, DIGITS) for one in held] for (park, of), held in used.held.items()
            },
        },
        "jobs": [_job(job, records.start_at) for job in records.jobs],
    }


def metrics_value(of: Metrics) -> dict[str, Any]:
    """The metrics with their numbers cut to a millionth."""
    cut: dict[str, Any] = _cut(asdict(of))
    return cut


def _cut(value: Any) -> Any:
    match value:
        case float():
            return round(value, DIGITS)
        case dict():
            return {key: _cut(one) for key, one in value.items()}
        case list() | tuple():
            return [_cut(one) for one in value]
        case _:
            return value


def _job(job: JobRecord, start_at: Instant) -> dict[str, Any]:
    return {
        "id": job.id,
        "firm": job.firm,
        "gpus": job.gpus,
        "submit": _seconds(job.submit_at, start_at),
        "first_start": _seconds(job.first_start_at, start_at),
        "end": _seconds(job.end_at, start_at),
        "outcome": job.outcome,
        "run": job.run_milliseconds / 1000,
        "attempts": job.attempts,
        "preemptions": job.preemptions,
        "gpu_seconds": job.gpus * job.held_milliseconds / 1000,
        "restart_gpu_seconds": job.gpus * job.restart_milliseconds / 1000,
        "lost_gpu_seconds": job.gpus * job.lost_milliseconds / 1000,
    }


def _seconds(at: Instant | None, start_at: Instant) -> float | None:
    return None if at is None else (at - start_at) / 1000

"""Tables for people: one run, or the runs of a sweep beside each other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

FIRMS_MAX = 30

Value = Mapping[str, Any]
"""Metrics as `metrics_value` gives them."""


def summary(metrics: Value) -> Table:
    """One run: a line a metric."""
    table = Table(title=f"{metrics['done']} of {metrics['jobs']} jobs done", show_header=True)
    for heading in ("metric", "mean", "p50", "p99", "most"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for name, label in (
        ("jct", "completion time, s"),
        ("wait", "until first start, s"),
        ("queued", "queued, s"),
    ):
        spread = metrics[name]
        table.add_row(label, *(f"{spread[key]:,.0f}" for key in ("mean", "p50", "p99", "most")))
    for label, text in _single(metrics):
        table.add_row(label, text)
    return table


def _single(metrics: Value) -> Iterable[tuple[str, str]]:
    yield "makespan, s", f"{metrics['makespan']:,.0f}"
    yield "GPUs held", f"{metrics['utilisation']:.1%}"
    yield "GPUs of use", f"{metrics['goodput']:.1%}"
    yield "attempts", f"{metrics['attempts']:,}"
    yield "preemptions", f"{metrics['preemptions']:,}"
    yield "restarting, GPU h", f"{metrics['restart_gpu_seconds'] / 3600:,.1f}"
    yield "lost, GPU h", f"{metrics['lost_gpu_seconds'] / 3600:,.1f}"
    if metrics["unfinished"]:
        yield "not finished", f"{metrics['unfinished']:,}"


def firms(metrics: Value) -> Table:
    """How each firm fared, those with most GPU time first."""
    table = Table(title="firms")
    for heading in ("firm", "jobs", "completion, s", "queued, s", "slowdown", "GPU h", "share"):
        table.add_column(heading, justify="left" if heading == "firm" else "right")
    most = sorted(metrics["firms"], key=lambda one: (-one["gpu_seconds"], one["firm"]))
    for one in most[:FIRMS_MAX]:
        table.add_row(
            one["firm"],
            f"{one['jobs']:,}",
            f"{one['jct']:,.0f}",
            f"{one['queued']:,.0f}",
            f"{one['slowdown']:,.2f}",
            f"{one['gpu_seconds'] / 3600:,.0f}",
            f"{one['share']:.1%}",
        )
    if len(most) > FIRMS_MAX:
        table.caption = f"and {len(most) - FIRMS_MAX} more; all are in the JSON"
    return table


def comparison(keys: Sequence[str], runs: Iterable[tuple[Sequence[str], Value]]) -> Table:
    """The runs of a sweep: what was set, and what it came to."""
    table = Table(title="sweep")
    for key in keys:
        table.add_column(key)
    for heading in (
        "completion, s",
        "p99, s",
        "queued, s",
        "makespan, s",
        "held",
        "preempted",
        "lost, GPU h",
    ):
        table.add_column(heading, justify="right")
    for values, metrics in runs:
        table.add_row(
            *values,
            f"{metrics['jct']['mean']:,.0f}",
            f"{metrics['jct']['p99']:,.0f}",
            f"{metrics['queued']['mean']:,.0f}",
            f"{metrics['makespan']:,.0f}",
            f"{metrics['utilisation']:.1%}",
            f"{metrics['preemptions']:,}",
            f"{metrics['lost_gpu_seconds'] / 3600:,.1f}",
        )
    return table

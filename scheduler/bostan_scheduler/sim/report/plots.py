"""Plots of a run: a Gantt chart a park, GPUs held over time, the spread of queueing, and how firms fared.

The only module that needs matplotlib; it is loaded when plots are asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from bostan_scheduler.sim.metrics import FirmShare, metrics, queued
from bostan_scheduler.sim.records import Records, Span
from bostan_scheduler.sim.report.utilisation import utilisation

SEGMENTS_MAX = 200_000
FIRMS_MAX = 40
COLOURS = 20
HOUR_MS = 3_600_000

Format = Literal["png", "svg"]


def write_plots(records: Records, folder: Path, kind: Format = "png") -> list[Path]:
    """Write every plot into a folder, which is made if need be; the files, in order. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context({"svg.hashsalt": "bostan"}):
        for name, figure in _figures(records):
            path = folder / f"{name}.{kind}"
            figure.savefig(path, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
            written.append(path)
    return written


def _figures(records: Records) -> Iterator[tuple[str, Figure]]:
    for park in sorted({park for park, _ in records.gpus}):
        yield f"gantt-{park}", gantt(records, park)
    yield "utilisation", utilisation_plot(records)
    yield "queued", queued_plot(records)
    yield "fairness", fairness_plot(records)


def gantt(records: Records, park: str) -> Figure:
    """Each GPU of a park a row, each time that it was held a line in its firm's colour, or its job's if there is one firm."""
    figure, axes = _axes(f"{park}: GPUs held")
    nodes = [node_id for node_id in records.nodes if node_id.partition("/")[0] == park]
    spans = [span for span in records.spans if span.park == park]
    firms = sorted({span.firm for span in spans})
    shown = sorted(spans, key=lambda span: -span.milliseconds)[: _most(spans)]
    rows = _rows(shown, nodes)
    lines, colours = [], []
    for span in shown:
        colour = firms.index(span.firm) if len(firms) > 1 else int(span.job_id.lstrip("j") or 0)
        begin, end = (_hours(records, at) for at in (span.from_at, span.until_at))
        for place in span.places:
            for gpu in place.gpus:
                lines.append([(begin, rows[gpu]), (end, rows[gpu])])
                colours.append(mpl.colormaps["tab20"](colour % COLOURS))
    height = figure.get_size_inches()[1] * 50
    axes.add_collection(
        LineCollection(lines, colors=colours, linewidths=max(0.5, height / max(1, len(rows))))
    )
    axes.set(xlim=(0, _hours(records, records.end_at)), ylim=(-1, max(1, len(rows))), ylabel="GPU")
    if len(shown) < len(spans):
        axes.set_title(f"{park}: GPUs held (the longest {len(shown)} of {len(spans)} times)")
    return figure


def _most(spans: list[Span]) -> int:
    """How many spans may be drawn, so that their lines are not too many."""
    gpus = max((span.gpus for span in spans), default=1)
    return max(1, SEGMENTS_MAX // max(1, gpus)) if len(spans) * gpus > SEGMENTS_MAX else len(spans)


def _rows(spans: list[Span], nodes: list[str]) -> dict[str, int]:
    """A row for each GPU: node by node, and on a node in the order of their names."""
    seen: dict[str, set[str]] = {node_id: set() for node_id in nodes}
    for span in spans:
        for place in span.places:
            seen[place.node_id].update(place.gpus)
    rows: dict[str, int] = {}
    for node_id in nodes:
        for gpu in sorted(seen[node_id]):
            rows[gpu] = len(rows)
    return rows


def utilisation_plot(records: Records) -> Figure:
    """GPUs held over time, a line for each pool, and dotted how many there are."""
    figure, axes = _axes("GPUs held over time")
    used = utilisation(records)
    for number, (pool, held) in enumerate(used.held.items()):
        hours = [place * used.interval_milliseconds / HOUR_MS for place in range(len(held))]
        axes.step(hours, held, where="post", label="/".join(pool), color=f"C{number}")
        axes.axhline(records.gpus[pool], linestyle=":", color=f"C{number}")
    axes.set(ylabel="GPUs", ylim=(0, None))
    axes.legend(loc="best")
    return figure


def queued_plot(records: Records) -> Figure:
    """Which part of the jobs was queued for at most so long."""
    figure, axes = _axes("Time queued")
    times = sorted(queued(job) for job in records.jobs if job.outcome == "succeeded")
    parts = [(place + 1) / len(times) for place in range(len(times))]
    axes.step(times, parts, where="post")
    axes.set(xlabel="seconds queued", ylabel="part of the jobs", ylim=(0, 1.02))
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(0, None)
    return figure


def fairness_plot(records: Records) -> Figure:
    """Each firm's slowdown and its part of the GPU time, those with most first."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    slow, share = figure.subplots(2, 1, sharex=True)
    firms: list[FirmShare] = sorted(metrics(records).firms, key=lambda one: (-one.gpu_seconds, one.firm))
    names = [one.firm for one in firms[:FIRMS_MAX]]
    slow.bar(names, [one.slowdown for one in firms[:FIRMS_MAX]])
    slow.set(title="Slowdown: completion time over run time alone", ylabel="times")
    share.bar(names, [100 * one.share for one in firms[:FIRMS_MAX]], color="C1")
    share.set(title="Part of the GPU time", ylabel="%")
    share.tick_params(axis="x", rotation=90 if len(names) > 6 else 0)
    return figure


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(12, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel="hours")
    return figure, axes


def _hours(records: Records, at: int) -> float:
    return (at - records.start_at) / HOUR_MS

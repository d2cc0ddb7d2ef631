"""Plots: files that are there, and the same from the same run."""

import pytest
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.report import plots
from bostan_scheduler.sim.report.plots import gantt, write_plots
from simulated import records_of, small_world


@pytest.fixture(scope="module")
def records():
    """Two firms on two nodes, one job that never starts."""
    jobs = [
        Asked(0, 1000, 4, firm="a"),
        Asked(10, 500, 2, firm="b"),
        Asked(20, 100, 8, firm="b"),
        Asked(0, 1, 64),
    ]
    return records_of(small_world(2, 4, jobs))


def test_every_plot_is_written(records, tmp_path):
    written = write_plots(records, tmp_path / "new")
    assert [path.name for path in written] == [
        "gantt-park.png",
        "utilisation.png",
        "queued.png",
        "fairness.png",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_drawings_are_the_same_from_the_same_run(records, tmp_path):
    first, second = (write_plots(records, tmp_path / name, "svg") for name in ("one", "two"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_gantt_chart_has_a_line_for_each_gpu_and_time(records):
    [lines] = gantt(records, "park").axes[0].collections
    assert len(lines.get_segments()) == sum(span.gpus for span in records.spans) == 4 + 2 + 8


def test_a_gantt_chart_of_too_many_shows_the_longest_and_says_so(records, monkeypatch):
    monkeypatch.setattr(plots, "SEGMENTS_MAX", 8)
    axes = gantt(records, "park").axes[0]
    assert "the longest 1 of 3 times" in axes.get_title()

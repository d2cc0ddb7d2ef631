"""The one form of every benchmark's results, as a table and as JSON."""

import argparse
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

TABLE_COLUMNS = 140
WHOLE_FROM = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. `metric` ends in its unit; `peer_value` is what the named peer reaches in the same unit."""

    case: str
    metric: str
    value: float
    unit: str
    better: Literal["lower", "higher"]
    target: float | None = None
    peer: str | None = None
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        """How much better than the peer, above 1; None without a peer."""
        if self.peer_value is None or not self.value or not self.peer_value:
            return None
        return self.peer_value / self.value if self.better == "lower" else self.value / self.peer_value

    @property
    def holds(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def machine() -> str:
    """This machine in words: class of processor, cores, memory."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.machine()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(description=description.partition("\n")[0])
    made.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    made.add_argument("--quick", action="store_true", help="fewer runs, for a look")
    return made


def publish(bench: str, results: list[Result], json_file: Path | None) -> None:
    """Print the table, and write the JSON if asked."""
    console = Console()
    # A file or a pipe has no width of its own; tables are not to be cut there.
    console = console if console.is_terminal else Console(width=TABLE_COLUMNS)
    console.print(_table(bench, results))
    if json_file is not None:
        body = {"bench": bench, "machine": machine(), "results": [asdict(result) for result in results]}
        json_file.write_text(json.dumps(body, indent=2) + "\n")


def _table(bench: str, results: list[Result]) -> Table:
    table = Table(title=f"{bench} on {machine()}")
    for heading in ("case", "metric", "value", "target", "holds", "peer", "times better"):
        table.add_column(heading)
    for one in results:
        holds = {True: "yes", False: "NO", None: ""}[one.holds]
        peer = (
            f"{one.peer} {shown(one.peer_value)}"
            if one.peer is not None and one.peer_value is not None
            else ""
        )
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        target = shown(one.target) if one.target is not None else ""
        table.add_row(one.case, one.metric, shown(one.value), target, holds, peer, ratio)
    return table


def shown(value: float) -> str:
    """A figure with four digits, and all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.4g}"

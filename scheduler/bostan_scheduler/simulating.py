"""`bostan-scheduler sim`: what would happen, from a world file or a trace; one run, or a sweep of them."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from bostan.cli.options import Format

from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.shell import plain_errors, say, show
from bostan_scheduler.sim import Records, simulate
from bostan_scheduler.sim.flags import Flags, refuse_alone, refuse_beside
from bostan_scheduler.sim.given import Given, words
from bostan_scheduler.sim.overlay import Axis, BadFlag, axis, combinations
from bostan_scheduler.sim.readers.formats import FORMATS
from bostan_scheduler.sim.scenario import Scenario

EXAMPLES = (
    'Examples: bostan-scheduler sim world.yaml --plots plots · bostan-scheduler sim --trace muri:trace.csv --pool "8x8 a100" '
    "--order srsf --sigma 1 -o json · bostan-scheduler sim world.yaml --sweep order=fifo,service --sweep seed=1..5"
)
TABLE_COLUMNS = 120

WorldArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[WORLD.yaml]", help="A world file; flags go before what stands in it."),
]
Trace = Annotated[
    str | None,
    typer.Option(metavar="FORMAT:FILE", help=f"Take the jobs of a trace: {', '.join(FORMATS)}."),
]
TraceOption = Annotated[
    list[str] | None,
    typer.Option("--trace-option", metavar="KEY=VALUE", help="An option of the trace's format."),
]
PoolOption = Annotated[
    list[str] | None,
    typer.Option("--pool", metavar="SIZE", help='Nodes: NODESxGPUS CLASS[@PARK], for example "8x8 a100".'),
]
OrderName = Annotated[
    str | None, typer.Option("--order", metavar="ORDER", help=f"Who is served first: {', '.join(ORDERS)}.")
]
Sigma = Annotated[
    str | None,
    typer.Option(
        metavar="0 to 5", help="Error of the estimates that the core is told: 0 none, 1 typically twofold."
    ),
]
NoEstimates = Annotated[bool, typer.Option("--no-estimates", help="Tell the core nothing of run times.")]
Seed = Annotated[str | None, typer.Option(metavar="INTEGER", help="Of all that is drawn.")]
Idealised = Annotated[
    bool, typer.Option("--idealised", help="Restart and move for free at every event, as to calibrate.")
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a field of the world, as model.restart_seconds=0."),
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep", metavar="PATH=A,B", help="Run every combination on Ray: PATH=A,B,C or PATH=1..5."
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address", help="Where sweeps run: local, as if omitted, starts a Ray here, else that cluster."
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Assert every invariant of the core after every instant.")
]
Shape = Annotated[Format, typer.Option("--output", "-o", help="table for people; json for programs.")]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the JSON there too.")]
Plots = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write plots there; needs matplotlib.")]
PlotForm = Literal["png", "svg"]
PlotFormat = Annotated[
    PlotForm | None, typer.Option("--plot-format", help="Form of the plots: png if omitted.")
]


def sim(
    world: WorldArgument = None,
    trace: Trace = None,
    trace_option: TraceOption = None,
    pool: PoolOption = None,
    order: OrderName = None,
    sigma: Sigma = None,
    no_estimates: NoEstimates = False,
    seed: Seed = None,
    idealised: Idealised = False,
    setting: Setting = None,
    sweep: Sweep = None,
    ray_address: RayAddress = None,
    check: Check = False,
    output: Shape = Format.TABLE,
    json_file: JsonFile = None,
    plots: Plots = None,
    plot_format: PlotFormat = None,
) -> None:
    """Simulate a pool: the scheduler's own decisions, under virtual time."""
    with plain_errors():
        refuse_alone("--ray-address", given=ray_address, without="--sweep", there=sweep)
        refuse_alone("--plot-format", given=plot_format, without="--plots", there=plots)
        refuse_beside("--plots", given=plots, beside="--sweep", there=sweep)
        _refuse_unwritable(json_file)
        axes = [axis(one) for one in sweep or []]
        flags = Flags(
            trace=trace,
            trace_options=trace_option or (),
            pools=pool or (),
            order=order,
            sigma=sigma,
            no_estimates=no_estimates,
            seed=seed,
            idealised=idealised,
            settings=setting or (),
            axes=axes,
        )
        scenario = flags.put_into(Scenario.of(world))
        if axes:
            _sweep(scenario, axes, ray_address or "local", check, output, json_file)
        else:
            _run(scenario, check, output, json_file, plots, plot_format or "png")


def _refuse_unwritable(json_file: Path | None) -> None:
    if json_file is None:
        return
    folder = json_file.absolute().parent
    if not folder.is_dir():
        raise BadFlag(f"--json {json_file}: there is no such folder", "make it first")
    if json_file.is_dir() or not os.access(json_file if json_file.exists() else folder, os.W_OK):
        raise BadFlag(f"--json {json_file}: it cannot be written", "name another file")


def _run(
    scenario: Scenario,
    check: bool,
    output: Format,
    json_file: Path | None,
    plots: Path | None,
    form: PlotForm,
) -> None:
    from bostan_scheduler.sim.progress import bar
    from bostan_scheduler.sim.report.document import document
    from bostan_scheduler.sim.report.tables import firms, summary

    asked = scenario.world()
    write_plots = _plotter(plots) if plots is not None else None
    with bar(len(asked.works), asked.pool.now) as watch:
        records = simulate(asked, check=check, watch=watch)
    value = document(records)
    _emit(value, output, json_file, [summary(value["metrics"]), firms(value["metrics"])])
    if plots is not None and write_plots is not None:
        for path in write_plots(records, plots, form):
            say(f"wrote {path}")


def _plotter(folder: Path) -> Callable[[Records, Path, PlotForm], list[Path]]:
    """What writes plots into a folder, or a word on what it needs; asked for before the run, not after it."""
    try:
        from bostan_scheduler.sim.report.plots import write_plots
    except ImportError as error:
        raise BadFlag(f"--plots: {error}", "pip install 'bostan[sim]'") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFlag(f"--plots {folder}: cannot be made ({error.strerror})", "name another folder") from None
    return write_plots


def _sweep(
    scenario: Scenario,
    axes: list[Axis],
    ray_address: str,
    check: bool,
    output: Format,
    json_file: Path | None,
) -> None:
    from bostan_scheduler.cluster.environment import prepare_for_ray
    from bostan_scheduler.sim.progress import runs_bar
    from bostan_scheduler.sim.report.tables import comparison

    runs = list(combinations(axes))
    scenarios = [_having_all(scenario, run) for run in runs]
    for one in scenarios:
        one.checked()
    prepare_for_ray(ray_address)
    from bostan_scheduler.cluster.sweep import run_sweep

    with runs_bar(len(runs)) as progress:
        tasks = progress.task_ids
        results = run_sweep(
            scenarios, ray_address, check, lambda done: progress.update(tasks[0], completed=done)
        )
    value = {"runs": [{"set": dict(run), "metrics": of} for run, of in zip(runs, results, strict=True)]}
    rows = [([str(one) for _, one in run], of) for run, of in zip(runs, results, strict=True)]
    _emit(value, output, json_file, [comparison([path for path, _ in runs[0]], rows)])


def _having_all(scenario: Scenario, run: tuple[tuple[str, object], ...]) -> Scenario:
    for path, value in run:
        given = Given.of(words("--sweep", f"{path}={value}"), path, value)
        scenario = scenario.having(path, value, given.flags)
    return scenario


def _emit(value: dict[str, Any], output: Format, json_file: Path | None, tables: list[Any]) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")
    if output is Format.JSON:
        show(text)
        return
    from rich.console import Console

    console = Console()
    console = console if console.is_terminal else Console(width=TABLE_COLUMNS)
    for table in tables:
        console.print(table)

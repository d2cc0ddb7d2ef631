"""From a checked world file to the world that it describes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from bostan.errors import BostanError, FileProblem
from bostan.yamlfile import YamlFile

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.snapshot import ClassFacts, Firm
from bostan_scheduler.sim.asked import Asked, Estimates, works
from bostan_scheduler.sim.pool import Nodes, Pool, open_quota, shared_quota, snapshot
from bostan_scheduler.sim.readers.formats import read_trace
from bostan_scheduler.sim.readers.options import Options
from bostan_scheduler.sim.world import IDEALISED, START, Model, World
from bostan_scheduler.sim.worldfile.faults import faults_of, obstacles_of
from bostan_scheduler.sim.worldfile.generate import generate, listed
from bostan_scheduler.sim.worldfile.model import ModelLine, PoolLine, WorldFile
from bostan_scheduler.sim.worldfile.overrides import settings_of
from bostan_scheduler.sim.worldfile.quotas import QuotaSide, read_quota_files
from bostan_scheduler.sim.worldfile.windows import windows_of
from bostan_scheduler.sim.worldfile.work import WorkLine


class UnknownFirm(BostanError):
    """A job is of a firm that the world does not have."""

    exit_code = 2


def build_world(file: WorldFile, base: Path, source: YamlFile) -> World:
    """The world; paths in the file are meant from `base`, and mistakes are told by the lines of `source`.

    Raises:
        InvalidFile: a trace or a quota file is wrong.
        UnknownFirm: a job is of no firm of the world.
        BadFaults, BadWindows: what goes wrong or is kept does not fit the pool.
    """
    lines = (_asked(file, base, source, number) for number in range(len(file.workload)))
    asked = list(chain.from_iterable(lines))
    quotas = read_quota_files(base / file.quotas) if file.quotas is not None else None
    pool = _pool(file, quotas)
    side = quotas or _quota_side(file, pool, asked)
    _refuse_unknown_firms(asked, side)
    start = snapshot(pool, side.firms, side.tree, settings_of(file.order, file.settings))
    return World(
        pool=replace(start, obstacles=obstacles_of(file, start) | windows_of(file.windows, start)),
        works=works(asked, pool.start_at, pool.largest(), _estimates(file)),
        faults=faults_of(file, start),
        model=_model(file.model),
        until=None if file.until_hours is None else pool.start_at + round(file.until_hours * 3_600_000),
    )


def _asked(file: WorldFile, base: Path, source: YamlFile, number: int) -> Iterator[Asked]:
    line: WorkLine = file.workload[number]
    if line.trace is not None:
        values = {key: str(value) for key, value in line.trace.options.items()}
        told = partial(_of_option, source, number)
        yield from read_trace(f"{line.trace.format}:{line.trace.file}", Options(values, base, told))
    if line.generate is not None:
        yield from generate(line.generate, file.seed, number)
    if line.job is not None:
        yield from listed(line.job)


def _of_option(source: YamlFile, number: int, key: str, problem: str, remedy: str) -> FileProblem:
    return source.problem(("workload", number, "trace", "options", key), problem, remedy)


def _pool(file: WorldFile, quotas: QuotaSide | None) -> Pool:
    nodes = tuple(map(_nodes, file.pool)) or (quotas.nodes if quotas is not None else ())
    classes = {
        of: ClassFacts(max(1, round(each.speed * 1000)), round(each.cost * 1000))
        for of, each in file.gpu_classes.items()
    }
    return Pool(nodes, classes, _start(file))


def _nodes(line: PoolLine) -> Nodes:
    return Nodes(
        line.nodes, line.gpus, line.gpu_class, line.park, line.gpu_memory_gib, line.cpus, line.memory_gib
    )


def _start(file: WorldFile) -> Instant:
    return START if file.start is None else round(file.start.timestamp() * 1000)


def _quota_side(file: WorldFile, pool: Pool, asked: list[Asked]) -> QuotaSide:
    if not file.firms:
        names = sorted({one.firm for one in asked})
        return QuotaSide(open_quota(pool, names), tuple(map(Firm, names)))
    guaranteed: Mapping[str, int] = {firm: line.guaranteed for firm, line in file.firms.items()}
    firms = tuple(Firm(firm, projects=line.projects) for firm, line in file.firms.items())
    return QuotaSide(shared_quota(pool, guaranteed, borrows=file.sharing == "borrow"), firms)


def _refuse_unknown_firms(asked: list[Asked], side: QuotaSide) -> None:
    known = {firm.id for firm in side.firms}
    for one in asked:
        if one.firm not in known:
            raise UnknownFirm(
                f"a job is of firm {one.firm[:60]}, which the world does not have", "add it to its firms"
            )


def _estimates(file: WorldFile) -> Estimates:
    """One draw a job whatever the source, from a seed of its own or that of the world."""
    line = file.estimates
    seed = file.seed if line.seed is None else line.seed
    return Estimates(line.sigma if line.source == "run-time" else None, seed, line.source == "job")


def _model(line: ModelLine) -> Model:
    if line.idealised:
        return replace(IDEALISED, tick_seconds=line.tick_seconds)
    return Model(line.restart_seconds, line.checkpoint_seconds, line.tick_seconds)

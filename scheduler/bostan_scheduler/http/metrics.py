"""What a monitoring system reads: jobs, nodes and GPUs as the store has them, and how this front does."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Scope

from bostan_scheduler.core.waits import Reason
from bostan_scheduler.http.asking import from_store
from bostan_scheduler.http.followers import Followers
from bostan_scheduler.http.parts import HttpParts
from bostan_scheduler.http.pools import pool_of
from bostan_scheduler.http.translate.parks import gpu_state, node_state
from bostan_scheduler.service.decisions import Tally
from bostan_scheduler.service.messages import (
    AskPlanning,
    AskWaits,
    PlanningAnswer,
    Reply,
    Request,
    WaitsAnswer,
)
from bostan_scheduler.service.ports import LeaderUnavailable

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stood at a moment of the monotonic clock."""

    read_at: float
    counts: dict[str, int]
    nodes: Counter[str]
    gpus: Counter[tuple[str, str]]


Waits = tuple[tuple[Reason, int], ...]


class Metrics:
    """The metrics of one front."""

    def __init__(self, parts: HttpParts, followers: Followers) -> None:
        self._parts, self._followers = parts, followers
        self._standing: Standing | None = None
        self._waits: Waits | None = None
        self._planning: Tally | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self.times = Times(self._registry)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Reporter(self))

    async def text(self) -> bytes:
        """Everything in Prometheus' text format. The store is asked at most once in some seconds."""
        age_max = self._parts.limits.metrics_cache_seconds
        if self._standing is None or time.monotonic() - self._standing.read_at > age_max:
            self._standing = await from_store(_read, self._parts)
            waits, planning = await self._asked(AskWaits()), await self._asked(AskPlanning())
            self._waits = waits.jobs if isinstance(waits, WaitsAnswer) else None
            self._planning = planning.tally if isinstance(planning, PlanningAnswer) else None
        return await from_store(generate_latest, self._registry)

    async def _asked(self, request: Request) -> Reply | None:
        """Only the leader knows; None, and no metric, while it does not answer."""
        try:
            async with asyncio.timeout(self._parts.limits.ready_timeout_seconds):
                return await self._parts.leader.ask(request)
        except (LeaderUnavailable, TimeoutError):
            return None

    def report(self) -> Iterable[Metric]:
        """This front, and what the store has."""
        link = self._parts.link
        yield _gauge("bostan_leader_epoch", "Epoch of the leader that this front knows.", link.epoch())
        yield _gauge("bostan_agent_sessions", "Agents connected to this front.", len(link.sessions))
        yield _gauge("bostan_http_streams", "Open event and log streams.", len(self._followers))
        removed = self._parts.files.collector.removed
        yield _counter("bostan_archives_removed", "Archives that nobody needed any more.", removed.archives)
        yield _counter("bostan_archive_bytes_removed", "Bytes of these archives.", removed.size_bytes)
        if self._standing is not None:
            yield from _of_store(self._standing)
        if self._waits is not None:
            yield _of_waits(self._waits)
        if self._planning is not None:
            yield from _of_planning(self._planning)


class _Reporter(Collector):
    """Lets the registry ask."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics.report()


class Times:
    """How long requests took, by route and status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "bostan_http_request_seconds",
            "Time from a request's head to the end of its answer; streams count when they end.",
            ("method", "route", "status"),
            registry=registry,
            buckets=_BUCKETS,
        )

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """A request is done. Paths that are no route are one, so that nobody can make up names."""
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if route != "other" else "any"
        self._seconds.labels(method, route, str(status or "broken")).observe(seconds)


def _read(parts: HttpParts) -> Standing:
    reader = parts.reader
    pool = pool_of(parts)
    nodes = reader.nodes()
    gpus = Counter(
        (pool.gpu_class(gpu) or "none", gpu_state(pool, node, gpu)) for node in nodes for gpu in node.gpus
    )
    states = Counter(node_state(pool, node) for node in nodes)
    return Standing(time.monotonic(), reader.counts(), states, gpus)


def _of_store(standing: Standing) -> Iterable[Metric]:
    jobs = GaugeMetricFamily("bostan_jobs", "Jobs by phase.", labels=["phase"])
    for phase in ("queued", "active", "finished"):
        jobs.add_metric([phase], standing.counts[f"jobs_{phase}"])
    yield jobs
    nodes = GaugeMetricFamily("bostan_nodes", "Nodes by state.", labels=["state"])
    for state in ("ready", "silent", "draining", "drained"):
        nodes.add_metric([state], standing.nodes[state])
    yield nodes
    gpus = GaugeMetricFamily("bostan_gpus", "GPUs by class and state.", labels=["gpu_class", "state"])
    for (gpu_class, state), count in sorted(standing.gpus.items()):
        gpus.add_metric([gpu_class, state], count)
    yield gpus
    yield _counter("bostan_events", "Changes that were committed.", standing.counts["events"])


def _of_waits(waits: Waits) -> Metric:
    """Every reason of the closed list, so that one that is over reads 0."""
    jobs = GaugeMetricFamily("bostan_jobs_waiting", "Queued jobs by their main reason.", labels=["reason"])
    known = dict(waits)
    for reason in Reason:
        jobs.add_metric([reason], known.get(reason, 0))
    return jobs


def _of_planning(tally: Tally) -> Iterable[Metric]:
    """Counted by the leader since it leads."""
    text = "Time that plans took, and how many were drawn up."
    yield SummaryMetricFamily("bostan_plan_seconds", text, tally.plans, tally.plan_seconds)
    written = CounterMetricFamily("bostan_decisions", "Entries of the log of decisions.", labels=["outcome"])
    written.add_metric(["written"], tally.decisions)
    written.add_metric(["lost"], tally.decisions_lost)
    yield written
    kept = CounterMetricFamily(
        "bostan_decision_snapshots", "Snapshots kept beside the log.", labels=["outcome"]
    )
    kept.add_metric(["written"], tally.snapshots)
    kept.add_metric(["lost"], tally.snapshots_lost)
    yield kept


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    counter = CounterMetricFamily(name, text)
    counter.add_metric([], value)
    return counter

"""What a front does: REST under uvicorn and the agents' link under grpc.aio, in one process and one event loop."""

import asyncio
import os
from contextlib import AsyncExitStack
from typing import Any

import structlog
import uvicorn

from bostan_scheduler.board import EventSignal, LinkState, Telemetry
from bostan_scheduler.cluster.client import RayLeader
from bostan_scheduler.cluster.forecasting import Forecasts, Store
from bostan_scheduler.cluster.playing import play, tasks_at_once
from bostan_scheduler.cluster.ports import listening
from bostan_scheduler.cluster.tidying import Tidying, TidyLimits
from bostan_scheduler.core.instant import DAY_SECONDS
from bostan_scheduler.files import Files
from bostan_scheduler.files.bringing import bring_owners
from bostan_scheduler.files.settings import BlobLimits, LogLimits
from bostan_scheduler.http import HttpLimits, HttpParts, create_app
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.server import GatewayParts, start_gateway
from bostan_scheduler.service.clock import CentreClock
from bostan_scheduler.service.forecasts import Forecaster, NoForecasts
from bostan_scheduler.settings import CentreSettings
from bostan_scheduler.sim.forecast.limits import ForecastLimits
from bostan_scheduler.store import open_store

log = structlog.get_logger()

BATCH_MAX = 1000
WAITING_MAX = 20_000
GRACE_SECONDS = 2.0


class Serving:
    """Both servers and what they share. A server that ends by itself ends the process, so that Ray restarts it."""

    def __init__(self, settings: CentreSettings, leader: Any, clock: CentreClock) -> None:
        self._settings = settings
        self._clock = clock
        self._leader = leader
        self._stack = AsyncExitStack()
        self._running = False

    async def start(self) -> None:
        """Serve, or leave nothing half started."""
        try:
            await self._serve()
        except BaseException:
            await self._stack.aclose()
            raise
        self._running = True

    async def stop(self) -> None:
        """End both servers, in order."""
        self._running = False
        await self._stack.aclose()

    async def _serve(self) -> None:
        settings = self._settings
        reader = open_store(settings.store_url, settings.store_settings())
        self._stack.callback(reader.close)
        files = Files.open(settings.data_dir / "files", blob_limits(settings), log_limits(settings))
        await asyncio.to_thread(bring_owners, files.blobs, reader)
        leader = self._ray_leader()
        signal, board, link = EventSignal(), Telemetry(), LinkState(epoch=lambda: leader.epoch)
        parts = HttpParts(
            reader,
            leader,
            files,
            board,
            signal,
            link,
            clock=self._clock,
            limits=http_limits(settings),
            forecaster=self._forecaster(reader),
        )
        gateway = await start_gateway(
            GatewayParts(
                reader=reader,
                leader=leader,
                blobs=files.blobs,
                logs=files.logs,
                board=board,
                listen=settings.agents_listen,
                insecure=settings.insecure,
                limits=link_limits(settings),
                clock=self._clock,
                on_events=signal.tell,
            )
        )
        link.sessions = gateway.sessions
        self._stack.push_async_callback(gateway.stop, GRACE_SECONDS)
        await self._serve_http(parts)
        tidying = Tidying(files, reader, self._clock, TidyLimits(event_days=settings.event_days))
        self._background(tidying.run())
        log.info("serving", rest=settings.listen, agents=settings.agents_listen)

    def _forecaster(self, store: Store) -> Forecaster:
        settings = self._settings
        if settings.forecast_seconds == 0:
            return NoForecasts()
        limits = forecast_limits(settings)
        return Forecasts(store, settings.core_settings(), self._clock, limits, play, tasks_at_once())

    def _ray_leader(self) -> RayLeader:
        timeout = self._settings.leader_timeout_seconds
        return RayLeader(self._leader, timeout_seconds=timeout, batch_max=BATCH_MAX, waiting_max=WAITING_MAX)

    async def _serve_http(self, parts: HttpParts) -> None:
        config = uvicorn.Config(
            create_app(parts),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(GRACE_SECONDS),
            h11_max_incomplete_event_size=parts.limits.header_bytes_max + parts.limits.query_bytes_max,
        )
        server = uvicorn.Server(config)
        running = asyncio.get_running_loop().create_task(server.serve([listening(self._settings.listen)]))
        running.add_done_callback(self._on_server_ended)
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn gives no event to wait for
            await asyncio.sleep(0.01)
        self._stack.push_async_callback(_end, server, running)

    def _on_server_ended(self, task: asyncio.Task[None]) -> None:
        if self._running:
            log.error(
                "REST has ended by itself",
                error=repr(task.exception()) if not task.cancelled() else "cancelled",
            )
            os._exit(1)

    def _background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._stack.callback(task.cancel)


async def _end(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    server.should_exit = True
    await asyncio.wait({running}, timeout=2 * GRACE_SECONDS)


def blob_limits(settings: CentreSettings) -> BlobLimits:
    """The limits of archives."""
    return BlobLimits(
        blob_bytes_max=settings.blob_bytes_max,
        keep_seconds=settings.archive_days * DAY_SECONDS,
        checkpoint_seconds=settings.checkpoint_hours * 3600,
    )


def log_limits(settings: CentreSettings) -> LogLimits:
    """The limits of logs."""
    return LogLimits(rank_bytes_max=settings.log_bytes_max, keep_seconds=settings.log_days * DAY_SECONDS)


def http_limits(settings: CentreSettings) -> HttpLimits:
    """The limits of REST."""
    return HttpLimits(batch_bytes_max=settings.request_bytes_max)


def forecast_limits(settings: CentreSettings) -> ForecastLimits:
    """How far forecasts go."""
    return ForecastLimits(
        samples=settings.forecast_samples,
        horizon_seconds=settings.forecast_horizon_days * DAY_SECONDS,
        wall_seconds=float(settings.forecast_seconds),
        jobs_max=settings.forecast_jobs_max,
    )


def link_limits(settings: CentreSettings) -> LinkLimits:
    """The limits and waits of the agents' link."""
    beat = settings.heartbeat_seconds
    return LinkLimits(
        heartbeat_seconds=beat, heard_seconds=beat, silence_seconds=2.0 * settings.silence_seconds
    )

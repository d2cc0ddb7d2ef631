"""`serve`: from settings to a centre that is ready, and from a signal to a machine that is clean."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ray
import structlog

from bostan_scheduler.cluster.lock import lock
from bostan_scheduler.cluster.ports import fixed, refuse_taken, refuse_unsafe
from bostan_scheduler.cluster.start import (
    Actors,
    end_what_is_left,
    record_processes,
    start_actors,
    start_ray,
    stop_ray,
)
from bostan_scheduler.cluster.watch import Watch
from bostan_scheduler.errors import NotReady
from bostan_scheduler.settings import CentreSettings

log = structlog.get_logger()

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
WATCH_SECONDS = 0.5
RECORD_SECONDS = 5.0
CLOCKS_APART_MS_MAX = 2_000

Say = Callable[[str], None]


@dataclass(slots=True)
class Stopping:
    """Set by SIGTERM and SIGINT."""

    event: threading.Event

    @classmethod
    def on_signals(cls) -> "Stopping":
        """Listen to the signals from now on."""
        stopping = cls(threading.Event())
        stopping.listen()
        return stopping

    def listen(self) -> None:
        """Take the signals; Ray, when it starts, takes SIGTERM for itself, so do it again after that."""
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: self.event.set())


def serve(settings: CentreSettings, say: Say) -> None:
    """Run the centre until a signal comes. Raises `CentreError` for what an operator can mend."""
    refuse_unsafe(settings)
    settings = fixed(settings)
    lock(settings.data_dir)
    if ended := end_what_is_left(settings.data_dir):
        say(f"ended {ended} processes that an earlier centre had left")
    refuse_taken(settings)
    stopping = Stopping.on_signals()
    say("starting Ray")
    folder = start_ray(settings)
    stopping.listen()
    try:
        record_processes(settings.data_dir)
        _run(settings, stopping, say)
    finally:
        (settings.data_dir / "centre.json").unlink(missing_ok=True)
        stop_ray(settings.data_dir, folder)


def _run(settings: CentreSettings, stopping: Stopping, say: Say) -> None:
    say("starting the leader and the fronts")
    actors = start_actors(settings)
    _await_ready(actors, stopping)
    if stopping.event.is_set():
        return
    record_processes(settings.data_dir)
    write_address(settings)
    say(
        f"ready: REST on http://{settings.listen}, agents on {settings.agents_listen}, data in {settings.data_dir}"
    )
    _watch(settings, actors, stopping)
    say("stopping")
    _stop(actors)


def _watch(settings: CentreSettings, actors: Actors, stopping: Stopping) -> None:
    """Until a signal comes, bring back actors that have died, and write down the processes that there are."""
    watch, record_at = Watch(actors), 0.0
    while not stopping.event.wait(WATCH_SECONDS):
        watch.ask()
        if time.monotonic() >= record_at:
            record_processes(settings.data_dir)
            _compare_clocks(actors)
            record_at = time.monotonic() + RECORD_SECONDS


def _compare_clocks(actors: Actors) -> None:
    ahead_ms = actors.clock.ahead_of_wall_ms()
    if abs(ahead_ms) > CLOCKS_APART_MS_MAX:
        log.warning(
            "the wall clock was set; the centre keeps its own time until it is restarted", ahead_ms=ahead_ms
        )


def _await_ready(actors: Actors, stopping: Stopping) -> None:
    waiting = [actors.leader.pid.remote(), *(front.ready.remote() for front in actors.fronts)]
    seconds = 0.0
    while waiting and not stopping.event.is_set():
        done, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=0.5)
        ray.get(done)
        seconds += 0.5
        if seconds > READY_SECONDS and waiting:
            raise NotReady(f"not ready after {READY_SECONDS:.0f} s; see the logs in the data folder")


def write_address(settings: CentreSettings) -> None:
    """Say where the centre is, for programs on this machine."""
    path = settings.data_dir / "centre.json"
    body = {"url": f"http://{settings.listen}", "agents": settings.agents_listen, "pid": os.getpid()}
    fresh = Path(f"{path}.new")
    fresh.write_text(json.dumps(body))
    fresh.replace(path)


def _stop(actors: Actors) -> None:
    """Fronts first, so that nothing more comes in; what was acknowledged is committed already."""
    stops = [front.stop.remote() for front in actors.fronts]
    ray.wait(stops, num_returns=len(stops), timeout=STOP_SECONDS)
    ray.wait([actors.leader.stop.remote()], timeout=STOP_SECONDS)

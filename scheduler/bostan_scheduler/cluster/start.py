"""Starts Ray with little memory, or joins one, and puts the actors into it."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import structlog
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bostan_scheduler.cluster.front import Front
from bostan_scheduler.cluster.leader import Leader
from bostan_scheduler.cluster.leftovers import end_leftovers, ray_processes, record
from bostan_scheduler.cluster.names import LEADER, NAMESPACE
from bostan_scheduler.errors import NotReady
from bostan_scheduler.service.clock import CentreClock
from bostan_scheduler.settings import CentreSettings

TRIES = 3  # it gives up by itself after half a minute, which is short on a busy machine
FOLDER, PREFIX = "ray-folder", "bostan-ray-"

log = structlog.get_logger()


@dataclass(slots=True)
class Actors:
    """Handles of the actors, by what they do."""

    leader: Any
    fronts: list[Any]
    clock: CentreClock


def start_ray(settings: CentreSettings) -> Path | None:
    """Start or join. The folder of a Ray that was started here; None when one was joined. Raises `NotReady`."""
    if settings.ray_address != "local":
        ray.init(
            address=settings.ray_address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False
        )
        return None
    for _ in range(TRIES):
        folder = _private_folder(settings.data_dir)
        try:
            _init_local(settings, folder)
        except Exception as error:  # noqa: BLE001 - Ray raises no narrower one
            log.warning("Ray did not start", error=str(error))
            record_processes(settings.data_dir)
            stop_ray(settings.data_dir, folder)
        else:
            return folder
    raise NotReady(f"Ray did not start, tried {TRIES} times: the machine may be too busy; see the log")


def _init_local(settings: CentreSettings, folder: Path) -> None:
    ray.init(
        address="local",
        namespace=NAMESPACE,
        num_cpus=max(2, os.cpu_count() or 2),
        num_gpus=0,
        include_dashboard=False,
        object_store_memory=settings.ray_object_store_mib * 2**20,
        log_to_driver=False,
        configure_logging=False,
        _temp_dir=str(folder),
    )


def _private_folder(data_dir: Path) -> Path:
    """Short, since Ray keeps sockets in it, readable by nobody else, and written down for whoever comes after us."""
    folder = tempfile.mkdtemp(prefix=PREFIX)
    (data_dir / FOLDER).write_text(folder)
    return Path(folder)


def start_actors(settings: CentreSettings) -> Actors:
    """The leader, then the fronts. Ray restarts each of them for as long as this process lives."""
    text, clock = settings.model_dump_json(), CentreClock.placed_now()
    leader = _actor(Leader, LEADER).remote(text, clock)
    fronts = [
        _actor(Front, f"front-{number}").remote(text, number, clock) for number in range(settings.fronts)
    ]
    return Actors(leader, fronts, clock)


def _actor(kind: type, name: str) -> Any:
    """On this machine, whose data folder and boot clock all of them share."""
    remote: Any = ray.remote
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = remote(num_cpus=0, max_restarts=-1, max_task_retries=0, max_concurrency=10_000)(kind)
    return actor.options(name=name, scheduling_strategy=here)


def record_processes(data_dir: Path) -> None:
    """Write down every process that Ray has started for us."""
    record(data_dir / "processes.json", ray_processes())


def end_what_is_left(data_dir: Path) -> int:
    """End the processes of a centre that was killed, and remove their folder. How many processes there were."""
    ended = end_leftovers(data_dir / "processes.json")
    if (data_dir / FOLDER).exists():
        _remove_folder(data_dir, Path((data_dir / FOLDER).read_text()))
    return ended


def _remove_folder(data_dir: Path, folder: Path) -> None:
    if folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
    (data_dir / FOLDER).unlink(missing_ok=True)


def stop_ray(data_dir: Path, folder: Path | None) -> None:
    """Leave Ray; when it was started here, see that nothing of it stays."""
    ray.shutdown()
    if folder is not None:
        end_leftovers(data_dir / "processes.json")
        _remove_folder(data_dir, folder)

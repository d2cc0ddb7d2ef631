"""Starts Ray with little memory, or joins one, and puts the actors into it."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from bostan_scheduler.cluster.front import Front
from bostan_scheduler.cluster.leader import Leader
from bostan_scheduler.cluster.leftovers import end_leftovers, ray_processes, record
from bostan_scheduler.cluster.names import LEADER, NAMESPACE
from bostan_scheduler.settings import CentreSettings


@dataclass(slots=True)
class Actors:
    """Handles of the actors, by what they do."""

    leader: Any
    fronts: list[Any]


def start_ray(settings: CentreSettings) -> Path | None:
    """Start or join. The folder of a Ray that was started here; None when one was joined."""
    if settings.ray_address != "local":
        ray.init(
            address=settings.ray_address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False
        )
        return None
    folder = _private_folder()
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
    return folder


def _private_folder() -> Path:
    """Short, since Ray keeps sockets in it, and readable by nobody else."""
    return Path(tempfile.mkdtemp(prefix="bostan-ray-"))


def start_actors(settings: CentreSettings) -> Actors:
    """The leader, then the fronts. Ray restarts each of them for as long as this process lives."""
    text = settings.model_dump_json()
    leader = _actor(Leader, LEADER).remote(text)
    fronts = [_actor(Front, f"front-{number}").remote(text, number) for number in range(settings.fronts)]
    return Actors(leader, fronts)


def _actor(kind: type, name: str) -> Any:
    remote: Any = ray.remote
    actor = remote(num_cpus=0, max_restarts=-1, max_task_retries=0, max_concurrency=10_000)(kind)
    return actor.options(name=name)


def record_processes(data_dir: Path) -> None:
    """Write down every process that Ray has started for us."""
    record(data_dir / "processes.json", ray_processes())


def end_what_is_left(data_dir: Path) -> int:
    """End the processes of a centre that was killed. How many there were."""
    return end_leftovers(data_dir / "processes.json")


def stop_ray(data_dir: Path, folder: Path | None) -> None:
    """Leave Ray; when it was started here, see that nothing of it stays."""
    ray.shutdown()
    if folder is not None:
        end_leftovers(data_dir / "processes.json")
        shutil.rmtree(folder, ignore_errors=True)

"""Keeps the actors at work: Ray starts one that has died anew, but what it starts does nothing until it is asked."""

from dataclasses import dataclass, field
from typing import Any

import ray
import structlog
from ray.exceptions import RayActorError

from bostan_scheduler.cluster.start import Actors

log = structlog.get_logger()


@dataclass(slots=True)
class Watch:
    """Asks the leader to lead and the fronts to serve. One question a time is open to each."""

    actors: Actors
    _open: dict[str, Any] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)

    def ask(self) -> None:
        """Ask each actor that has answered the last question, or has died over it. Never waits."""
        fronts = {f"front {number}": front.ready for number, front in enumerate(self.actors.fronts)}
        for name, ask in {"leader": self.actors.leader.pid, **fronts}.items():
            if self._answered(name):
                self._open[name] = ask.remote()

    def _answered(self, name: str) -> bool:
        reference = self._open.get(name)
        if reference is None:
            return True
        answered = bool(ray.wait([reference], timeout=0)[0])
        if answered:
            self._tell(name, _trouble(reference))
        return answered

    def _tell(self, name: str, trouble: str) -> None:
        """An actor that cannot do its work is asked again and again: what keeps it from it is told once."""
        if trouble and trouble != self._told.get(name):
            log.error("an actor cannot do its work; it is asked again", actor=name, why=trouble)
        self._told[name] = trouble


def _trouble(reference: Any) -> str:
    """Why the question was not answered; empty when it was, or when the actor died: Ray starts that anew."""
    try:
        ray.get(reference)
    except RayActorError:
        return ""
    except Exception as exc:  # noqa: BLE001 - whatever an actor raises arrives here
        last_line = str(exc).strip().rpartition("\n")[2]
        return f"{type(exc).__name__}: {last_line}"
    return ""

"""Keeps the actors at work: Ray starts one that has died anew, but what it starts does nothing until it is asked."""

from dataclasses import dataclass, field
from typing import Any

import ray

from bostan_scheduler.cluster.start import Actors


@dataclass(slots=True)
class Watch:
    """Asks the leader to lead and the fronts to serve. One question a time is open to each."""

    actors: Actors
    _open: dict[int, Any] = field(default_factory=dict)

    def ask(self) -> None:
        """Ask each actor that has answered the last question, or has died over it. Never waits."""
        for number, ask in enumerate(
            (self.actors.leader.pid, *(front.ready for front in self.actors.fronts))
        ):
            if self._answered(number):
                self._open[number] = ask.remote()

    def _answered(self, number: int) -> bool:
        reference = self._open.get(number)
        return reference is None or bool(ray.wait([reference], timeout=0)[0])

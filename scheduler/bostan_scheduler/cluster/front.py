"""A front actor. What it serves with is loaded in its own process alone: `serve` only needs to name it."""

import asyncio
import os
from typing import TYPE_CHECKING, Any

import ray

from bostan_scheduler.cluster.names import LEADER, NAMESPACE
from bostan_scheduler.cluster.process import prepare
from bostan_scheduler.service.clock import CentreClock
from bostan_scheduler.settings import CentreSettings

if TYPE_CHECKING:
    from bostan_scheduler.cluster.serving import Serving


class Front:
    """What runs in a front's process."""

    def __init__(self, settings: str, number: int, clock: CentreClock) -> None:
        self._settings = CentreSettings.model_validate_json(settings)
        prepare(self._settings, f"front-{number}")
        self._clock = clock
        self._leader: Any = ray.get_actor(LEADER, namespace=NAMESPACE)
        self._starting = asyncio.Lock()
        self._serving: Serving | None = None

    async def ready(self) -> int:
        """Serve; the process id, once both servers listen."""
        async with self._starting:
            if self._serving is None:
                self._serving = await self._started()
        return os.getpid()

    async def stop(self) -> None:
        """End both servers, in order."""
        if self._serving is not None:
            await self._serving.stop()

    async def _started(self) -> "Serving":
        from bostan_scheduler.cluster.serving import Serving

        await self._leader.pid.remote()
        serving = Serving(self._settings, self._leader, self._clock)
        await serving.start()
        return serving

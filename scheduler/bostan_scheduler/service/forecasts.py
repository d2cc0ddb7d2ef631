"""What fronts want of whoever foretells starts."""

from typing import Protocol

from bostan_scheduler.core.foretold import Forecast, Unforeseen
from bostan_scheduler.core.job import JobSpec

Asked = str | JobSpec
"""The id of a waiting job, or a job that nobody has submitted yet."""


class Forecaster(Protocol):
    """Foretells when jobs start. Takes some seconds at most; never raises for what it cannot say."""

    async def forecast(self, asked: Asked) -> Forecast:
        """When it will probably start."""
        ...


class NoForecasts:
    """A centre that foretells nothing."""

    async def forecast(self, asked: Asked) -> Forecast:
        """The word for that."""
        assert asked, "somebody asks for nothing"
        return Unforeseen.OFF

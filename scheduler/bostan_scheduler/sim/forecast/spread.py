"""How run times lie about what is thought of them: learnt from the jobs of the past, else log-normal about the estimate."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist, fmean

from bostan_scheduler.sim.forecast.past import Came, Past

Point = tuple[float, float, bool]
"""The logarithms of an estimate and of a run time, and whether that may still grow."""

SIGMA = 1.0
"""Without any experience: two of three jobs run between a third and three times of their estimate."""
UNKNOWN_SIGMA = 1.5
"""Where not even an estimate is there."""
LEARN_FROM = 30
"""So many jobs of the past with an estimate and a run time it takes to learn from them."""
ROUNDS = 12
SLOPES = (0.2, 1.2)
SIGMAS = (0.1, 2.5)
_NORMAL = NormalDist()
_TAIL = 1e-9


@dataclass(frozen=True, slots=True)
class Spread:
    """`ln(run) = shift + slope * ln(estimate)`, give or take `sigma`; both in seconds."""

    shift: float = 0.0
    slope: float = 1.0
    sigma: float = SIGMA

    @classmethod
    def learnt(cls, past: Past) -> "Spread":
        """As the past was: a line through the logarithms, and how far the jobs lay off it.

        A job that has not ended is known to be longer than what it has attained: without those, only what ended soon
        would teach.
        """
        points = [_point(one) for one in past.came if one.spec.estimate_seconds is not None]
        known = sum(not open_ended for _, _, open_ended in points)
        return _fitted(points) if known >= LEARN_FROM else cls()

    def centre(self, estimate_seconds: float) -> float:
        """The median run time, in seconds, of jobs that were thought to take so long."""
        return exp(self.shift + self.slope * log(max(1.0, estimate_seconds)))


def _point(one: Came) -> Point:
    assert one.spec.estimate_seconds is not None
    open_ended = one.ran_milliseconds is None
    ran = one.attained_milliseconds if one.ran_milliseconds is None else one.ran_milliseconds
    return log(one.spec.estimate_seconds), log(max(1.0, ran / 1000)), open_ended


def _fitted(points: Sequence[Point]) -> Spread:
    """Least squares, again and again: what is not known yet stands where it is expected by the line before."""
    spread = Spread()
    for _ in range(ROUNDS):
        spread = _line([(x, *_expected(spread, x, y, open_ended)) for x, y, open_ended in points])
    return spread


def _expected(spread: Spread, x: float, y: float, open_ended: bool) -> tuple[float, float]:
    """The logarithm of a run time, and its variance: that of a normal beyond `y` where no more is known."""
    if not open_ended:
        return y, 0.0
    mean, sigma = spread.shift + spread.slope * x, spread.sigma
    least = (y - mean) / sigma
    above = 1 - _NORMAL.cdf(least)
    if above < _TAIL:
        return y + sigma / max(1.0, least), 0.0
    hazard = _NORMAL.pdf(least) / above
    return mean + sigma * hazard, max(0.0, sigma**2 * (1 + least * hazard - hazard**2))


def _line(points: Sequence[tuple[float, float, float]]) -> Spread:
    mean_x, mean_y = fmean(x for x, _, _ in points), fmean(y for _, y, _ in points)
    spread_x = sum((x - mean_x) ** 2 for x, _, _ in points)
    together = sum((x - mean_x) * (y - mean_y) for x, y, _ in points)
    slope = _within(together / spread_x if spread_x else 1.0, SLOPES)
    shift = mean_y - slope * mean_x
    off = sum((y - shift - slope * x) ** 2 + variance for x, y, variance in points)
    return Spread(shift, slope, _within(sqrt(off / len(points)), SIGMAS))


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def beyond(centre: float, sigma: float, attained: float, chance: random.Random) -> float:
    """A log-normal run time about `centre`, of those that are more than `attained`; all in seconds."""
    assert centre > 0
    if attained <= 0:
        return centre * exp(sigma * chance.gauss(0, 1))
    least = log(attained / centre) / sigma
    below = _NORMAL.cdf(least)
    if 1 - below < _TAIL:
        return attained * exp(sigma * chance.expovariate(1.0) / max(1.0, least))
    drawn = min(below + (1 - below) * chance.random(), 1 - _TAIL / 10)
    return max(attained, centre * exp(sigma * _NORMAL.inv_cdf(max(drawn, _TAIL))))

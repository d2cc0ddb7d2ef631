"""How long jobs will run: drawn from what jobs like them took, else about their estimate, else about a guess."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp

from bostan_scheduler.core.foretold import Basis
from bostan_scheduler.core.history import History
from bostan_scheduler.core.job import JobSpec
from bostan_scheduler.sim.forecast.past import Came
from bostan_scheduler.sim.forecast.spread import UNKNOWN_SIGMA, Spread, beyond

RUNS_MIN = 5
"""So many run times of jobs like it tell more than an estimate."""
JITTER = 0.1
"""No two runs are alike: what is drawn from the past is varied by this much."""


@dataclass(frozen=True, slots=True)
class RunTimes:
    """What is known of run times at one moment."""

    history: History
    spread: Spread
    default_seconds: int
    factor: float = 1.0

    def longer_by(self, factor: float) -> "RunTimes":
        """The same where every job runs so many times as long."""
        return replace(self, factor=factor)

    def again(self, came: Came, chance: random.Random) -> int:
        """How long a job of the past runs when it comes once more: as long as it did, as far as that is known."""
        if came.ran_milliseconds is None:
            return self.draw(came.spec, came.attained_milliseconds, chance)
        return max(1, round(came.ran_milliseconds * self.factor))

    def basis(self, spec: JobSpec) -> Basis:
        """What a run time of such a job is drawn from."""
        if len(self.history.runs_of(spec)) >= RUNS_MIN:
            return Basis.RUNS
        return Basis.ESTIMATE if spec.estimate_seconds is not None else Basis.GUESS

    def draw(self, spec: JobSpec, attained_milliseconds: int, chance: random.Random) -> int:
        """A whole run time at speed 1, in milliseconds, longer than what the job has attained already."""
        attained = attained_milliseconds / 1000
        match self.basis(spec):
            case Basis.RUNS:
                seconds = _one_of(self.history.runs_of(spec), self.factor, attained, chance)
            case Basis.ESTIMATE:
                assert spec.estimate_seconds is not None
                centre = self.spread.centre(spec.estimate_seconds) * self.factor
                seconds = beyond(centre, self.spread.sigma, attained, chance)
            case Basis.GUESS:
                seconds = beyond(self._guess(spec) * self.factor, UNKNOWN_SIGMA, attained, chance)
        return max(attained_milliseconds + 1, round(seconds * 1000))

    def _guess(self, spec: JobSpec) -> float:
        learnt = self.history.learnt_seconds(spec)
        return float(learnt if learnt is not None else self.default_seconds)


def _one_of(runs: Sequence[int], factor: float, attained: float, chance: random.Random) -> float:
    """One of those that were longer than what is attained; where none was, somewhat longer than that."""
    longer = [seconds for run in runs if (seconds := run * factor / 1000) > attained]
    if longer:
        return max(attained, chance.choice(longer) * exp(JITTER * chance.gauss(0, 1)))
    return attained * (1 + chance.expovariate(2.0))

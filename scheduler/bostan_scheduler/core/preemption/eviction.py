"""Which running jobs have to go so that a waiting one fits: the cheapest nodes first, then whoever need not go is spared."""

from collections.abc import Sequence
from dataclasses import dataclass

from bostan_scheduler.core.placement import Placement
from bostan_scheduler.core.planning.trial import Trial
from bostan_scheduler.core.preemption.options import Option, options_by_park
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.preemption.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Eviction:
    """Who goes, and where the waiting job will go then."""

    victims: tuple[Victim, ...]
    placement: Placement

    @property
    def cost_gpu_seconds(self) -> int:
        """The work that will be repeated."""
        return sum(victim.cost_gpu_seconds for victim in self.victims)


def evict(wanted: Wanted, pool: Sequence[Victim]) -> Eviction | None:
    """The victims that make room at least cost; None when nobody's going would be enough. `pool`: the cheapest first."""
    if wanted.room() is not None:
        return _in_trial(wanted, pool, ())
    best: Eviction | None = None
    for options in options_by_park(wanted, pool):
        if best is not None and options[0].cost_gpu_seconds >= best.cost_gpu_seconds:
            break
        found = _in_trial(wanted, pool, options)
        if found is not None and (best is None or found.cost_gpu_seconds < best.cost_gpu_seconds):
            best = found
    return best


def _in_trial(wanted: Wanted, pool: Sequence[Victim], options: Sequence[Option]) -> Eviction | None:
    with Trial(wanted.desk) as trial:
        gone = _clear_room(wanted, trial, options)
        if gone is None or not _free_quota(wanted, trial, gone, pool):
            return None
        return _spared(wanted, trial, gone)


def _clear_room(wanted: Wanted, trial: Trial, options: Sequence[Option]) -> dict[str, Victim] | None:
    """Node by node, until the gang has room."""
    gone: dict[str, Victim] = {}
    if not options:
        return gone
    for option in options:
        for victim in option.victims:
            if victim.attempt.id not in gone and wanted.may_take(victim):
                trial.remove(victim.attempt)
                gone[victim.attempt.id] = victim
        if wanted.room() is not None:
            return gone
    return None


def _free_quota(wanted: Wanted, trial: Trial, gone: dict[str, Victim], pool: Sequence[Victim]) -> bool:
    """Whether the leaf may hold the job once others have given quota back, wherever they run."""
    for victim in pool:
        if wanted.in_quota:
            return True
        if victim.attempt.id not in gone and wanted.may_take(victim):
            trial.remove(victim.attempt)
            gone[victim.attempt.id] = victim
    return wanted.in_quota


def _spared(wanted: Wanted, trial: Trial, gone: dict[str, Victim]) -> Eviction | None:
    """Who can stay after all does, the dearest first."""
    for victim in sorted(gone.values(), key=lambda one: (-one.cost_gpu_seconds, one.attempt.id)):
        trial.put_back(victim.attempt)
        if wanted.in_quota and wanted.room() is not None:
            del gone[victim.attempt.id]
        else:
            trial.remove(victim.attempt)
    placement = wanted.room()
    assert placement is not None, "there was room before somebody was spared"
    return Eviction(tuple(gone.values()), placement) if gone else None

"""Which running jobs have to go so that a waiting one fits: the cheapest nodes first, then whoever need not go is spared."""

from collections.abc import Sequence
from dataclasses import dataclass

from bostan_scheduler.core.placement import Placement
from bostan_scheduler.core.preemption.claims import Claim
from bostan_scheduler.core.preemption.freed import Group
from bostan_scheduler.core.preemption.options import Option, options_by_park
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.preemption.wanted import Wanted, Without

PARKS_MAX = 4
"""In how many parks, the most promising first, it is tried who can be spared."""


@dataclass(frozen=True, slots=True)
class Eviction:
    """Who goes, and where the waiting job will go then. Nobody, when those that are going already leave enough."""

    victims: tuple[Victim, ...]
    placement: Placement

    def order(self, claim: Claim) -> tuple[float, int]:
        """The best is smallest: by whom the claim takes least readily, then by the work that will be repeated."""
        last = max(claim.before_others(victim) for victim in self.victims)
        return last, sum(victim.cost_gpu_seconds for victim in self.victims)


def evict(wanted: Wanted, pool: Pool) -> Eviction | None:
    """The victims that make room at least cost; None when nobody's going would be enough."""
    if wanted.room() is not None:
        return _in_trial(wanted, pool, ())
    tried, found = 0, list[Eviction]()
    for parks in options_by_park(wanted, pool):
        for options in parks[: PARKS_MAX - tried]:
            tried += 1
            eviction = _in_trial(wanted, pool, options)
            if eviction is not None:
                found.append(eviction)
        if found or tried >= PARKS_MAX:
            break
    return min(found, key=lambda one: one.order(wanted.claim), default=None)


def _in_trial(wanted: Wanted, pool: Pool, options: Sequence[Option]) -> Eviction | None:
    with Without(wanted) as without:
        gone = _clear_room(without, options)
        if gone is None or not _free_quota(without, gone, pool):
            return None
        return _spared(without, gone)


def _clear_room(without: Without, options: Sequence[Option]) -> dict[str, Victim] | None:
    """Node by node, until the gang has room."""
    gone: dict[str, Victim] = {}
    if not options:
        return gone
    for option in options:
        for group in option.groups:
            _take(without, gone, group)
        if without.room(option.park) is not None:
            return gone
    return None


def _take(without: Without, gone: dict[str, Victim], group: Group) -> None:
    """All of a group; none when one of them need not give way any more, since enough of its leaf have gone."""
    taken: list[Victim] = []
    for victim in group:
        if victim.attempt.id in gone:
            continue
        if not without.wanted.may_take(victim):
            for one in taken:
                without.keep(one)
            return
        without.let_go(victim)
        taken.append(victim)
    gone |= {one.attempt.id: one for one in taken}


def _free_quota(without: Without, gone: dict[str, Victim], pool: Pool) -> bool:
    """Whether the leaf may hold the job once others have given quota back, wherever they run."""
    wanted = without.wanted
    for victim in pool.in_order(wanted.claim, wanted.gpu_class):
        if wanted.in_quota:
            return True
        if victim.attempt.id not in gone and wanted.may_take(victim):
            without.let_go(victim)
            gone[victim.attempt.id] = victim
    return wanted.in_quota


def _spared(without: Without, gone: dict[str, Victim]) -> Eviction | None:
    """Who can stay after all does, whoever the claim takes least readily first.

    None when there is no room in the end: whoever gives quota back may have covered what a park keeps, and so leave less.
    """
    wanted = without.wanted
    for victim in sorted(gone.values(), key=wanted.claim.order, reverse=True):
        without.keep(victim)
        if wanted.in_quota and without.room() is not None:
            del gone[victim.attempt.id]
        else:
            without.let_go(victim)
    placement = without.room()
    return Eviction(tuple(gone.values()), placement) if placement is not None else None

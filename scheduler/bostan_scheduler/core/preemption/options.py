"""For each node, who would have to go for a rank or more to fit there, and at what cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bostan_scheduler.core.job import WHOLE_GPU
from bostan_scheduler.core.preemption.claims import Claim
from bostan_scheduler.core.preemption.freed import Freed, Group
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.victim import Victim
from bostan_scheduler.core.preemption.wanted import Wanted, Without
from bostan_scheduler.core.timeline.taken import gpus_on

PARKS_AT_ONCE = 8
"""How many parks are compared; only when none of them can make room, the next are looked at."""


@dataclass(frozen=True, slots=True)
class Option:
    """A node, and the victims on it whose going lets `ranks` ranks in. `shared`: those of a group go together."""

    park: str
    node_id: str
    ranks: int
    victims: tuple[Victim, ...]
    shared: tuple[Group, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """Of whom all go or none."""
        return self.shared or tuple((one,) for one in self.victims)

    def order(self, claim: Claim) -> tuple[float, float, int, str]:
        """The best is smallest: by whom the claim takes least readily, then by the work lost for each rank let in."""
        last = max(claim.before_others(victim) for victim in self.victims)
        lost = sum(victim.cost_gpu_seconds for victim in self.victims) / self.ranks
        return last, lost, -self.ranks, self.node_id


def options_by_park(wanted: Wanted, pool: Pool) -> Iterator[list[list[Option]]]:
    """The options of a few parks at a time, and the parks, the best first: those with the readiest victims are among the first few."""
    parks = _parks(wanted, pool)
    while some := list(islice(parks, PARKS_AT_ONCE)):
        options = [found for park in some if (found := _options(wanted, pool, park))]
        yield sorted(options, key=lambda found: found[0].order(wanted.claim))


def _parks(wanted: Wanted, pool: Pool) -> Iterator[str]:
    """The parks that the gang may run in and somebody gives way in, who does so most readily first."""
    seen = set[str]()
    for victim in pool.in_order(wanted.claim, wanted.gpu_class):
        park = victim.attempt.park
        if park not in seen and wanted.pair[1].parks.admit(park) and wanted.may_take(victim):
            seen.add(park)
            yield park


def _options(wanted: Wanted, pool: Pool, park: str) -> list[Option]:
    """The options in a park, the best first; none when all who give way there would not be enough."""
    claim, gpu_class = wanted.claim, wanted.gpu_class
    nodes, gpus = dict[str, list[Victim]](), wanted.desk.room.pools[park, gpu_class].free
    for victim in pool.in_park(claim, gpu_class, park):
        if wanted.may_take(victim):
            gpus += victim.attempt.gpus
            for node_id in victim.attempt.node_ids:
                nodes.setdefault(node_id, []).append(victim)
    if gpus < wanted.pair[1].fit.whole_gpus:
        return []
    found = (_option(wanted, park, node_id, victims) for node_id, victims in nodes.items())
    return sorted((one for one in found if one is not None), key=lambda one: one.order(claim))


def _option(wanted: Wanted, park: str, node_id: str, victims: list[Victim]) -> Option | None:
    """As many of the gang's ranks as can be, since few nodes are better than many."""
    if node_id in wanted.limits:
        return _option_beside(wanted, park, node_id, victims)
    if _in_parts(wanted, node_id):
        return _option_in_parts(wanted, park, node_id, victims)
    gpus, free = wanted.pair[1].rank.gpus, wanted.desk.room.free_on(node_id, wanted.gpu_class)
    reach = free + sum(len(gpus_on(one.attempt.places, node_id)) for one in victims)
    ranks = min(wanted.pair[1].replicas, reach // gpus)
    going: list[Victim] = []
    for victim in victims:
        if free >= ranks * gpus:
            break
        free += len(gpus_on(victim.attempt.places, node_id))
        going.append(victim)
    return Option(park, node_id, ranks, tuple(going)) if ranks and going else None


def _option_beside(wanted: Wanted, park: str, node_id: str, victims: list[Victim]) -> Option | None:
    """The same where something lies ahead: what it leaves is seen when they are gone, one after the other."""
    best: Option | None = None
    with Without(wanted) as without:
        ranks = without.ranks_on(node_id)
        for position, victim in enumerate(victims, 1):
            without.let_go(victim)
            now = without.ranks_on(node_id)
            if now > ranks:
                ranks, best = now, Option(park, node_id, now, tuple(victims[:position]))
    return best


def _in_parts(wanted: Wanted, node_id: str) -> bool:
    """Whether parts of GPUs are wanted, or held there: else whole ones need only be counted."""
    ledger = wanted.desk.room
    if wanted.pair[1].rank.gpu_milli < WHOLE_GPU:
        return True
    gpus = ledger.rooms[node_id].gpus.get(wanted.gpu_class) if ledger.held.shared else None
    return gpus is not None and not gpus.all.isdisjoint(ledger.held.shared)


def _option_in_parts(wanted: Wanted, park: str, node_id: str, victims: list[Victim]) -> Option | None:
    """The same, GPU by GPU: those that share one go together, whoever the claim takes most readily first."""
    shape = wanted.pair[1]
    freed = Freed.on(wanted.desk.room, node_id, wanted.gpu_class, shape)
    ranks = min(shape.replicas, freed.ranks({one.attempt.id for one in victims}))
    going, gone = list[Group](), dict[str, Victim]()
    for group in sorted(freed.groups(victims), key=lambda group: _readiness(wanted.claim, group)):
        if freed.ranks(gone) >= ranks:
            break
        going.append(group)
        gone |= {one.attempt.id: one for one in group}
    return Option(park, node_id, ranks, tuple(gone.values()), tuple(going)) if ranks > 0 and going else None


def _readiness(claim: Claim, group: Group) -> tuple[float, int, list[str]]:
    last = max(claim.before_others(one) for one in group)
    return last, sum(one.cost_gpu_seconds for one in group), [one.attempt.id for one in group]

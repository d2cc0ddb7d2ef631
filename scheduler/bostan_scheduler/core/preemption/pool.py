"""The running jobs that may be asked to go: park by park, in the order in which a claim takes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from bostan_scheduler.core.preemption.claims import Claim, Readiness
from bostan_scheduler.core.preemption.victim import Victim

Asked = tuple[Readiness, bool, str]
"""How a claim takes them, whether only scavengers, and on which class."""


@dataclass(slots=True)
class Pool:
    """Victims by GPU class; each order is sorted once. Who is told to go is in it no more."""

    of_class: dict[str, dict[str, Victim]] = field(default_factory=dict)
    _sorted: dict[Asked, list[Victim]] = field(default_factory=dict)
    _by_park: dict[Asked, dict[str, list[Victim]]] = field(default_factory=dict)
    _slowest: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, victims: Iterable[Victim]) -> Self:
        """The pool of these."""
        pool = cls()
        for victim in victims:
            assert victim.attempt.gpu_class is not None, "who holds no GPU makes no room"
            pool.of_class.setdefault(victim.attempt.gpu_class, {})[victim.attempt.id] = victim
        return pool

    def all(self) -> Iterator[Victim]:
        """Everybody."""
        for victims in self.of_class.values():
            yield from victims.values()

    def slowest_seconds(self, gpu_class: str) -> int:
        """How long those on a class may take at most to stop."""
        if gpu_class not in self._slowest:
            victims = self.of_class.get(gpu_class, {}).values()
            self._slowest[gpu_class] = max((one.job.spec.stop_seconds for one in victims), default=0)
        return self._slowest[gpu_class]

    def drop(self, victim: Victim) -> None:
        """It goes."""
        assert victim.attempt.gpu_class is not None
        del self.of_class[victim.attempt.gpu_class][victim.attempt.id]

    def in_order(self, claim: Claim, gpu_class: str) -> Iterator[Victim]:
        """Those on a class, as the claim takes them."""
        left = self.of_class.get(gpu_class, {})
        return (one for one in self._in_order(claim, gpu_class) if one.attempt.id in left)

    def in_park(self, claim: Claim, gpu_class: str, park: str) -> Iterator[Victim]:
        """Those on a class in a park, in the same order."""
        key, left = (claim.before_others, claim.scavengers_only, gpu_class), self.of_class.get(gpu_class, {})
        if key not in self._by_park:
            parks = self._by_park[key] = dict[str, list[Victim]]()
            for victim in self._in_order(claim, gpu_class):
                parks.setdefault(victim.attempt.park, []).append(victim)
        return (one for one in self._by_park[key].get(park, ()) if one.attempt.id in left)

    def _in_order(self, claim: Claim, gpu_class: str) -> list[Victim]:
        key = claim.before_others, claim.scavengers_only, gpu_class
        if key not in self._sorted:
            found = (
                one
                for one in self.of_class.get(gpu_class, {}).values()
                if one.scavenges or not claim.scavengers_only
            )
            self._sorted[key] = sorted(found, key=claim.order)
        return self._sorted[key]

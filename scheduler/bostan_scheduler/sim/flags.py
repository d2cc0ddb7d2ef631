"""The flags that make or change a world, as somebody typed them, and a scenario with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bostan_scheduler.sim.given import Given, number, pool, refuse_twice, setting, trace, words
from bostan_scheduler.sim.overlay import Axis, BadFlag
from bostan_scheduler.sim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Flags:
    """Each as it stands on the command line; the axes of a sweep are here since they set fields too."""

    trace: str | None = None
    trace_options: Sequence[str] = ()
    pools: Sequence[str] = ()
    order: str | None = None
    sigma: str | None = None
    no_estimates: bool = False
    seed: str | None = None
    idealised: bool = False
    settings: Sequence[str] = ()
    axes: Sequence[Axis] = ()

    def put_into(self, scenario: Scenario) -> Scenario:
        """The scenario with all but the axes. Raises `BadFlag` for flags that are wrong, alone or together."""
        refuse_alone("--trace-option", given=self.trace_options, without="--trace", there=self.trace)
        refuse_beside("--no-estimates", given=self.no_estimates, beside="--sigma", there=self.sigma)
        given = list(self._given())
        refuse_twice([*given, *(Given.of(words("--sweep", one.path), one.path, None) for one in self.axes)])
        for one in given:
            scenario = scenario.having(one.path, one.value, one.flags)
        _refuse_nothing(scenario)
        return scenario

    def _given(self) -> Iterator[Given]:
        if self.pools:
            yield pool(self.pools)
        if self.trace is not None:
            yield trace(self.trace, self.trace_options)
        if self.order is not None:
            yield Given.of(words("--order", self.order), "order", self.order)
        if self.sigma is not None:
            yield number("--sigma", "estimates.sigma", self.sigma)
        if self.seed is not None:
            yield number("--seed", "seed", self.seed)
        yield from self._switched_on()
        yield from map(setting, self.settings)

    def _switched_on(self) -> Iterator[Given]:
        if self.no_estimates:
            yield Given.of("--no-estimates", "estimates.source", "none")
        if self.idealised:
            yield Given.of("--idealised", "model.idealised", True)


def refuse_alone(flag: str, *, given: object, without: str, there: object) -> None:
    """Raise `BadFlag` for a flag that means nothing without another."""
    if given and not there:
        raise BadFlag(f"{flag} means nothing without {without}", f"add {without}, or leave {flag} out")


def refuse_beside(flag: str, *, given: object, beside: str, there: object) -> None:
    """Raise `BadFlag` for a flag that means nothing with another."""
    if given and there:
        raise BadFlag(f"{flag} means nothing with {beside}", "leave one of them out")


def _refuse_nothing(scenario: Scenario) -> None:
    """Without a world file, flags must say the jobs and the nodes."""
    if scenario.from_file:
        return
    if "workload" not in scenario.value:
        raise BadFlag("there are no jobs to simulate", "name a world file, or give --trace FORMAT:FILE")
    if not scenario.value.keys() & {"pool", "quotas"}:
        raise BadFlag("there are no nodes to simulate on", 'give them, for example --pool "8x8 a100"')

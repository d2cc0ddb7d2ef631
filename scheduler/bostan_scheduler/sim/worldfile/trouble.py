"""What goes wrong in a world file."""

from bostan.strictmodel import StrictModel, refuse
from pydantic import model_validator

from bostan_scheduler.sim.worldfile.fields import Hours, NodeId, SomeHours


class Failure(StrictModel):
    """A node is off at an hour, for some hours or for good; its operator may tell the centre."""

    node: NodeId
    at_hours: Hours
    hours: SomeHours | None = None
    confirmed_after_hours: SomeHours | None = None


class Cut(StrictModel):
    """A node cannot be heard."""

    node: NodeId
    at_hours: Hours
    hours: SomeHours


class MaintenanceLine(StrictModel):
    """A node is drained; the core knows of the window from the beginning."""

    node: NodeId
    at_hours: Hours
    hours: SomeHours


class RandomFailures(StrictModel):
    """Every node fails now and then: exponential times between failures and to repair, with these means."""

    mean_hours_between: SomeHours
    mean_repair_hours: SomeHours
    hours: SomeHours


class FaultLine(StrictModel):
    """Exactly one kind of fault."""

    fail: Failure | None = None
    cut: Cut | None = None
    maintain: MaintenanceLine | None = None
    random: RandomFailures | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "FaultLine":
        if sum(one is not None for one in (self.fail, self.cut, self.maintain, self.random)) != 1:
            raise refuse(
                "is not one kind of fault", "write one of fail, cut, maintain and random in each entry"
            )
        return self

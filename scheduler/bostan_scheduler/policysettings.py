"""The settings of policy: whom the pool serves first, and who makes room. Their defaults serve all benchmarks alike."""

from __future__ import annotations

from typing import Annotated, Literal, assert_never

from bostan.strictmodel import StrictModel
from pydantic import Field

from bostan_scheduler.core.order import FairShare, Fifo, Order, Service, Srsf, StrictFifo
from bostan_scheduler.core.order.gain import Gain
from bostan_scheduler.core.order.urgency import Urgency
from bostan_scheduler.core.preemption import Preemption

Wait = Annotated[int, Field(ge=0, le=30 * 86_400)]
Share = Annotated[float, Field(ge=0, le=1)]


class PolicySettings(StrictModel):
    """Orders and their coefficients; what they are worth is measured by the policy benchmarks."""

    order: Literal["service", "fair-share", "srsf", "fifo", "strict-fifo"] = Field(
        "service",
        description="Who is served first: what sets most jobs free soonest, the firm that has had least of its guarantee, "
        "the smallest remaining service, who came first, or who came first with nobody passed.",
    )
    ageing: float = Field(
        0.001,
        ge=0,
        le=1,
        description="`service`: a second of waiting outweighs so many seconds of the whole pool's work; found by simulation.",
    )
    critical_share: Share = Field(
        0.2,
        description="`service`: part of the pool that the critical path goes first on; found by simulation.",
    )
    late_share: Share = Field(
        0.4,
        description="`service`: part of the pool that jobs late for their fair end go first on; found by simulation.",
    )
    gain_ratio: float = Field(
        2.0,
        ge=1,
        le=1000,
        description="`service`: a job gives way to one with so many times less left to do.",
    )
    gain_min_run_seconds: Wait = Field(
        1800, description="`service`: no job gives way to a shorter one before it has run so long."
    )
    preempt_spacing_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        360, description="Jobs are asked to make room at most once in so long."
    )
    preempt_quiet_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        1800, description="The same where no job is urgent, when none has come or ended since."
    )
    preempt_min_run_seconds: Wait = Field(
        1800, description="A job on borrowed quota is not asked to make room before it has run so long."
    )
    restart_seconds: Wait = Field(300, description="What a restart is reckoned to cost on each GPU of a job.")
    preempt_candidates_max: int = Field(
        64,
        ge=1,
        le=10_000,
        description="So many lines of waiting jobs may ask in vain for room in one round.",
    )
    starving_seconds: Annotated[int, Field(ge=0, le=366 * 86_400)] = Field(
        30 * 86_400,
        description="A job that waits so long for room gets a reservation, and in a pool of which ever more is asked than it has others wait longer for it: found by simulation. Not with `srsf`, which knows no waiting, nor with `strict-fifo`, where nobody passes it.",
    )
    reservations_max: int = Field(
        1, ge=0, le=1000, description="So many starving jobs have a reservation at once; found by simulation."
    )
    claim_seconds: Wait = Field(
        300, description="Room that was made is kept so long beyond the longest stop."
    )
    move_gain: float = Field(
        1.25,
        ge=1,
        le=1000,
        description="A running job goes on in another class where it is so many times as fast.",
    )

    def order_value(self) -> Order:
        """The order with its coefficients."""
        match self.order:
            case "fifo":
                return Fifo()
            case "strict-fifo":
                return StrictFifo()
            case "fair-share":
                return FairShare()
            case "srsf":
                return Srsf()
            case "service":
                gain = Gain(self.gain_ratio, self.gain_min_run_seconds, self.ageing)
                urgency = Urgency(critical_share=self.critical_share, late_share=self.late_share)
                return Service(self.ageing, gain, urgency)
            case _:
                assert_never(self.order)

    def preemption_value(self) -> Preemption:
        """How often and how readily running jobs make room."""
        return Preemption(
            spacing_seconds=self.preempt_spacing_seconds,
            quiet_seconds=self.preempt_quiet_seconds,
            min_run_seconds=self.preempt_min_run_seconds,
            restart_seconds=self.restart_seconds,
            candidates_max=self.preempt_candidates_max,
            starving_seconds=self.starving_seconds,
            reservations_max=self.reservations_max,
            claim_seconds=self.claim_seconds,
            move_gain=self.move_gain,
        )

"""How a rank is stopped, as a pure function of time: checkpoint, then terminate, then kill.

All instants are CLOCK_BOOTTIME nanoseconds. The same phases serve a stop that was asked for and the end
of the lease; in both, checkpoint and grace end before the lease's deadline, squeezed where it is near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from bostan_agent.shim.clock import NS
from bostan_agent.shim.records import Cause

KILL_MARGIN_NS = 1 * NS


@dataclass(frozen=True, slots=True)
class StopPlan:
    """When each step of a stop begins."""

    checkpoint_at_ns: int
    terminate_at_ns: int
    kill_at_ns: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a rank is given, in nanoseconds: to write a checkpoint, then to end after SIGTERM."""

    checkpoint_ns: int
    grace_ns: int

    def scaled(self, available_ns: int) -> Patience:
        """The same patience in no more than `available_ns`, shared out in the same proportion."""
        wanted = self.checkpoint_ns + self.grace_ns
        available_ns = max(available_ns, 0)
        if wanted <= available_ns:
            return self
        checkpoint_ns = self.checkpoint_ns * available_ns // wanted
        return Patience(checkpoint_ns, available_ns - checkpoint_ns)


def lease_plan(granted_ns: int, deadline_ns: int, patience: Patience) -> StopPlan:
    """The stop that ends a lease by its deadline.

    The margin for killing is a tenth, and the patience half, of a lease too short for them:
    a short lease must leave time to run.
    """
    window = max(deadline_ns - granted_ns, 0)
    kill_at = deadline_ns - min(KILL_MARGIN_NS, window // 10)
    squeezed = patience.scaled((kill_at - granted_ns) // 2)
    terminate_at = kill_at - squeezed.grace_ns
    return StopPlan(terminate_at - squeezed.checkpoint_ns, terminate_at, kill_at)


def request_plan(now_ns: int, patience: Patience, kill_by_ns: int) -> StopPlan:
    """The stop that begins now and ends by `kill_by_ns` at the latest."""
    squeezed = patience.scaled(kill_by_ns - now_ns)
    terminate_at = now_ns + squeezed.checkpoint_ns
    return StopPlan(now_ns, terminate_at, terminate_at + squeezed.grace_ns)


@dataclass(frozen=True, slots=True)
class Running:
    """The main process runs; the plan says how its lease will end."""

    plan: StopPlan


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """SIGUSR1 was sent; a declared checkpoint or the plan's next instant ends this."""

    cause: Cause
    plan: StopPlan


@dataclass(frozen=True, slots=True)
class Terminating:
    """SIGTERM was sent to every process of the rank."""

    cause: Cause
    plan: StopPlan


@dataclass(frozen=True, slots=True)
class Killing:
    """Every process of the rank is being killed, until none is left."""

    cause: Cause


Phase: TypeAlias = Running | Checkpointing | Terminating | Killing


def begin(cause: Cause, plan: StopPlan) -> Phase:
    """The first phase of a stop."""
    if plan.terminate_at_ns > plan.checkpoint_at_ns:
        return Checkpointing(cause, plan)
    return Terminating(cause, plan)


def terminate(cause: Cause, plan: StopPlan, now_ns: int) -> Terminating:
    """The grace begins now, as long as planned: time left over from the checkpoint is not added to it."""
    grace_ns = plan.kill_at_ns - plan.terminate_at_ns
    start_ns = min(now_ns, plan.terminate_at_ns)
    return Terminating(cause, StopPlan(plan.checkpoint_at_ns, start_ns, start_ns + grace_ns))


def advance(phase: Phase, now_ns: int, *, declared: bool) -> Phase:
    """The phase after `phase` at `now_ns`, one step at a time; `declared`: a checkpoint came since SIGUSR1."""
    match phase:
        case Running(plan):
            return begin(Cause.LEASE_ENDED, plan) if now_ns >= plan.checkpoint_at_ns else phase
        case Checkpointing(cause, plan):
            return terminate(cause, plan, now_ns) if declared or now_ns >= plan.terminate_at_ns else phase
        case Terminating(cause, plan):
            return Killing(cause) if now_ns >= plan.kill_at_ns else phase
        case Killing():
            return phase
    assert_never(phase)


def sooner(phase: Phase, cause: Cause, plan: StopPlan) -> Phase:
    """`phase` after one more request to stop: a stop may become quicker, never slower."""
    match phase:
        case Running():
            return begin(cause, plan)
        case Checkpointing(first, old) | Terminating(first, old):
            hurried = StopPlan(
                old.checkpoint_at_ns,
                min(old.terminate_at_ns, plan.terminate_at_ns),
                min(old.kill_at_ns, plan.kill_at_ns),
            )
            return type(phase)(first, hurried)
        case Killing():
            return phase
    assert_never(phase)


def wakes_at_ns(phase: Phase) -> int | None:
    """When `advance` will next have something to do; None when only the rank's end is awaited."""
    match phase:
        case Running(plan):
            return plan.checkpoint_at_ns
        case Checkpointing(_, plan):
            return plan.terminate_at_ns
        case Terminating(_, plan):
            return plan.kill_at_ns
        case Killing():
            return None
    assert_never(phase)

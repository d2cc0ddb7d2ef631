"""How long attempts stand where they are, by their time limits alone, and what nodes have."""

from collections.abc import Iterable

from bostan_scheduler.core.attempt import Attempt, Run, Running
from bostan_scheduler.core.instant import Instant, after
from bostan_scheduler.core.snapshot import Snapshot


def stands_until(snapshot: Snapshot, attempt: Attempt) -> Instant:
    """When it reaches its time limit, if it starts now or has started."""
    since = attempt.started_at if attempt.started_at is not None else snapshot.now
    return after(since, attempt.time_limit_seconds)


def goes_on(attempt: Attempt) -> bool:
    """Whether it runs, and is wanted to: nothing but its limit is certain to end it."""
    return isinstance(attempt.phase, Running) and isinstance(attempt.intent, Run)


def gpus_held(attempts: Iterable[Attempt]) -> set[str]:
    """The GPUs of some attempts."""
    return {uuid for one in attempts for place in one.places for uuid in place.gpus}


def usable_on(snapshot: Snapshot, node_id: str, gpu_class: str) -> set[str]:
    """GPUs of a class on a node that something may start on."""
    gpus = snapshot.nodes[node_id].gpus
    return {gpu.uuid for gpu in gpus if gpu.usable and snapshot.gpu_class(gpu) == gpu_class}

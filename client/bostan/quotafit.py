"""Could a quota ever let this job in? A check against what it and its ancestors may hold at most, free or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bostan.api import QuotaUse
from bostan.jobfile import JobSpec
from bostan.strictmodel import Finding


def never_within(spec: JobSpec, firm: str, classes: Sequence[str], uses: Sequence[QuotaUse]) -> list[Finding]:
    """Why no quota of the firm could ever let the job in; empty when one could.

    `classes` are the GPU classes that parks have: the choice of a job that names none.
    """
    if spec.gpus == 0:
        return []
    own = [use for use in uses if use.firm == firm and use.in_force]
    if not own:
        return [Finding(("firm",), f"{firm} has no quota in force", "ask the administrator for one")]
    accepted = [use for use in own if use.gpu_class in (spec.gpu_classes or classes)]
    if not accepted:
        has = ", ".join(sorted({use.gpu_class for use in own}))
        return [Finding(("gpu_classes",), f"{firm} has no quota of such a class", f"it has {has}")]
    return _too_large(spec, firm, accepted, uses)


def _too_large(
    spec: JobSpec, firm: str, accepted: Sequence[QuotaUse], uses: Sequence[QuotaUse]
) -> list[Finding]:
    most = {use.gpu_class: _most(use, uses) for use in accepted}
    if any(limit is None or limit >= spec.gpus_total for limit in most.values()):
        return []
    gpu_class, limit = max(most.items(), key=lambda each: each[1] or 0)
    problem = f"{spec.gpus_total} GPUs in all; the quota of {firm} allows at most {limit} {gpu_class}"
    key = "gpus" if spec.replicas == 1 else "replicas"
    return [Finding((key,), problem, "ask for fewer, or ask the administrator for more")]


def _most(use: QuotaUse, uses: Sequence[QuotaUse]) -> int | None:
    """GPUs that it may ever hold at one moment: its guarantee and what it may borrow, and so for each ancestor."""
    limits = [
        each.guaranteed + each.borrow_limit for each in _upwards(use, uses) if each.borrow_limit is not None
    ]
    return min(limits, default=None)


def _upwards(use: QuotaUse, uses: Sequence[QuotaUse]) -> Iterator[QuotaUse]:
    by_id = {each.quota: each for each in uses if each.gpu_class == use.gpu_class}
    at: QuotaUse | None = use
    for _ in by_id:
        if at is None:
            return
        yield at
        at = by_id.get(at.parent) if at.parent else None

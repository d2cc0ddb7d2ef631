"""Contradictions between the fields of a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bostan.fieldtypes import whole_class
from bostan.jobfile.scheduling import WHOLE_GPU
from bostan.jobfile.units import duration_text
from bostan.strictmodel import Finding

if TYPE_CHECKING:
    from bostan.jobfile.spec import JobSpec


def contradictions(spec: JobSpec) -> list[Finding]:
    """What cannot be meant together, each `at` the field to change."""
    return [*_gpus(spec), *_part(spec), *_speeds(spec), *_estimate(spec), *_lease(spec)]


def _gpus(spec: JobSpec) -> Iterator[Finding]:
    memory = spec.min_gpu_memory_bytes is not None
    if spec.gpu_classes and memory:
        yield Finding(("min_gpu_memory",), "is given beside gpu_classes", "keep one of the two")
    if spec.gpus == 0 and (spec.gpu_classes or memory):
        yield _without_gpus("min_gpu_memory" if memory else "gpu_classes")
    if len(set(spec.gpu_classes)) < len(spec.gpu_classes):
        yield Finding(("gpu_classes",), "names a class twice", "keep each once, best first")


def _without_gpus(key: str) -> Finding:
    return Finding((key,), "is given for a job with gpus: 0", "remove it, or ask for gpus")


def _part(spec: JobSpec) -> Iterator[Finding]:
    if spec.gpu_milli == WHOLE_GPU:
        return
    if spec.gpus != 1:
        problem = f"is a part of one GPU, and gpus is {spec.gpus}"
        yield Finding(("gpu_milli",), problem, "write gpus: 1, or remove gpu_milli")
    elif cut := [each for each in spec.gpu_classes if whole_class(each) != each]:
        problem = f"is a part of a whole GPU, and {cut[0]} is a slice of one"
        yield Finding(("gpu_milli",), problem, "ask for the slice alone, or for a part of a whole GPU")


def _speeds(spec: JobSpec) -> Iterator[Finding]:
    if spec.speeds and spec.gpus == 0:
        yield _without_gpus("speeds")
        return
    for gpu_class in spec.speeds:
        if spec.gpu_classes and gpu_class not in spec.gpu_classes:
            remedy = "add the class there, or remove its speed"
            yield Finding(("speeds", gpu_class), f"{gpu_class} is not among gpu_classes", remedy)


def _estimate(spec: JobSpec) -> Iterator[Finding]:
    if spec.estimate_seconds is not None and spec.estimate_seconds > spec.time_limit_seconds:
        limit = duration_text(spec.time_limit_seconds)
        problem = f"{duration_text(spec.estimate_seconds)} is longer than the time_limit of {limit}"
        yield Finding(("estimate",), problem, f"raise time_limit, or write {limit} or less")


def _lease(spec: JobSpec) -> Iterator[Finding]:
    """A lease must leave time to save and stop before it ends."""
    grace = spec.stop_grace_seconds + (spec.checkpoint.grace_seconds if spec.checkpoint else 0)
    if spec.lease_seconds is not None and spec.lease_seconds <= grace:
        problem = f"ends before {grace}s of checkpoint and stop grace have passed"
        yield Finding(("lease",), problem, "lengthen it")

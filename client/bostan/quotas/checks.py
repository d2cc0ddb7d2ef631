"""What must hold between the entries of the quota files, beyond each entry by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from bostan.fieldtypes import whole_class
from bostan.quotas.gpu_class import default_classes, known_classes
from bostan.quotas.guarantees import overcommitted
from bostan.quotas.model import GpuClass, QuotaFiles
from bostan.quotas.names import unknown
from bostan.quotas.tree import tree_findings
from bostan.quotas.windowchecks import kept_beyond_parks, window_findings
from bostan.strictmodel import Finding

# Whoever made this many mistakes made one of them everywhere.
FINDINGS_MAX: Final = 100


def check_quotas(files: QuotaFiles) -> list[Finding]:
    """The contradictions in the files, at most FINDINGS_MAX; empty when they may be applied."""
    entries = chain(
        _class_findings(files), _park_findings(files), _firm_findings(files), _share_findings(files)
    )
    between = chain(entries, tree_findings(files.quotas, files.firms), window_findings(files))
    findings = list(islice(between, FINDINGS_MAX))
    # Sums over a tree that is no tree would only repeat its faults in other words.
    return findings or list(islice(chain(kept_beyond_parks(files), overcommitted(files)), FINDINGS_MAX))


def quota_warnings(files: QuotaFiles) -> list[Finding]:
    """What is allowed, but probably not meant; at most FINDINGS_MAX."""
    return list(islice(chain(_unusable_max_jobs(files), _firms_without_quota(files)), FINDINGS_MAX))


def _known(gpu_class: str, classes: Mapping[str, GpuClass]) -> bool:
    """Whether it is a class, or a slice of one."""
    return gpu_class in classes or whole_class(gpu_class) in classes


def _class_findings(files: QuotaFiles) -> Iterator[Finding]:
    defaults = default_classes()
    for name, row in files.gpu_classes.items():
        whole = whole_class(name)
        if row.devices:
            continue
        if whole != name and whole in known_classes(files.gpu_classes):
            yield from _slice_findings(name, row, known_classes(files.gpu_classes)[whole])
        elif name not in defaults:
            yield Finding(
                ("gpu_classes", name), "lists no devices", "add `devices:` with the names that NVML gives"
            )
        elif row.memory_gib != defaults[name].memory_gib:
            at = ("gpu_classes", name, "memory_gib")
            yield Finding(
                at, f"{name} has {defaults[name].memory_gib} GiB", "correct it, or list its devices"
            )


def _slice_findings(name: str, row: GpuClass, whole: GpuClass) -> Iterator[Finding]:
    if row.memory_gib > whole.memory_gib:
        problem = f"{name} is cut from {whole.memory_gib} GiB"
        yield Finding(("gpu_classes", name, "memory_gib"), problem, f"write {whole.memory_gib} or less")


def _park_findings(files: QuotaFiles) -> Iterator[Finding]:
    classes = known_classes(files.gpu_classes)
    for park, each in files.parks.items():
        for pool, row in each.pools.items():
            if not _known(row.gpu_class, classes):
                at = ("parks", park, "pools", pool, "gpu_class")
                yield Finding(at, *unknown("GPU class", row.gpu_class, classes))


def _firm_findings(files: QuotaFiles) -> Iterator[Finding]:
    for firm, each in files.firms.items():
        if each.home_park not in files.parks:
            yield Finding(("firms", firm, "home_park"), *unknown("park", each.home_park, files.parks))


def _share_findings(files: QuotaFiles) -> Iterator[Finding]:
    classes = known_classes(files.gpu_classes)
    for at, node in enumerate(files.quotas):
        for name in node.gpus:
            if not _known(name, classes):
                yield Finding(("quotas", at, "gpus", name), *unknown("GPU class", name, classes))


def _unusable_max_jobs(files: QuotaFiles) -> Iterator[Finding]:
    """A job stays in one park and on one GPU class, so a larger limit than any park's promises nothing."""
    for at, node in enumerate(files.quotas):
        asked, largest = node.max_job.gpus, _largest_park(files, list(node.gpus))
        if asked is not None and asked > largest:
            problem = f"{asked} GPUs fit in no single park; the largest has {largest}"
            yield Finding(("quotas", at, "max_job", "gpus"), problem, f"write {largest} or less")


def _largest_park(files: QuotaFiles, classes: Sequence[str]) -> int:
    return max(
        (
            sum(
                pool.nodes * pool.gpus_per_node for pool in park.pools.values() if pool.gpu_class == gpu_class
            )
            for park in files.parks.values()
            for gpu_class in classes
        ),
        default=0,
    )


def _firms_without_quota(files: QuotaFiles) -> Iterator[Finding]:
    served = {node.firm for node in files.quotas}
    for firm in files.firms:
        if firm not in served:
            yield Finding(("firms", firm), "has no quota", "its jobs would never start; add one under quotas")

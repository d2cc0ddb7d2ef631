"""Quota files as the core takes them: the tree, its firms and parks, and where a world names no pool, their nodes."""

from dataclasses import dataclass
from pathlib import Path

from bostan.quotas import QuotaFiles, load_quotas
from bostan.quotas import QuotaNode as FileNode

from bostan_scheduler.core.amount import UNLIMITED, Gpus
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.snapshot import Firm
from bostan_scheduler.sim.pool import Nodes


@dataclass(frozen=True, slots=True)
class QuotaSide:
    """Who may hold what, and the nodes that the files speak of."""

    tree: QuotaTree
    firms: tuple[Firm, ...]
    nodes: tuple[Nodes, ...] = ()


def read_quota_files(path: Path) -> QuotaSide:
    """The files of a folder, or one file. Raises `InvalidFile`."""
    files = load_quotas(path)
    return QuotaSide(
        tree=QuotaTree({node.id: _node(node) for node in files.quotas}),
        firms=tuple(Firm(firm, projects=each.projects) for firm, each in files.firms.items()),
        nodes=tuple(_pools(files)),
    )


def _node(node: FileNode) -> QuotaNode:
    return QuotaNode(
        id=node.id,
        parent=node.parent,
        firm=node.firm,
        from_at=node.from_unix_seconds * 1000,
        until_at=node.until_unix_seconds * 1000,
        gpus={
            of: ClassQuota(
                Gpus(share.guaranteed),
                UNLIMITED if share.borrow_limit is None else Gpus(share.borrow_limit),
                Gpus(share.guaranteed if share.lend_limit is None else share.lend_limit),
            )
            for of, share in node.gpus.items()
        },
        weight=node.weight,
        max_job_gpus=node.max_job.gpus,
        max_job_hours=node.max_job.hours,
        max_queued=node.max_queued,
    )


def _pools(files: QuotaFiles) -> list[Nodes]:
    return [
        Nodes(pool.nodes, pool.gpus_per_node, pool.gpu_class, park)
        for park, each in files.parks.items()
        for pool in each.pools.values()
    ]

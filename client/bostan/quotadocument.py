"""From the quota files to the document that the centre is sent: names in one language, instants in milliseconds."""

from __future__ import annotations

from bostan.api import ClassFacts, ClassQuota, Firm, MaxJob, NewPark, QuotaDocument, QuotaNode
from bostan.checked import checked
from bostan.quotas import QuotaFiles, Title
from bostan.quotas import QuotaNode as FileNode
from bostan.windowdocument import local_reserves, maintenance, reservations


def quota_document(files: QuotaFiles) -> QuotaDocument:
    """The document. A GPU class that lists no devices means the well-known one of that name."""
    return checked(
        QuotaDocument,
        gpu_classes={name: each.devices for name, each in files.gpu_classes.items()},
        class_facts={
            name: ClassFacts(su_milli=each.su_milli, speed_milli=each.speed_milli)
            for name, each in files.gpu_classes.items()
        },
        parks=tuple(NewPark(id=park, name=_name(each.name)) for park, each in files.parks.items()),
        firms=tuple(
            Firm(id=firm, name=_name(each.name), projects=each.projects) for firm, each in files.firms.items()
        ),
        quotas=tuple(_node(node) for node in files.quotas),
        maintenance=tuple(maintenance(files)),
        reservations=tuple(reservations(files)),
        local_reserves=tuple(local_reserves(files)),
    )


def _name(title: Title) -> str:
    return (title.en or title.fa or "")[:128]


def _node(node: FileNode) -> QuotaNode:
    return QuotaNode(
        id=node.id,
        parent=node.parent,
        firm=node.firm,
        from_at=node.from_unix_seconds * 1000,
        until_at=node.until_unix_seconds * 1000,
        weight=node.weight,
        gpus={
            name: ClassQuota(
                guaranteed=share.guaranteed, borrow_limit=share.borrow_limit, lend_limit=share.lend_limit
            )
            for name, share in node.gpus.items()
        },
        max_job=MaxJob(gpus=node.max_job.gpus, hours=node.max_job.hours),
        max_queued=node.max_queued,
    )

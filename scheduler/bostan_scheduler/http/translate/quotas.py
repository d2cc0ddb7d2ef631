"""The quota document both ways, and how each node of the tree stands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bostan import api

from bostan_scheduler.core.amount import UNLIMITED, Gpus
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.obstacle import Announced, StandingReserve
from bostan_scheduler.core.quota import ClassQuota, QuotaNode, QuotaTree
from bostan_scheduler.core.quota_ledger import QuotaLedger
from bostan_scheduler.core.reports import QuotasApplied
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park
from bostan_scheduler.http.translate.windows import (
    declared,
    declared_maintenance,
    declared_reservations,
    local_reserves,
    standing,
)


def quotas_applied(document: api.QuotaDocument, by: str) -> QuotasApplied:
    """A document that was checked, as the core takes it."""
    return QuotasApplied(
        tree=QuotaTree({node.id: _node(node) for node in document.quotas}),
        firms={firm.id: Firm(firm.id, firm.name, firm.projects) for firm in document.firms},
        parks={park.id: Park(park.id, park.name) for park in document.parks},
        class_of_device={name: of for of, names in document.gpu_classes.items() for name in names},
        by=by,
        classes={
            name: ClassFacts(facts.speed_milli, facts.su_milli)
            for name, facts in document.class_facts.items()
        },
        obstacles=declared(document),
        reserves=standing(document.local_reserves),
    )


def _node(node: api.QuotaNode) -> QuotaNode:
    return QuotaNode(
        id=node.id,
        parent=node.parent,
        firm=node.firm,
        project=node.project,
        from_at=node.from_at,
        until_at=node.until_at,
        gpus={gpu_class: _class_quota(quota) for gpu_class, quota in node.gpus.items()},
        weight=node.weight,
        max_job_gpus=node.max_job.gpus,
        max_job_hours=node.max_job.hours,
        max_queued=node.max_queued,
    )


def _class_quota(quota: api.ClassQuota) -> ClassQuota:
    lend = quota.guaranteed if quota.lend_limit is None else quota.lend_limit
    borrow = UNLIMITED if quota.borrow_limit is None else Gpus(quota.borrow_limit)
    return ClassQuota(Gpus(quota.guaranteed), borrow, Gpus(lend))


@dataclass(frozen=True, slots=True)
class InForce:
    """What is kept of the quota files; `windows` are all there are, whoever announced them."""

    tree: QuotaTree
    firms: Sequence[Firm]
    parks: Sequence[Park]
    class_of_device: Mapping[str, str]
    classes: Mapping[str, ClassFacts]
    windows: Mapping[str, Announced]
    reserves: Mapping[str, StandingReserve]


def document_model(kept: InForce) -> api.QuotaDocument:
    """The document in force."""
    classes: dict[str, tuple[str, ...]] = {}
    for name, gpu_class in sorted(kept.class_of_device.items()):
        classes[gpu_class] = (*classes.get(gpu_class, ()), name)
    return api.QuotaDocument(
        gpu_classes=classes,
        class_facts={
            name: api.ClassFacts(su_milli=facts.su_milli, speed_milli=facts.speed_milli)
            for name, facts in kept.classes.items()
        },
        parks=tuple(api.NewPark(id=park.id, name=park.name) for park in kept.parks),
        firms=tuple(firm_model(firm) for firm in kept.firms),
        quotas=tuple(_node_model(node) for node in kept.tree.nodes.values()),
        maintenance=tuple(declared_maintenance(kept.windows.values())),
        reservations=tuple(declared_reservations(kept.windows.values())),
        local_reserves=tuple(local_reserves(kept.reserves.values())),
    )


def firm_model(firm: Firm) -> api.Firm:
    """A tenant."""
    return api.Firm(id=firm.id, name=firm.name, projects=firm.projects)


def _node_model(node: QuotaNode) -> api.QuotaNode:
    return api.QuotaNode(
        id=node.id,
        parent=node.parent,
        firm=node.firm,
        project=node.project,
        from_at=node.from_at,
        until_at=node.until_at,
        weight=node.weight,
        gpus={gpu_class: _class_model(quota) for gpu_class, quota in node.gpus.items()},
        max_job=api.MaxJob(gpus=node.max_job_gpus, hours=node.max_job_hours),
        max_queued=node.max_queued,
    )


def _class_model(quota: ClassQuota) -> api.ClassQuota:
    return api.ClassQuota(
        guaranteed=quota.guaranteed.count,
        borrow_limit=limit_or_none(quota.borrow_limit),
        lend_limit=quota.lend_limit.count,
    )


def limit_or_none(gpus: Gpus) -> int | None:
    """A count, or None for no limit."""
    return None if gpus.unlimited else gpus.count


def quota_uses(ledger: QuotaLedger, now: Instant) -> Iterator[api.QuotaUse]:
    """How each node of the tree stands in each of its classes."""
    held = _held(ledger)
    for node in sorted(ledger.tree.nodes.values(), key=lambda node: node.id):
        for gpu_class, quota in sorted(node.gpus.items()):
            yield api.QuotaUse(
                quota=node.id,
                parent=node.parent,
                firm=node.firm,
                gpu_class=gpu_class,
                guaranteed=quota.guaranteed.count,
                borrow_limit=limit_or_none(quota.borrow_limit),
                lend_limit=quota.lend_limit.count,
                used=held[node.id, gpu_class],
                kept=ledger.held(node.id, gpu_class).count - held[node.id, gpu_class],
                available=ledger.available(node, gpu_class).count,
                from_at=node.from_at,
                until_at=node.until_at,
                in_force=node.in_force(now),
            )


def _held(ledger: QuotaLedger) -> Counter[tuple[str, str]]:
    """What the jobs of each leaf hold, at it and at all above it. A branch's own account also counts what it keeps."""
    held = Counter[tuple[str, str]]()
    for (quota_id, gpu_class), account in ledger.accounts.items():
        node: QuotaNode | None = ledger.tree.nodes[quota_id]
        if node is not None and node.firm is not None:
            while node is not None:
                held[node.id, gpu_class] += account.used
                node = ledger.tree.nodes[node.parent] if node.parent is not None else None
    return held

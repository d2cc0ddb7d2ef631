"""The agent's word on its GPUs."""

from collections import defaultdict
from collections.abc import Mapping

from bostan_protos.v1.device_pb2 import (
    VERDICT_DRAINING,
    VERDICT_FAILED,
    VERDICT_HEALTHY,
    VERDICT_WARNED,
    Health,
    HealthFinding,
)

from bostan_scheduler.core.node import Verdict
from bostan_scheduler.core.reports import HealthReported
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import GPU_UUID, few, name, text

Judgement = tuple[Verdict, tuple[str, ...]]

_VERDICTS: Mapping[int, Verdict] = {
    VERDICT_HEALTHY: Verdict.HEALTHY,
    VERDICT_WARNED: Verdict.WARNED,
    VERDICT_DRAINING: Verdict.DRAINING,
    VERDICT_FAILED: Verdict.FAILED,
}


def health_of(node_id: str, health: Health, limits: LinkLimits) -> HealthReported:
    """The news that a node's GPUs are judged so."""
    judged = judgements(health, limits, "health")
    return HealthReported(node_id, tuple((uuid, *judgement) for uuid, judgement in judged.items()))


def judgements(health: Health, limits: LinkLimits, field: str) -> dict[str, Judgement]:
    """The verdict on each GPU and the findings behind it, by UUID.

    A verdict that this release does not know counts as the worst one: nothing is started on what is not understood.
    """
    few(health.verdicts, limits.gpus_max, f"{field}.verdicts")
    findings = _findings(health, limits, field)
    judged: dict[str, Judgement] = {}
    for one in health.verdicts:
        uuid = name(one.uuid, GPU_UUID, f"{field}.verdicts.uuid", "a GPU's UUID")
        verdict = _VERDICTS.get(one.verdict)
        unknown = () if verdict is not None else (f"the centre does not know verdict {int(one.verdict)}",)
        judged[uuid] = (verdict or Verdict.FAILED, (*findings[uuid], *unknown))
    return judged


def _findings(health: Health, limits: LinkLimits, field: str) -> defaultdict[str, tuple[str, ...]]:
    few(health.findings, limits.findings_max, f"{field}.findings")
    by_gpu: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for one in health.findings:
        if not one.cleared:
            by_gpu[one.gpu_uuid] += (_sentence(one, limits),)
    return by_gpu


def _sentence(finding: HealthFinding, limits: LinkLimits) -> str:
    code, evidence = text(finding.code, 64), text(finding.evidence, limits.text_chars_max)
    return f"{code}: {evidence}" if evidence else code

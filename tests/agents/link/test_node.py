"""What a node says of its devices, and which GPUs it gives to offers."""

from bostan_agent.device_reports import health_message, inventory_message, telemetry_messages
from bostan_agent.devices.port import (
    Gpu,
    Inventory,
    Link,
    LinkKind,
    MigInstance,
    Problem,
    ProblemCode,
    Reading,
    RemappedRows,
    Telemetry,
    ThrottleReason,
)
from bostan_agent.health.verdict import Action, Finding, GpuHealth, Severity
from bostan_agent.health.watch import Picture
from bostan_agent.node import gpu_facts

SLICE = MigInstance("MIG-1", "1g.10gb", 10, 1, 0)
WHOLE = Gpu("GPU-1", "H100", 80, "0000:01:00.0", "9.0", minor=3, numa_node=1)
CUT = Gpu("GPU-2", "H100", 80, "0000:02:00.0", mig_enabled=True, mig_instances=(SLICE,))


def finding(code, severity):
    return Finding(code, severity, Action.REPLACE, "seen", 1.0, 1.0)


def picture(*gpus, **health):
    return Picture(Inventory("1", "2", gpus), None, health)


def test_a_gpu_may_be_used_when_it_was_read_and_nothing_grave_was_found():
    sick = GpuHealth("GPU-1", (finding("remap-failed", Severity.FAILED),))
    warned = GpuHealth("GPU-1", (finding("hot", Severity.WARNED),))
    assert gpu_facts(picture(WHOLE)).unusable == {"GPU-1": "it was not read yet"}
    assert gpu_facts(picture(WHOLE, **{"GPU-1": warned})).usable == {"GPU-1"}
    assert gpu_facts(picture(WHOLE, **{"GPU-1": sick})).unusable == {"GPU-1": "remap-failed: seen"}


def test_of_a_gpu_cut_into_instances_only_the_instances_may_be_used():
    facts = gpu_facts(picture(CUT, **{"GPU-2": GpuHealth("GPU-2")}))
    assert (facts.usable, facts.unusable) == ({"MIG-1"}, {"GPU-2": "it is cut into MIG instances"})
    failed = GpuHealth("GPU-2", (finding("xid-79", Severity.FAILED),))
    assert gpu_facts(picture(CUT, **{"GPU-2": failed})).unusable.keys() == {"GPU-2", "MIG-1"}


def test_the_inventory_tells_what_is_known_and_leaves_open_what_is_not():
    problem = Problem(ProblemCode.OFF_THE_BUS, "0000:03:00.0", "the bus shows it")
    links = (Link("GPU-1", "GPU-2", LinkKind.NVLINK, 18),)
    message = inventory_message(Inventory(None, "12.4", (WHOLE, CUT), links, (problem,)), "env", "hung")
    first, second = message.gpus
    assert (first.minor, first.numa_node, second.HasField("minor")) == (3, 1, False)
    assert (second.mig_enabled, second.mig_instances[0].profile, message.driver_version) == (
        True,
        "1g.10gb",
        "",
    )
    assert (message.links[0].nvlinks, message.links[0].kind, message.isolation) == (18, 1, "env")
    assert list(message.problems) == ["hung", "0000:03:00.0: off-the-bus: the bus shows it"]
    assert message.cpus > 0
    assert message.memory_bytes > 1 << 28


def test_telemetry_leaves_out_what_a_device_does_not_tell():
    reasons = (ThrottleReason.IDLE, ThrottleReason.HARDWARE_THERMAL)
    rows = RemappedRows(1, 2, pending=True, failed=False)
    full = Reading("GPU-1", 50, throttle_reasons=reasons, remapped_rows=rows, temperature_celsius=-3)
    told, bare = telemetry_messages(Telemetry(1.0, (full, Reading("GPU-2"))))
    assert (told.utilisation_percent, told.throttle_reasons, told.temperature_celsius) == (50, 0x41, -3)
    assert (told.remapped_rows_uncorrectable, told.remapping_pending, told.remapping_failed) == (
        2,
        True,
        False,
    )
    assert [field.name for field, _ in bare.ListFields()] == ["uuid"]


def test_findings_that_are_gone_are_told_as_cleared():
    health = {"GPU-1": GpuHealth("GPU-1", (finding("xid-79", Severity.FAILED),)), "GPU-2": GpuHealth("GPU-2")}
    message = health_message(health, {("GPU-2", "hot"), ("GPU-1", "xid-79")})
    assert [(each.uuid, each.verdict) for each in message.verdicts] == [("GPU-1", 4), ("GPU-2", 1)]
    told = [(each.gpu_uuid, each.code, each.cleared, each.action) for each in message.findings]
    assert told == [("GPU-1", "xid-79", False, "replace"), ("GPU-2", "hot", True, "none")]

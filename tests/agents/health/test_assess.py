"""From readings to verdicts, by the shipped policy."""

from dataclasses import replace

import pytest
from bostan_agent.devices.port import (
    FabricState,
    Inventory,
    Problem,
    ProblemCode,
    RecoveryAction,
    RemappedRows,
    Telemetry,
    ThrottleReason,
)
from bostan_agent.health import Action, Draining, Failed, Healthy, Warned, assess, assess_unread, clear

A, B = "GPU-aaaa", "GPU-bbbb"
ROWS = RemappedRows(0, 0, pending=False, failed=False)
HOT = (ThrottleReason.HARDWARE_THERMAL,)


def test_a_gpu_that_shows_nothing_is_healthy(node):
    health = node.round(remapped_rows=ROWS, nvlinks_active=18, peer={"nvlinks_active": 18})
    assert health.verdict == Healthy()
    assert health.reason_not_to_place is None


@pytest.mark.parametrize(
    ("facts", "code", "verdict", "action"),
    [
        ({"remapped_rows": replace(ROWS, failed=True)}, "remap-failed", Failed, Action.REPLACE),
        ({"remapped_rows": replace(ROWS, pending=True)}, "remap-pending", Draining, Action.RESET_GPU),
        ({"remapped_rows": replace(ROWS, uncorrectable=512)}, "uncorrectable-rows", Draining, Action.REPLACE),
        ({"retired_pages_pending": True}, "retired-pages-pending", Draining, Action.REBOOT_NODE),
        ({"recovery_action": RecoveryAction.RESET_GPU}, "recovery-reset", Failed, Action.RESET_GPU),
        ({"recovery_action": RecoveryAction.REBOOT_SYSTEM}, "recovery-reboot", Failed, Action.REBOOT_NODE),
        ({"recovery_action": RecoveryAction.OTHER}, "recovery-other", Draining, Action.RESET_GPU),
        ({"nvlinks_active": 17, "peer": {"nvlinks_active": 18}}, "nvlink-down", Draining, Action.RESET_GPU),
        ({"fabric_state": FabricState.IN_PROGRESS}, "fabric-not-joined", Draining, Action.NONE),
        ({"pcie_width": 8}, "pcie-width", Draining, Action.REBOOT_NODE),
        ({"persistence_mode": False}, "persistence-off", Warned, Action.NONE),
        ({"temperature_margin_celsius": 0}, "temperature-margin", Warned, Action.NONE),
    ],
)
def test_each_gauge_has_its_verdict_and_its_remedy(node, facts, code, verdict, action):
    health = node.round(**facts)
    assert isinstance(health.verdict, verdict)
    (finding,) = health.findings
    assert (finding.code, finding.action) == (code, action)
    assert (finding.first_seen_seconds, finding.last_seen_seconds) == (node.now, node.now)


@pytest.mark.parametrize(
    "facts",
    [
        {"remapped_rows": replace(ROWS, uncorrectable=511, correctable=9000)},
        {"recovery_action": RecoveryAction.NONE},
        {"fabric_state": FabricState.COMPLETED},
        {"temperature_margin_celsius": 1},
        {"throttle_reasons": (ThrottleReason.IDLE, ThrottleReason.SOFTWARE_POWER_CAP)},
        {"pcie_width": None, "persistence_mode": None},
    ],
)
def test_what_is_normal_or_not_told_is_no_finding(node, facts):
    assert node.round(**facts).verdict == Healthy()


@pytest.mark.parametrize(
    ("problem", "verdict"),
    [
        (ProblemCode.GPU_LOST, Failed),
        (ProblemCode.GPU_UNREADABLE, Failed),
        (ProblemCode.RESET_REQUIRED, Failed),
        (ProblemCode.CALL_FAILED, Warned),
    ],
)
def test_a_problem_is_judged_and_its_evidence_kept(node, problem, verdict):
    health = node.round(Problem(problem, A, "as the driver said it"))
    assert isinstance(health.verdict, verdict)
    assert [(finding.code, finding.evidence) for finding in health.findings] == [
        (problem.value, "as the driver said it")
    ]
    assert node.memory[B].verdict == Healthy()


def test_a_gauge_clears_itself_after_three_good_readings_and_not_before(node):
    node.round(pcie_width=8)
    assert [type(node.round().verdict) for _ in range(3)] == [Draining, Draining, Healthy]


def test_a_gauge_that_comes_back_in_between_starts_anew(node):
    first = node.round(pcie_width=8).findings[0].first_seen_seconds
    node.round()
    node.round()
    (finding,) = node.round(pcie_width=8).findings
    assert (finding.first_seen_seconds, finding.last_seen_seconds) == (first, node.now)
    assert [type(node.round().verdict) for _ in range(3)] == [Draining, Draining, Healthy]


def test_a_fatal_xid_latches_until_an_operator_clears_it(node):
    seen = node.xid(79)
    assert isinstance(node.round(xids=seen).verdict, Failed)
    assert all(isinstance(node.round(xids=seen).verdict, Failed) for _ in range(10))
    node.memory = clear(node.memory, A, node.now)
    assert node.round(xids=seen).verdict == Healthy()
    assert isinstance(node.round(xids=node.xid(79, count=2)).verdict, Failed)


def test_an_xid_is_remembered_by_an_agent_that_did_not_see_it_itself(node):
    node.round(xids=node.xid(79))
    assert isinstance(node.round(xids=()).verdict, Failed)


def test_a_reset_is_known_by_the_energy_counter_and_forgives(node):
    seen = node.xid(62)
    assert isinstance(node.round(xids=seen, energy_millijoules=10**9).verdict, Failed)
    assert node.round(xids=seen, energy_millijoules=5).verdict == Healthy()


def test_a_reset_does_not_forgive_what_still_shows(node):
    node.round(energy_millijoules=10**9, remapped_rows=replace(ROWS, failed=True))
    assert isinstance(
        node.round(energy_millijoules=5, remapped_rows=replace(ROWS, failed=True)).verdict, Failed
    )


@pytest.mark.parametrize("xid", [8, 11, 13, 25, 31, 32, 39, 40, 41, 43, 45, 68, 69, 70, 71, 72])
def test_errors_of_programs_blame_the_job_and_not_the_gpu(node, xid):
    health = node.round(xids=node.xid(xid, count=3))
    assert health.verdict == Healthy()
    (error,) = health.app_errors
    assert (error.xid, error.count, error.last_seen_seconds) == (xid, 3, node.now)
    assert error.why


@pytest.mark.parametrize("xid", [46, 48, 62, 64, 74, 79, 95, 109, 119, 120, 136, 140, 143, 155, 156, 158])
def test_fatal_xids_fail_the_gpu(node, xid, codes):
    health = node.round(xids=node.xid(xid))
    assert isinstance(health.verdict, Failed)
    assert codes(health) == [f"xid-{xid}"]


@pytest.mark.parametrize(("xid", "verdict"), [(63, Draining), (94, Draining), (92, Warned), (4711, Warned)])
def test_milder_and_unknown_xids_weigh_less(node, xid, verdict):
    assert isinstance(node.round(xids=node.xid(xid)).verdict, verdict)


def test_new_uncorrected_errors_drain_for_good_and_old_ones_do_not(node):
    assert node.round(ecc_uncorrected=7).verdict == Healthy()
    assert isinstance(node.round(ecc_uncorrected=8).verdict, Draining)
    assert all(isinstance(node.round(ecc_uncorrected=8).verdict, Draining) for _ in range(5))


def test_nvlink_checksum_errors_are_judged_by_their_rate(node):
    node.round(nvlink_crc_errors=0)
    assert node.round(nvlink_crc_errors=999).verdict == Healthy()
    assert isinstance(node.round(nvlink_crc_errors=1999).verdict, Draining)


def test_slowdowns_are_counted_within_their_window(node):
    verdicts = [type(node.round(throttle_reasons=HOT).verdict) for _ in range(6)]
    assert verdicts == [Healthy] * 5 + [Warned]
    node.now += 600
    for _ in range(3):
        node.round()
    assert node.memory[A].verdict == Healthy()


def test_a_gpu_much_slower_than_its_busy_peer_is_told(node, codes):
    fast = {"utilisation_percent": 99, "sm_clock_megahertz": 1980}
    slow = {"utilisation_percent": 99, "sm_clock_megahertz": 1500}
    assert codes(node.round(**slow, peer=fast)) == ["clock-behind"]
    assert node.memory[B].verdict == Healthy()


def test_an_idle_gpu_may_be_slow(node):
    fast = {"utilisation_percent": 99, "sm_clock_megahertz": 1980}
    assert node.round(utilisation_percent=0, sm_clock_megahertz=345, peer=fast).verdict == Healthy()


def test_mig_without_instances_is_no_place_to_run(node, codes):
    first, second = node.inventory.gpus
    node.inventory = replace(node.inventory, gpus=(replace(first, mig_enabled=True), second))
    assert codes(node.round()) == ["mig-empty"]


def test_a_gpu_that_vanished_is_failed_and_forgotten_only_when_cleared(node, codes):
    node.round()
    only_b = replace(node.inventory, gpus=node.inventory.gpus[1:])
    empty = Telemetry(node.now + 10, ())
    node.memory = assess(node.policy, node.memory, only_b, empty)
    assert codes(node.memory[A]) == ["gpu-missing"]
    node.memory = clear(node.memory, A, node.now)
    assert set(assess(node.policy, node.memory, only_b, empty)) == {B}


def test_a_gpu_known_only_by_its_address_is_forgotten_once_it_tells_its_uuid(node):
    nameless = Problem(ProblemCode.GPU_UNREADABLE, "0000:aa:00.0", "no handle")
    node.round(nameless)
    assert isinstance(node.memory["0000:aa:00.0"].verdict, Failed)
    node.round()
    assert set(node.memory) == {A, B}


def test_unread_devices_drain_every_gpu_keep_older_findings_and_recover(node, codes):
    node.round(pcie_width=8)
    for _ in range(9):
        node.memory = assess_unread(node.policy, node.memory, "devices-hung", "no answer in 15 s", node.now)
    assert codes(node.memory[A]) == ["pcie-width", "devices-hung"]
    assert isinstance(node.memory[B].verdict, Draining)
    assert node.memory[B].reason_not_to_place == "devices-hung: no answer in 15 s"
    verdicts = [type(node.round().verdict) for _ in range(3)]
    assert verdicts == [Draining, Draining, Healthy]


def test_the_gravest_finding_decides_and_all_are_told(node):
    health = node.round(pcie_width=8, persistence_mode=False, xids=node.xid(79))
    assert isinstance(health.verdict, Failed)
    assert len(health.verdict.findings) == 3
    assert "persistence" not in health.reason_not_to_place


def test_a_sign_that_the_policy_ignores_is_not_found(node):
    signs = node.policy.signs
    ignored = signs.pcie_width.model_copy(update={"verdict": "ignored"})
    node.policy = node.policy.model_copy(update={"signs": signs.model_copy(update={"pcie_width": ignored})})
    assert node.round(pcie_width=8).verdict == Healthy()


def test_judging_is_pure_and_repeatable(node):
    telemetry = Telemetry(5.0, ())
    assert assess(node.policy, {}, node.inventory, telemetry) == assess(
        node.policy, {}, node.inventory, telemetry
    )
    assert assess(node.policy, {}, Inventory(None, None, ()), telemetry) == {}

"""What agents say, as values of the core: groups of GPUs, classes, texts for people, gauges."""

import pytest
from bostan_protos.v1 import agent_link_pb2 as wire
from bostan_protos.v1 import device_pb2 as device
from bostan_scheduler.core.node import Verdict
from bostan_scheduler.rpc.errors import NotUnderstood
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import text
from bostan_scheduler.rpc.translate.hello import node_connected
from bostan_scheduler.rpc.translate.inventory import gpus_of
from bostan_scheduler.rpc.translate.links import link_groups
from bostan_scheduler.rpc.translate.telemetry import readings

LIMITS = LinkLimits()
UUIDS = [f"GPU-{number:08x}-0000-0000-0000-000000000000" for number in range(8)]


def links(kind: "device.LinkKind.ValueType", *pairs: tuple[int, int]) -> list[device.Link]:
    return [device.Link(uuid_a=str(a), uuid_b=str(b), kind=kind) for a, b in pairs]


@pytest.mark.parametrize(
    ("joined", "groups"),
    [
        pytest.param([], [0, 1, 2, 3], id="no links"),
        pytest.param(links(device.LINK_KIND_SYS, (0, 1), (2, 3)), [0, 1, 2, 3], id="only far ones"),
        pytest.param(
            links(device.LINK_KIND_NVLINK, (0, 1), (1, 2), (2, 3)), [0, 0, 0, 0], id="NVLink over others"
        ),
        pytest.param(links(device.LINK_KIND_NVLINK, (3, 2), (1, 0)), [0, 0, 1, 1], id="bridged in pairs"),
        pytest.param(links(device.LINK_KIND_PIX, (0, 2)), [0, 1, 0, 2], id="one switch"),
        pytest.param(
            links(device.LINK_KIND_PIX, (0, 1)) + links(device.LINK_KIND_PXB, (1, 2)),
            [0, 0, 0, 1],
            id="switches",
        ),
        pytest.param(
            links(device.LINK_KIND_NVLINK, (0, 1)) + links(device.LINK_KIND_PIX, (1, 2), (2, 3)),
            [0, 0, 1, 1],
            id="a switch joins only those without NVLink",
        ),
        pytest.param(links(device.LINK_KIND_NVLINK, (0, 9)), [0, 1, 2, 3], id="to a GPU that is not there"),
    ],
)
def test_link_groups(joined: list[device.Link], groups: list[int]) -> None:
    assert list(link_groups(["0", "1", "2", "3"], joined).values()) == groups


def gpu(index: int = 0, **words: object) -> device.Gpu:
    made = {
        "uuid": UUIDS[index],
        "name": "NVIDIA H100 80GB HBM3",
        "memory_bytes": 85 * 10**9,
        "compute_capability": "9.0",
    }
    return device.Gpu(**(made | words))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "name", "gpu_class"),
    [
        (gpu(), "NVIDIA H100 80GB HBM3", "h100-80g-sxm"),
        (gpu(name="Home-made", compute_capability=""), "Home-made", None),
        (gpu(memory_bytes=10**9), "NVIDIA H100 80GB HBM3", None),
        (gpu(mig_enabled=True), "NVIDIA H100 80GB HBM3, cut into MIG instances", None),
    ],
)
def test_a_gpus_class_is_found_from_what_nvml_says(
    message: device.Gpu, name: str, gpu_class: str | None
) -> None:
    (found,) = gpus_of(device.Inventory(gpus=[message]), device.Health(), LIMITS)
    assert (found.name, found.default_class) == (name, gpu_class)


def test_a_gpu_that_nobody_has_judged_takes_nothing() -> None:
    health = device.Health(verdicts=[device.GpuVerdict(uuid=UUIDS[0], verdict=device.VERDICT_WARNED)])
    first, second = gpus_of(device.Inventory(gpus=[gpu(0), gpu(1)]), health, LIMITS)
    assert (first.verdict, second.verdict) == (Verdict.WARNED, Verdict.FAILED)
    assert (first.usable, second.usable) == (True, False)
    assert second.findings == ("the agent has not judged this GPU",)


def mig(name: str, profile: str = "1g.10gb") -> device.MigInstance:
    uuid = f"MIG-{name * 8}-0000-0000-0000-000000000000"
    return device.MigInstance(uuid=uuid, profile=profile, memory_bytes=10 * 2**30)


def test_each_slice_of_a_gpu_is_a_device_of_its_own_class() -> None:
    cut = gpu(mig_enabled=True, mig_instances=[mig("a"), mig("b", "3g.40gb")])
    health = device.Health(verdicts=[device.GpuVerdict(uuid=UUIDS[0], verdict=device.VERDICT_WARNED)])
    whole, small, large = gpus_of(device.Inventory(gpus=[cut]), health, LIMITS)
    assert (whole.default_class, whole.profile) == (None, "")
    assert (small.default_class, large.default_class) == ("h100-80g-sxm/1g.10gb", "h100-80g-sxm/3g.40gb")
    assert (small.uuid, small.memory_bytes, small.cut_from) == (mig("a").uuid, 10 * 2**30, UUIDS[0])
    assert (small.verdict, large.verdict) == (Verdict.WARNED, Verdict.WARNED)


def test_a_slice_follows_its_gpus_class_when_that_is_set_by_name() -> None:
    cut = gpu(mig_enabled=True, mig_instances=[mig("a")])
    whole, small = gpus_of(device.Inventory(gpus=[cut]), device.Health(), LIMITS)
    by_name = {"NVIDIA H100 80GB HBM3": "big"}
    assert (whole.class_by(by_name), small.class_by(by_name)) == (None, "big/1g.10gb")
    assert small.class_by({}) == "h100-80g-sxm/1g.10gb"


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(device.MigInstance(uuid="GPU-1", profile="1g.10gb"), id="no MIG UUID"),
        pytest.param(mig("a", "1g.10gb/../.."), id="no profile"),
    ],
)
def test_a_slice_that_is_not_understood_is_refused(instance: device.MigInstance) -> None:
    with pytest.raises(NotUnderstood, match=r"hello\.inventory\.gpus\.mig_instances"):
        gpus_of(
            device.Inventory(gpus=[gpu(mig_enabled=True, mig_instances=[instance])]), device.Health(), LIMITS
        )


def test_a_slice_is_listed_once_and_not_without_end() -> None:
    twice = gpu(mig_enabled=True, mig_instances=[mig("a"), mig("a")])
    with pytest.raises(NotUnderstood, match="twice"):
        gpus_of(device.Inventory(gpus=[twice]), device.Health(), LIMITS)
    many = gpu(mig_enabled=True, mig_instances=[mig("a")] * 17)
    with pytest.raises(NotUnderstood, match="17 entries"):
        gpus_of(device.Inventory(gpus=[many]), device.Health(), LIMITS)


def test_a_node_without_gpus_or_driver() -> None:
    hello = wire.Hello(protocol_major=1, node_name="cpu-1.rack7", boot_id="0" * 32, journal_id="f" * 32)
    hello.labels.update({"rack": "7", "made-by": "مهر\n"})
    node = node_connected("p", hello, LIMITS)
    assert (node.node_id, node.gpus, node.isolation) == ("p/cpu-1.rack7", (), "none")
    assert node.labels == (("made-by", "مهر"), ("rack", "7"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two lines"),
        ("\x1b[31mred", "[31mred"),
        ("پارک", "پارک"),
        ("x" * 11, "x" * 9 + "…"),
        ("\u202eevil", "evil"),
    ],
)
def test_texts_for_people_steer_no_terminal_and_end(said: str, shown: str) -> None:
    assert text(said, 10) == shown


def test_gauges_that_make_no_sense_are_left_out() -> None:
    gauges = [
        device.GpuTelemetry(uuid=UUIDS[0], utilisation_percent=0, temperature_celsius=-5),
        device.GpuTelemetry(
            uuid=UUIDS[1], utilisation_percent=101, memory_used_bytes=2**63, temperature_celsius=2000
        ),
        device.GpuTelemetry(uuid="all of them", utilisation_percent=7),
    ]
    first, second = readings(wire.Heartbeat(gpus=gauges), LIMITS).values()
    assert (first.utilisation_percent, first.temperature_celsius, first.power_milliwatts) == (0, -5, None)
    assert (second.utilisation_percent, second.memory_used_bytes, second.temperature_celsius) == (
        None,
        None,
        None,
    )

"""A GPU's class comes from what NVML says of it; what the table does not list has none."""

import pytest
from bostan.quotas import GpuClass, class_of, known_classes
from bostan.quotas.gpu_class import default_classes

MIB = 2**20


@pytest.mark.parametrize(
    ("name", "memory_mib", "capability", "gpu_class"),
    [
        ("NVIDIA H100 80GB HBM3", 81_559, "9.0", "h100-80g-sxm"),
        ("NVIDIA H100 PCIe", 81_559, "9.0", "h100-80g-pcie"),
        ("NVIDIA H200", 143_771, "9.0", "h200-141g-sxm"),
        ("NVIDIA A100-SXM4-80GB", 81_920, "8.0", "a100-80g"),
        ("NVIDIA A100 80GB PCIe", 81_920, "8.0", "a100-80g"),
        ("NVIDIA A100-SXM4-40GB", 40_960, "8.0", "a100-40g"),
        ("A100-SXM4-40GB", 40_536, "8.0", "a100-40g"),
        ("NVIDIA GeForce RTX 4090", 24_564, "8.9", "rtx4090-24g"),
        ("Tesla T4", 15_360, "7.5", "t4-16g"),
        ("Tesla T4", 15_109, "7.5", "t4-16g"),
        ("NVIDIA L40S", 46_068, "8.9", "l40s-48g"),
        ("Tesla V100-SXM2-32GB", 32_768, "7.0", "v100-32g"),
        ("Tesla V100-SXM2-16GB", 16_160, "7.0", "v100-16g"),
        ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", 9_728, "8.0", None),
        ("NVIDIA A100-SXM4-80GB", 9_728, "8.0", None),
        ("NVIDIA A100-SXM4-80GB", 81_920, "7.5", None),
        ("NVIDIA H100", 81_559, "9.0", None),
        ("", 0, "", None),
    ],
)
def test_a_gpu_has_the_class_that_its_facts_name(name, memory_mib, capability, gpu_class):
    assert class_of(name, memory_mib * MIB, capability) == gpu_class


def test_every_listed_device_belongs_to_its_own_class_alone():
    for gpu_class, row in default_classes().items():
        for device in row.devices:
            assert class_of(device, row.memory_gib * 2**30, row.compute_capability) == gpu_class


def test_a_class_of_the_quota_files_goes_before_the_table():
    own = {"big": GpuClass(memory_gib=80, devices=("NVIDIA H100*", "NVIDIA A100*"))}
    assert class_of("NVIDIA H100 80GB HBM3", 80 * 2**30, "9.0", own) == "big"
    assert class_of("NVIDIA A100-SXM4-80GB", 80 * 2**30, "8.0", own) == "big"
    assert class_of("Tesla T4", 16 * 2**30, "7.5", own) == "t4-16g"


def test_a_star_is_the_only_sign_in_a_device_name():
    own = {"odd": GpuClass(memory_gib=8, devices=("GPU [a].x",))}
    assert class_of("GPU [a].x", 8 * 2**30, "1.0", own) == "odd"
    assert class_of("GPU ayx", 8 * 2**30, "1.0", own) is None


def test_a_well_known_class_may_be_listed_without_its_devices():
    own = {"t4-16g": GpuClass(memory_gib=16)}
    assert known_classes(own)["t4-16g"].devices == ("Tesla T4", "Tesla T4G")
    assert class_of("Tesla T4", 15_360 * MIB, "7.5", own) == "t4-16g"

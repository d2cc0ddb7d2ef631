"""The GPU models that can be simulated, with what NVML says of the real ones."""

from dataclasses import dataclass

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `nvlinks` is what each pair on a node shares; 0 where pairs meet over PCIe only."""

    name: str
    memory_mebibytes: int
    compute_capability: str
    idle_watts: int
    limit_watts: int
    nvlinks: int = 0
    pcie_generation: int = 4
    ecc: bool = True

    @property
    def memory_bytes(self) -> int:
        """What NVML gives as the total."""
        return self.memory_mebibytes * _MEBIBYTE


MODELS: dict[str, Model] = {
    "B200-180GB-SXM": Model("NVIDIA B200", 183359, "10.0", 140, 1000, nvlinks=18, pcie_generation=5),
    "H200-141GB-SXM": Model("NVIDIA H200", 143771, "9.0", 75, 700, nvlinks=18, pcie_generation=5),
    "H100-80GB-SXM": Model("NVIDIA H100 80GB HBM3", 81559, "9.0", 70, 700, nvlinks=18, pcie_generation=5),
    "H100-80GB-PCIE": Model("NVIDIA H100 PCIe", 81559, "9.0", 50, 350, pcie_generation=5),
    "A100-80GB-SXM": Model("NVIDIA A100-SXM4-80GB", 81920, "8.0", 60, 400, nvlinks=12),
    "A100-40GB-SXM": Model("NVIDIA A100-SXM4-40GB", 40960, "8.0", 55, 400, nvlinks=12),
    "A100-80GB": Model("NVIDIA A100 80GB PCIe", 81920, "8.0", 45, 300),
    "A100-40GB": Model("NVIDIA A100-PCIE-40GB", 40960, "8.0", 35, 250),
    "V100-32GB-SXM": Model("Tesla V100-SXM2-32GB", 32768, "7.0", 40, 300, nvlinks=2, pcie_generation=3),
    "L40S-48GB": Model("NVIDIA L40S", 46068, "8.9", 35, 350),
    "L4-24GB": Model("NVIDIA L4", 23034, "8.9", 17, 72),
    "A10-24GB": Model("NVIDIA A10", 23028, "8.6", 20, 150),
    "T4-16GB": Model("Tesla T4", 15360, "7.5", 10, 70, pcie_generation=3),
    "RTX4090-24GB": Model("NVIDIA GeForce RTX 4090", 24564, "8.9", 20, 450, ecc=False),
    "RTX3090-24GB": Model("NVIDIA GeForce RTX 3090", 24576, "8.6", 20, 350, ecc=False),
}
"""By the name used after --simulate."""

"""What would help a waiting job: a closed list of changes, each with its sentence and its numbers."""

from dataclasses import dataclass
from enum import StrEnum

from bostan_scheduler.core.amount import Gpus
from bostan_scheduler.core.job import Shape
from bostan_scheduler.core.waits import Numbers, filled_in, named


class HelpKind(StrEnum):
    """The closed list: what is changed."""

    PARK = "park"
    GPU_CLASS = "gpu-class"
    SPLIT = "split"
    CHECKPOINT = "checkpoint"
    TIME_LIMIT = "time-limit"
    CPUS = "cpus"
    MEMORY = "memory"
    GPUS = "gpus"
    REPLICAS = "replicas"
    QOS = "qos"
    QUOTA = "quota"


HELP_SENTENCES: dict[HelpKind, str] = {
    HelpKind.PARK: "it would start now in {park}, which the job does not allow",
    HelpKind.GPU_CLASS: "it would start now on {gpu_class}",
    HelpKind.SPLIT: "it would start now as {replicas} x {gpus} GPUs instead of {asked_replicas} x {asked}",
    HelpKind.CHECKPOINT: "it would start now if it saved itself when asked (checkpoint on signal)",
    HelpKind.TIME_LIMIT: "it would start now with a time limit of at most {limit}",
    HelpKind.CPUS: "it would start now with at most {cpus} CPUs a replica instead of {asked}",
    HelpKind.MEMORY: "it would start now with at most {most} of memory a replica",
    HelpKind.GPUS: "it would start now with {gpus} of the {asked} GPUs",
    HelpKind.REPLICAS: "it would start now with {replicas} of the {asked} replicas",
    HelpKind.QOS: "with qos {qos} running jobs would make room for it ({jobs})",
    HelpKind.QUOTA: "it would start now if {quota} allowed {more} {gpu_class} more",
}


@dataclass(frozen=True, slots=True)
class Raise:
    """So many more of a class for a node of the quota tree: a root's own, or what any other may borrow."""

    quota: str
    gpu_class: str
    more: Gpus


@dataclass(frozen=True, slots=True)
class Help:
    """One change that is enough by itself. `shape` is what the job would ask then, `raises` what quota would allow.

    `change` says how much it is: what changes least comes first.
    """

    kind: HelpKind
    change: float
    numbers: Numbers = ()
    shape: Shape | None = None
    raises: Raise | None = None

    @property
    def sentence(self) -> str:
        """The change and what it would bring, for people."""
        return filled_in(HELP_SENTENCES[self.kind], dict(self.numbers))


def help_by(kind: HelpKind, change: float, shape: Shape | None, **numbers: int | str) -> Help:
    """Help by another shape, its numbers given by name."""
    assert change >= 0, "no change is less than none"
    return Help(kind, change, named(numbers), shape)

"""Why a job does not start now: a closed list of reasons, each with its sentence and its numbers."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The closed list, the most telling first: of several, the first is the main one."""

    NO_QUOTA = "no-quota"
    CLASS_NOT_IN_QUOTA = "class-not-in-quota"
    JOB_TOO_LARGE = "job-too-large"
    JOB_TOO_LONG = "job-too-long"
    NO_SUCH_GPU = "no-such-gpu"
    PARK_RULES = "park-rules"
    CHECKPOINT_ON_ITS_WAY = "checkpoint-on-its-way"
    ROOM_IS_MADE = "room-is-made"
    GPUS_KEPT = "gpus-kept"
    QUOTA = "quota"
    NODES_AWAY = "nodes-away"
    GPUS_BUSY = "gpus-busy"
    GPUS_SCATTERED = "gpus-scattered"
    CPUS_OR_MEMORY = "cpus-or-memory"
    WINDOW_AHEAD = "window-ahead"
    NOT_YET_PLANNED = "not-yet-planned"


SENTENCES: dict[Reason, str] = {
    Reason.NO_QUOTA: "{firm} has no quota in force; an administrator must give it one",
    Reason.CLASS_NOT_IN_QUOTA: "{firm} has no quota for {gpu_class}",
    Reason.JOB_TOO_LARGE: "the job asks {asks} GPUs, {quota} allows {allows} a job",
    Reason.JOB_TOO_LONG: "the job's time limit is {asks_hours} h, {quota} allows {allows_hours} h",
    Reason.NO_SUCH_GPU: "no park has room for {replicas} x {asks_per_node} {gpu_class}, even when idle (at most {has} GPUs in one)",
    Reason.PARK_RULES: "the parks that the job allows have no {gpu_class}",
    Reason.CHECKPOINT_ON_ITS_WAY: "its last checkpoint is on its way from {node} (waits at most {waits_seconds} s)",
    Reason.ROOM_IS_MADE: "other jobs are making room: {gpus} {gpu_class} in {park}",
    Reason.GPUS_KEPT: "{gpus} {gpu_class} in {park} are kept for it and free within {within_seconds} s",
    Reason.QUOTA: "{quota} uses {uses} of {limit} {gpu_class}, the job asks {asks}, {available} available",
    Reason.NODES_AWAY: "{away} of {nodes} nodes with {gpu_class} are silent or drained",
    Reason.GPUS_BUSY: "{free} of {has} {gpu_class} are free, the job asks {asks}",
    Reason.GPUS_SCATTERED: "{free} {gpu_class} are free, but not {asks_per_node} on each of {replicas} nodes of a park",
    Reason.CPUS_OR_MEMORY: "no node with enough free {gpu_class} has {cpus} CPUs and {memory_bytes} bytes of memory free",
    Reason.WINDOW_AHEAD: "{free} {gpu_class} are free, but on {nodes} nodes they are set aside before a job of {asks} with this time limit ends",
    Reason.NOT_YET_PLANNED: "it was just submitted; the next plan will look at it",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """A verdict of "not now" with the numbers that the sentence of its reason names."""

    reason: Reason
    numbers: tuple[tuple[str, int | str], ...] = ()

    @property
    def sentence(self) -> str:
        """The reason for people, its numbers filled in."""
        return SENTENCES[self.reason].format(**dict(self.numbers))


def wait(reason: Reason, **numbers: int | str) -> Wait:
    """A wait whose numbers are given by name."""
    return Wait(reason, tuple(sorted(numbers.items())))

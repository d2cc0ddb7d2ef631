"""Why a job does not start now: a closed list of reasons, each with its sentence and its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bostan_scheduler.core.in_words import cpus_and_memory, duration

Numbers = tuple[tuple[str, int | str], ...]
"""Values by name, in the order of the names."""


class Reason(StrEnum):
    """The closed list, the most telling first: of several, the first is the main one."""

    NO_QUOTA = "no-quota"
    CLASS_NOT_IN_QUOTA = "class-not-in-quota"
    JOB_TOO_LARGE = "job-too-large"
    JOB_TOO_LONG = "job-too-long"
    NO_SUCH_GPU = "no-such-gpu"
    NO_SUCH_NODE = "no-such-node"
    PARK_RULES = "park-rules"
    CHECKPOINT_ON_ITS_WAY = "checkpoint-on-its-way"
    ROOM_IS_MADE = "room-is-made"
    GPUS_KEPT = "gpus-kept"
    QUOTA = "quota"
    NOTHING_TO_BORROW = "nothing-to-borrow"
    QUOTA_KEPT = "quota-kept"
    AVOIDS_NODES = "avoids-nodes"
    NODES_AWAY = "nodes-away"
    GPUS_BUSY = "gpus-busy"
    GPUS_SCATTERED = "gpus-scattered"
    CPUS_OR_MEMORY = "cpus-or-memory"
    WINDOW_AHEAD = "window-ahead"
    NOTICE_TOO_SHORT = "notice-too-short"
    IN_LINE = "in-line"
    NOT_YET_PLANNED = "not-yet-planned"
    NOT_IN_THIS_PARK = "not-in-this-park"


SENTENCES: dict[Reason, str] = {
    Reason.NO_QUOTA: "{firm} has no quota in force; an administrator must give it one",
    Reason.CLASS_NOT_IN_QUOTA: "{firm} has no quota for {gpu_class}",
    Reason.JOB_TOO_LARGE: "the job asks {asks} GPUs, {quota} allows {allows} a job",
    Reason.JOB_TOO_LONG: "the job's time limit is {asks_hours} h, {quota} allows {allows_hours} h",
    Reason.NO_SUCH_GPU: "no park has room for {replicas} x {asks_per_node} {gpu_class}, even when idle (at most {has} GPUs in one)",
    Reason.NO_SUCH_NODE: "no park has {replicas} x {asks_per_node} {gpu_class} with {needs} each, even when idle",
    Reason.PARK_RULES: "the parks that the job allows have no {gpu_class}",
    Reason.CHECKPOINT_ON_ITS_WAY: "its last checkpoint is on its way from {node} (waits at most {waits})",
    Reason.ROOM_IS_MADE: "other jobs are making room: {gpus} {gpu_class} in {park}",
    Reason.GPUS_KEPT: "{gpus} {gpu_class} in {park} are kept for it and free within {within}",
    Reason.QUOTA: "{quota} uses {uses} of {limit} {gpu_class}, the job asks {asks}, {available} available",
    Reason.NOTHING_TO_BORROW: "{quota} uses {uses} of {limit} {gpu_class}, but only {available} more are left for it under {above}; the job asks {asks}",
    Reason.QUOTA_KEPT: "within {within} quota of {gpu_class} is meant for a job that has waited longer; this one, which asks {asks} of {quota}, would not be over by then",
    Reason.AVOIDS_NODES: "only nodes that it is to avoid have room ({nodes}); for others it waits at most {waits}",
    Reason.NODES_AWAY: "{away} of {nodes} nodes with {gpu_class} are silent or drained",
    Reason.GPUS_BUSY: "{free} of {has} {gpu_class} are free, the job asks {asks}",
    Reason.GPUS_SCATTERED: "{free} {gpu_class} are free, but not {asks_per_node} on each of {replicas} nodes of a park",
    Reason.CPUS_OR_MEMORY: "no node with enough free {gpu_class} has {needs} free",
    Reason.WINDOW_AHEAD: "{free} {gpu_class} are free, but on {nodes} nodes they are set aside before a job of {asks} with this time limit ends",
    Reason.NOTICE_TOO_SHORT: "{free} {gpu_class} are free, but a park lends them only to what is gone within {notice} of being asked; the job takes up to {stops} to save itself and stop",
    Reason.IN_LINE: "a job that came before it waits for {gpu_class}, and the order passes nobody",
    Reason.NOT_YET_PLANNED: "it was just submitted; the next plan will look at it",
    Reason.NOT_IN_THIS_PARK: "it does not wait for anything in {park}",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """A verdict of "not now" with the numbers that the sentence of its reason names."""

    reason: Reason
    numbers: Numbers = ()

    @property
    def sentence(self) -> str:
        """The reason for people, its numbers filled in."""
        return filled_in(SENTENCES[self.reason], dict(self.numbers))


def wait(reason: Reason, **numbers: int | str | None) -> Wait:
    """A wait whose numbers are given by name; those that are None are not said."""
    return Wait(reason, named(numbers))


def named(numbers: Mapping[str, int | str | None]) -> Numbers:
    """The numbers that there are, in the order of their names."""
    return tuple(sorted((name, value) for name, value in numbers.items() if value is not None))


def filled_in(sentence: str, numbers: Mapping[str, int | str]) -> str:
    """The sentence with its numbers; `{within}` is `within_seconds` as people say it, `{needs}` CPUs and memory."""
    spoken = {
        name.removesuffix("_seconds"): duration(value)
        for name, value in numbers.items()
        if name.endswith("_seconds") and isinstance(value, int)
    }
    needs = cpus_and_memory(_count(numbers, "cpus"), _count(numbers, "memory_bytes"))
    return sentence.format(**{**spoken, "needs": needs, **numbers})


def _count(numbers: Mapping[str, int | str], name: str) -> int | None:
    value = numbers.get(name)
    return value if isinstance(value, int) else None

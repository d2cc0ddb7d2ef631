"""Which text of a snapshot names what. Every field that can hold a text is here; a test finds one that is not."""

from collections.abc import Mapping
from enum import Enum

from bostan_scheduler.decisions.pseudonyms import Kind


class Rule(Enum):
    """What becomes of a text that is not simply a name."""

    KEEP = "keep"  # of the product: GPU classes, versions, words of a closed list
    DROP = "drop"  # free text, or an address: nothing is left of it
    ATTEMPT = "attempt"  # a job's id and a number
    NODE = "node"  # a park's id and a node's name


Named = Kind | Rule
Parts = tuple[Named, ...]
"""Of each entry of a list, or of each part of a key."""

NAMES: Mapping[str, Mapping[str, Named | Parts]] = {
    "Active": {"attempt_id": Rule.ATTEMPT},
    "AdvanceReservation": {
        "id": Kind.OBSTACLE,
        "park": Kind.PARK,
        "firm": Kind.FIRM,
        "gpu_class": Rule.KEEP,
        "announced_by": Kind.PERSON,
    },
    "Attempt": {
        "id": Rule.ATTEMPT,
        "job_id": Kind.JOB,
        "firm": Kind.FIRM,
        "project": Kind.PROJECT,
        "quota_id": Kind.QUOTA,
        "park": Kind.PARK,
        "gpu_class": Rule.KEEP,
    },
    "Blob": {"sha256": Kind.BLOB},
    "Cancelled": {"by": Kind.PERSON, "reason": Rule.DROP},
    "Drain": {"by": Kind.PERSON, "reason": Rule.DROP},
    "Firm": {"id": Kind.FIRM, "name": Rule.DROP, "projects": Kind.PROJECT},
    "Gpu": {
        "uuid": Kind.GPU,
        "name": Rule.KEEP,
        "default_class": Rule.KEEP,
        "findings": Rule.DROP,
        "profile": Rule.KEEP,
        "cut_from": Kind.GPU,
    },
    "HoldRound": {"urgent": Kind.JOB},
    "Intend": {"attempt_id": Rule.ATTEMPT},
    "Job": {
        "id": Kind.JOB,
        "submitted_by": Kind.PERSON,
        "avoid_nodes": Rule.NODE,
        "made_room_for": Kind.JOB,
    },
    "JobSpec": {
        "name": Kind.JOB_NAME,
        "firm": Kind.FIRM,
        "project": Kind.PROJECT,
        "command": Rule.DROP,
        "env": Rule.DROP,
        "gpu_classes": Rule.KEEP,
        "speeds": Rule.KEEP,
    },
    "JournalPosition": {"node_id": Rule.NODE, "journal_id": Kind.JOURNAL},
    "LocalReserve": {"id": Kind.OBSTACLE, "park": Kind.PARK, "gpu_class": Rule.KEEP},
    "Maintenance": {
        "id": Kind.OBSTACLE,
        "park": Kind.PARK,
        "node_ids": Rule.NODE,
        "gpu_classes": Rule.KEEP,
        "reason": Rule.DROP,
        "announced_by": Kind.PERSON,
    },
    "Node": {
        "id": Rule.NODE,
        "park": Kind.PARK,
        "name": Kind.NODE,
        "boot_id": Kind.BOOT,
        "address": Rule.DROP,
        "agent_version": Rule.KEEP,
        "driver_version": Rule.KEEP,
        "isolation": Rule.KEEP,
        "problems": Rule.DROP,
        "labels": (Rule.KEEP, Kind.LABEL),
        "boots_before": Kind.BOOT,
    },
    "NodeLost": {"node_id": Rule.NODE, "how": Rule.DROP},
    "OutputsKept": {"left_out": Rule.DROP},
    "OutputsLost": {"why": Rule.DROP},
    "Park": {"id": Kind.PARK, "name": Rule.DROP},
    "ParkRules": {"allow": Kind.PARK, "deny": Kind.PARK, "prefer": Kind.PARK},
    "PendingCheckpoint": {"attempt_id": Rule.ATTEMPT},
    "Pins": {"obstacle_id": Kind.OBSTACLE, "gpus": (Rule.NODE, Rule.KEEP)},
    "Place": {"node_id": Rule.NODE, "gpus": Kind.GPU},
    "Preempted": {"for_job": Kind.JOB, "reason": Rule.DROP},
    "QuotaNode": {"id": Kind.QUOTA, "parent": Kind.QUOTA, "firm": Kind.FIRM, "project": Kind.PROJECT},
    "RankAccepted": {"address": Rule.DROP},
    "RankExited": {"cause": Rule.KEEP, "detail": Rule.DROP},
    "RankReleased": {"reason": Rule.DROP},
    "RankStarted": {"address": Rule.DROP},
    "Requeued": {"by": Kind.PERSON, "reason": Rule.DROP, "avoid_nodes": Rule.NODE},
    "Snapshot": {"urgent": Kind.JOB},
    "StandingReserve": {"id": Kind.OBSTACLE, "park": Kind.PARK, "gpu_class": Rule.KEEP},
    "StartFailed": {"node_id": Rule.NODE, "reason": Rule.DROP},
    "Reserved": {
        "job_id": Kind.JOB,
        "park": Kind.PARK,
        "gpu_class": Rule.KEEP,
        "gpus": (Rule.NODE, Rule.KEEP),
    },
    "Stop": {"for_job": Kind.JOB},
    "Unreserve": {"job_id": Kind.JOB},
    "Weekly": {"days": Rule.KEEP, "zone": Rule.KEEP},
}
"""By class and field."""

KEYS: Mapping[str, Mapping[str, tuple[Parts, ...]]] = {
    "Decayed": {"worth": ((Kind.FIRM,), (Kind.PROJECT, Rule.KEEP))},
    "HoldRound": {"held_lately": ((Kind.QUOTA,), (Rule.KEEP,))},
    "History": {"runs": ((Kind.FIRM, Kind.JOB_NAME, Rule.KEEP),)},
    "QuotaNode": {"gpus": ((Rule.KEEP,),)},
    "QuotaTree": {"nodes": ((Kind.QUOTA,),)},
    "Snapshot": {
        "attempts": ((Rule.ATTEMPT,),),
        "class_of_device": ((Rule.KEEP,),),
        "classes": ((Rule.KEEP,),),
        "firms": ((Kind.FIRM,),),
        "heard": ((Rule.NODE,),),
        "held_lately": ((Kind.QUOTA,), (Rule.KEEP,)),
        "jobs": ((Kind.JOB,),),
        "journals": ((Rule.NODE,),),
        "nodes": ((Rule.NODE,),),
        "obstacles": ((Kind.OBSTACLE,),),
        "parks": ((Kind.PARK,),),
        "pins": ((Kind.OBSTACLE,),),
        "reserved": ((Kind.JOB,),),
        "reserves": ((Kind.OBSTACLE,),),
    },
}
"""What the keys of mappings name: by class and field, at each level of mappings, for each part of a key."""

TEXTS_IN_MAPPINGS = {("Snapshot", "class_of_device")}
"""Mappings whose values are texts; these are kept."""

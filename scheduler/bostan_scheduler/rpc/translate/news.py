"""News of one rank, from a record of its node's journal."""

from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import Accepted as AcceptedMessage
from bostan_protos.v1.rank_pb2 import Blob as BlobMessage
from bostan_protos.v1.rank_pb2 import CheckpointStored as CheckpointStoredMessage
from bostan_protos.v1.rank_pb2 import Exited as ExitedMessage
from bostan_protos.v1.rank_pb2 import Refused as RefusedMessage
from bostan_protos.v1.rank_pb2 import Stamp, UsageSegment

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import (
    Accepted,
    CheckpointDeclared,
    CheckpointLost,
    CheckpointStored,
    Exited,
    OutputLost,
    OutputStored,
    RankNews,
    Refused,
    Released,
    Started,
    Used,
)
from bostan_scheduler.rpc.errors import NotUnderstood
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import (
    ADDRESS,
    DEVICE_UUID,
    INT64_MAX,
    PORT_MAX,
    SHA256,
    WORD,
    few,
    name,
    number,
    text,
)
from bostan_scheduler.rpc.translate.clock import NS_PER_MS, milliseconds_between, placed

EXIT_CAUSES = frozenset({"exited", "stopped", "lease-ended", "start-failed", "shim-lost", "node-rebooted"})


def rank_news(kind: str, record: JournalRecord, now: Instant, limits: LinkLimits) -> RankNews:  # noqa: C901 - one line a case
    """What a record says of its rank; `kind` is the case of its body."""
    chars_max = limits.text_chars_max
    match kind:
        case "accepted":
            return _accepted(record.accepted)
        case "refused":
            return _refused(record.refused, limits)
        case "started":
            return Started(placed(record.at, now))
        case "exited":
            return _exited(record.exited, now, limits)
        case "released":
            return Released()
        case "checkpoint_declared":
            declared = record.checkpoint_declared
            at = placed(record.at, now)
            return CheckpointDeclared(_ordinal(declared.number), _step(declared.step), at)
        case "checkpoint_stored":
            return _checkpoint_stored(record.checkpoint_stored)
        case "checkpoint_lost":
            lost = record.checkpoint_lost
            return CheckpointLost(_ordinal(lost.number), text(lost.detail, chars_max))
        case "output_stored":
            stored = record.output_stored
            return OutputStored(
                _blob(stored.blob, "output_stored.blob"), text(stored.left_out, limits.text_chars_max)
            )
        case "output_lost":
            return OutputLost(text(record.output_lost.detail, chars_max))
        case "usage":
            return _used(record.usage, now, limits)
        case _:
            raise AssertionError(f"{kind} is no news of a rank")


def _accepted(message: AcceptedMessage) -> Accepted:
    address = name(message.address, ADDRESS, "accepted.address", "an address")
    return Accepted(address, number(message.port, 1, PORT_MAX, "accepted.port"))


def _refused(message: RefusedMessage, limits: LinkLimits) -> Refused:
    # An open list: what a newer agent refuses for, it says in words too.
    reason = name(message.reason, WORD, "refused.reason", "a reason")
    return Refused(reason, text(message.detail, limits.text_chars_max))


def _exited(message: ExitedMessage, now: Instant, limits: LinkLimits) -> Exited:
    if message.cause not in EXIT_CAUSES:
        raise NotUnderstood(
            "exited.cause", f"{message.cause[:80]!r} is none of {', '.join(sorted(EXIT_CAUSES))}"
        )
    if not message.HasField("ended"):
        raise NotUnderstood("exited.ended", "it is missing")
    return Exited(
        exit_code=number(message.exit_code, 0, 255, "exited.exit_code"),
        signal=number(message.signal, 0, 64, "exited.signal"),
        cause=message.cause,
        detail=text(message.detail, limits.text_chars_max),
        started_at=_placed_if_given(message, "started", now),
        first_output_at=_placed_if_given(message, "first_output", now),
        ended_at=placed(message.ended, now),
        log_bytes=number(message.log_bytes, 0, INT64_MAX, "exited.log_bytes"),
        output_pending=message.output_pending,
    )


def _placed_if_given(message: ExitedMessage, field: str, now: Instant) -> Instant | None:
    stamp: Stamp = getattr(message, field)
    return placed(stamp, now) if message.HasField(field) else None  # type: ignore[arg-type]


def _checkpoint_stored(message: CheckpointStoredMessage) -> CheckpointStored:
    blob = _blob(message.blob, "checkpoint_stored.blob")
    return CheckpointStored(_ordinal(message.number), _step(message.step), blob)


def _ordinal(value: int) -> int:
    return number(value, 0, INT64_MAX, "the checkpoint's number")


def _step(value: int) -> int:
    return number(value, -1, INT64_MAX, "the checkpoint's step")


def _blob(message: BlobMessage, field: str) -> Blob:
    sha256 = name(message.sha256, SHA256, f"{field}.sha256", "a SHA-256 in lower-case hex")
    return Blob(sha256, number(message.size_bytes, 0, INT64_MAX, f"{field}.size_bytes"))


def _used(message: UsageSegment, now: Instant, limits: LinkLimits) -> Used:
    """Its length is the boot clock's; the wall clock only says where it ends on the calendar."""
    few(message.gpu_uuids, limits.gpus_max, "usage.gpu_uuids")
    gpus = tuple(name(one, DEVICE_UUID, "usage.gpu_uuids", "a GPU's UUID") for one in message.gpu_uuids)
    start: Stamp = getattr(message, "from")  # a word of Python's
    milliseconds = milliseconds_between(start, message.until, "usage")
    until_boot_ms = message.until.boottime_ns // NS_PER_MS
    until_at = placed(message.until, now)
    energy = message.energy_millijoules if message.HasField("energy_millijoules") else None
    if energy is not None:
        number(energy, 0, INT64_MAX, "usage.energy_millijoules")
    return Used(gpus, max(until_at - milliseconds, 0), until_at, milliseconds, energy, until_boot_ms)

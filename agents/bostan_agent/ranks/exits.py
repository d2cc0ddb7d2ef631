"""A rank's end as the centre hears of it, whoever saw it."""

from bostan_protos.v1.rank_pb2 import Exited

from bostan_agent.ranks.reports import stamp_message
from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.records import Cause, ExitRecord

_CAUSES = {
    Cause.EXITED: "exited",
    Cause.STOPPED: "stopped",
    Cause.LEASE_ENDED: "lease-ended",
    Cause.START_FAILED: "start-failed",
    Cause.SHIM_LOST: "shim-lost",
    Cause.NODE_REBOOTED: "node-rebooted",
}


def exited(exit_record: ExitRecord, *, checkpoint_pending: bool, output_pending: bool) -> Exited:
    """What a shim, or whoever settled the rank after it, put on record."""
    message = Exited(
        exit_code=exit_record.code or 0,
        signal=exit_record.signal or 0,
        cause=_CAUSES[exit_record.cause],
        ended=stamp_message(exit_record.ended),
        detail=_detail(exit_record),
        checkpoint_pending=checkpoint_pending,
        output_pending=output_pending,
        log_bytes=exit_record.log_end_offset,
    )
    if exit_record.started is not None:
        message.started.CopyFrom(stamp_message(exit_record.started))
    if exit_record.first_output is not None:
        message.first_output.CopyFrom(stamp_message(_not_after(exit_record.first_output, exit_record.ended)))
    return message


def _not_after(first_output: Stamp, ended: Stamp) -> Stamp:
    """Output that was read after its writer's end was written before it."""
    return min(first_output, ended, key=lambda stamp: stamp.boottime_ns)


def never_seen(cause: str, detail: str) -> Exited:
    """The end of a rank of which nothing is left here."""
    return Exited(cause=cause, detail=detail, ended=stamp_message(Stamp.now()))


def _detail(exit_record: ExitRecord) -> str:
    said = [
        exit_record.message or "",
        "it used more memory than its limit" if exit_record.out_of_memory else "",
        f"{exit_record.log_lost_bytes} bytes of its log could not be written"
        if exit_record.log_lost_bytes
        else "",
    ]
    return "; ".join(word for word in said if word)

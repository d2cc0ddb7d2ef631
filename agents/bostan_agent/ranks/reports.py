"""What is said of ranks to the centre: journal records, built in one place."""

from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import Stamp as StampMessage
from bostan_protos.v1.rank_pb2 import UsageSegment
from google.protobuf.message import Message

from bostan_agent.journal import Fence
from bostan_agent.ranks.values import rank_id
from bostan_agent.shim.clock import NS, Stamp
from bostan_agent.shim.spec import RankKey

_FIELDS = {
    field.message_type.full_name: field.name
    for field in JournalRecord.DESCRIPTOR.oneofs_by_name["body"].fields
    if field.message_type is not None
}


def stamp_message(stamp: Stamp) -> StampMessage:
    """An instant as messages carry it."""
    return StampMessage(boottime_ns=stamp.boottime_ns, unix_ns=round(stamp.wall_seconds * NS))


def record(key: RankKey | None, fence: Fence | None, body: Message, at: Stamp | None = None) -> JournalRecord:
    """A record that `body` happened to a rank (None: to the node), now or at `at`."""
    made = JournalRecord(at=stamp_message(at or Stamp.now()))
    if key is not None:
        made.rank.CopyFrom(rank_id(key))
    if fence is not None:
        made.fencing.CopyFrom(fence.message())
    getattr(made, _FIELDS[body.DESCRIPTOR.full_name]).CopyFrom(body)
    # A body without a set field would leave the oneof empty: Released says nothing but its name.
    getattr(made, _FIELDS[body.DESCRIPTOR.full_name]).SetInParent()
    return made


def usage(gpu_uuids: tuple[str, ...], since: Stamp, until: Stamp, millijoules: int | None) -> UsageSegment:
    """GPUs held between two instants; energy where the devices count it."""
    segment = UsageSegment(gpu_uuids=gpu_uuids, until=stamp_message(until), energy_millijoules=millijoules)
    # `from` is a word of Python's.
    getattr(segment, "from").CopyFrom(stamp_message(since))
    return segment

"""Which rank is meant, and which ranks a node has."""

from collections.abc import Mapping

from bostan_protos.v1.agent_link_pb2 import ActualSet
from bostan_protos.v1.rank_pb2 import (
    RANK_STATE_ACCEPTED,
    RANK_STATE_EXITED,
    RANK_STATE_RUNNING,
    RANK_STATE_STAGING,
    RANK_STATE_STOPPING,
    ActualRank,
    RankId,
)
from bostan_protos.v1.rank_pb2 import Fencing as FencingMessage

from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.reports import NodeHolds, RankHeld
from bostan_scheduler.rpc.errors import NotUnderstood
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import ATTEMPT_ID, INT64_MAX, RANKS_MAX, few, name, number

_STATES: Mapping[int, str] = {
    RANK_STATE_STAGING: "staging",
    RANK_STATE_ACCEPTED: "accepted",
    RANK_STATE_RUNNING: "running",
    RANK_STATE_STOPPING: "stopping",
    RANK_STATE_EXITED: "exited",
}


def rank_id(message: RankId, field: str) -> tuple[str, int]:
    """An attempt's id and the rank in it."""
    attempt_id = name(message.attempt_id, ATTEMPT_ID, f"{field}.attempt_id", "an attempt's id")
    return attempt_id, number(message.rank, 0, RANKS_MAX, f"{field}.rank")


def fencing(message: FencingMessage, field: str) -> Fencing:
    """A fencing number."""
    epoch = number(message.epoch, 0, INT64_MAX, f"{field}.epoch")
    return Fencing(epoch, number(message.counter, 0, INT64_MAX, f"{field}.counter"))


def node_holds(node_id: str, actual: ActualSet, limits: LinkLimits) -> NodeHolds:
    """Every rank that a node says it has, each once."""
    few(actual.ranks, limits.ranks_max, "actual.ranks")
    ranks = tuple(_held(one) for one in actual.ranks)
    if len({(one.attempt_id, one.rank) for one in ranks}) != len(ranks):
        raise NotUnderstood("actual.ranks", "a rank is named twice")
    return NodeHolds(node_id, ranks)


def _held(message: ActualRank) -> RankHeld:
    attempt_id, rank = rank_id(message.id, "actual.ranks.id")
    state = _STATES.get(message.state)
    if state is None:
        raise NotUnderstood("actual.ranks.state", f"the centre does not know state {int(message.state)}")
    return RankHeld(attempt_id, rank, fencing(message.fencing, "actual.ranks.fencing"), state)

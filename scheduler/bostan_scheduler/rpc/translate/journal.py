"""Records of a node's journal: news of ranks and findings about GPUs, in the order in which they happened."""

from collections.abc import Callable
from itertools import pairwise

from bostan_protos.v1.agent_link_pb2 import JournalRecord, JournalRecords

from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.reports import HealthReported, RankReported
from bostan_scheduler.rpc.errors import NotUnderstood
from bostan_scheduler.rpc.limits import LinkLimits
from bostan_scheduler.rpc.translate.checks import INT64_MAX, few, number
from bostan_scheduler.rpc.translate.health import health_of
from bostan_scheduler.rpc.translate.news import rank_news
from bostan_scheduler.rpc.translate.ranks import fencing, rank_id

Entry = tuple[int, RankReported | HealthReported | None]
"""A record's place in the journal, and what it says; None: it is of a kind that this release does not know."""

Unknown = Callable[[str], None]
"""Told of what is left aside, in words."""


def entries(
    node_id: str, message: JournalRecords, now: Instant, limits: LinkLimits, unknown: Unknown
) -> tuple[Entry, ...]:
    """The records of a message.

    Raises:
        NotUnderstood: a record says what cannot be. The journal stops there, loudly: leaving a record out could lose
            the end of a job.
    """
    few(message.records, limits.journal_records_max, "journal.records")
    if not message.records:
        raise NotUnderstood("journal.records", "there is none")
    seqs = [number(one.seq, 1, INT64_MAX, "journal.records.seq") for one in message.records]
    if any(after <= before for before, after in pairwise(seqs)):
        raise NotUnderstood("journal.records.seq", "it does not ascend")
    return tuple((one.seq, _report(node_id, one, now, limits, unknown)) for one in message.records)


def _report(
    node_id: str, record: JournalRecord, now: Instant, limits: LinkLimits, unknown: Unknown
) -> RankReported | HealthReported | None:
    kind = record.WhichOneof("body")
    if kind is None:
        unknown("a journal record of a kind that this release does not know")
        return None
    try:
        if kind == "health":
            return health_of(node_id, record.health, limits)
        return _of_rank(node_id, kind, record, now, limits)
    except NotUnderstood as error:
        raise NotUnderstood(f"journal record {record.seq}", str(error)) from error


def _of_rank(
    node_id: str, kind: str, record: JournalRecord, now: Instant, limits: LinkLimits
) -> RankReported:
    attempt_id, rank = rank_id(record.rank, "rank")
    number_of_attempt = fencing(record.fencing, "fencing")
    return RankReported(node_id, attempt_id, rank, number_of_attempt, rank_news(kind, record, now, limits))

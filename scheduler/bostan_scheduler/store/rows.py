"""Values as rows of the tables, and back."""

from dataclasses import dataclass
from typing import Any, assert_never

from bostan_scheduler.core.attempt import Attempt
from bostan_scheduler.core.changes import KeepOutput, Use
from bostan_scheduler.core.decayed import Account, Decayed
from bostan_scheduler.core.instant import Instant
from bostan_scheduler.core.job import Active, Blob, Finished, Job, JobPhase, Output, Queued
from bostan_scheduler.core.node import JournalPosition, Node
from bostan_scheduler.core.snapshot import Firm, Park
from bostan_scheduler.service.ports import NewEvent, Receipt, StoredEvent, TokenRow
from bostan_scheduler.store.codec import decode, encode

Row = dict[str, Any]

UNFINISHED = ("queued", "active")
PHASES = (*UNFINISHED, "finished")


@dataclass(frozen=True, slots=True)
class Worth:
    """What usage is worth at a landmark: by firm, project and class."""

    half_life_seconds: int
    landmark: Instant
    accounts: tuple[tuple[str, str | None, str, float], ...]


def phase_name(phase: JobPhase) -> str:
    """The word that a job's phase is listed under."""
    match phase:
        case Queued():
            return "queued"
        case Active():
            return "active"
        case Finished():
            return "finished"
        case _:
            assert_never(phase)


def job_row(job: Job) -> Row:
    """A job with what it is listed by."""
    spec = job.spec
    return {
        "id": job.id,
        "firm": spec.firm,
        "project": spec.project,
        "name": spec.name,
        "phase": phase_name(job.phase),
        "submitted_at": job.submitted_at,
        "version": job.version,
        "body": encode(job),
    }


def attempt_row(attempt: Attempt) -> Row:
    """An attempt with what it is found by."""
    return {
        "id": attempt.id,
        "job_id": attempt.job_id,
        "number": attempt.number,
        "holds": attempt.holds,
        "fencing_epoch": attempt.fencing.epoch,
        "fencing_counter": attempt.fencing.counter,
        "version": attempt.version,
        "body": encode(attempt),
    }


def node_row(node: Node) -> Row:
    """A node with its park."""
    return {"id": node.id, "park": node.park, "version": node.version, "body": encode(node)}


def journal_row(position: JournalPosition) -> Row:
    """How far a node's journal is acknowledged."""
    return {
        "node_id": position.node_id,
        "journal_id": position.journal_id,
        "acked_seq": position.acked_seq,
    }


def firm_row(firm: Firm) -> Row:
    """A firm and its projects."""
    return {"id": firm.id, "name": firm.name, "projects": encode(firm.projects)}


def firm_of(row: Any) -> Firm:
    """The firm of a row."""
    return Firm(row.id, row.name, decode(tuple[str, ...], row.projects))


def park_row(park: Park) -> Row:
    """A park."""
    return {"id": park.id, "name": park.name}


def use_row(use: Use) -> Row:
    """A segment of GPU time. One that a set-back clock made end before its beginning ends at it."""
    return {
        "attempt_id": use.attempt_id,
        "rank": use.rank,
        "firm": use.firm,
        "project": use.project,
        "gpu_class": use.gpu_class,
        "gpus": encode(use.gpus),
        "from_at": use.from_at,
        "until_at": max(use.from_at, use.until_at),
        "gpu_milliseconds": use.gpu_milliseconds,
        "energy_millijoules": use.energy_millijoules,
    }


def decayed_row(decayed: Decayed) -> Row:
    """What usage is worth, account by account."""
    worth = ((firm, *account, one) for firm, mine in decayed.worth.items() for account, one in mine.items())
    return {"id": 1, "body": encode(Worth(decayed.half_life_seconds, decayed.landmark, tuple(worth)))}


def decayed_of(row: Any) -> Decayed:
    """What usage is worth, of a row."""
    kept, worth = decode(Worth, row.body), dict[str, dict[Account, float]]()
    for firm, project, gpu_class, one in kept.accounts:
        worth.setdefault(firm, {})[project, gpu_class] = one
    return Decayed(kept.half_life_seconds, kept.landmark, worth)


def output_row(kept: KeepOutput) -> Row:
    """A rank's output."""
    output = kept.output
    return {
        "job_id": kept.job_id,
        "rank": output.rank,
        "firm": kept.firm,
        "attempt_number": output.attempt_number,
        "sha256": output.blob.sha256,
        "size_bytes": output.blob.size_bytes,
    }


def output_of(row: Any) -> Output:
    """The output of a row."""
    return Output(row.rank, row.attempt_number, Blob(row.sha256, row.size_bytes))


def receipt_row(receipt: Receipt) -> Row:
    """An answer under its key."""
    return {
        "asker": receipt.asker,
        "key": receipt.key,
        "fingerprint": receipt.fingerprint,
        "ids": encode(receipt.ids),
        "at": receipt.at,
    }


def event_row(event: NewEvent) -> Row:
    """An event; the store gives it its number."""
    return {name: getattr(event, name) for name in NewEvent.__slots__}


def event_of(row: Any) -> StoredEvent:
    """The event of a row."""
    return StoredEvent(row.seq, NewEvent(**{name: getattr(row, name) for name in NewEvent.__slots__}))


def token_row(token: TokenRow) -> Row:
    """A token."""
    return {name: getattr(token, name) for name in TokenRow.__slots__}


def token_of(row: Any) -> TokenRow:
    """The token of a row."""
    return TokenRow(**{name: getattr(row, name) for name in TokenRow.__slots__})

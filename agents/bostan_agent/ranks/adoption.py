"""Finds again, at the agent's start, what earlier agents left: by the journal's notes and by the ranks' folders.

The notes say what the centre was told, the folders what is true. Where there are no notes, because the journal
was wiped, the folders alone are enough to tell it all again.
"""

import asyncio
import shutil

import structlog
from bostan_protos.v1.rank_pb2 import Offer
from google.protobuf.message import DecodeError

from bostan_agent.journal import Fence, Write
from bostan_agent.ranks.controller import Controller
from bostan_agent.ranks.exits import never_seen
from bostan_agent.ranks.means import Means
from bostan_agent.ranks.notes import Notes, Outputs, Told, assignment_of, noted_ranks, offer_note
from bostan_agent.ranks.rank import Rank, tell, write_of
from bostan_agent.ranks.values import Accepted, Assignment, Ended, Running
from bostan_agent.ranks.wants import BadWant
from bostan_agent.runtime import folders
from bostan_agent.runtime.port import EndedRank, FoundRank, LivingRank
from bostan_agent.shim.clock import Stamp
from bostan_agent.shim.spec import RankKey

_log = structlog.get_logger()


async def adopt(means: Means, controller: Controller) -> None:
    """Take up every rank of earlier agents. To be called once, before the first session."""
    found = {rank.handle.key: rank for rank in await means.runtime.adopt()}
    noted = {
        assignment.key: Rank(assignment, Ended(Stamp.now()), notes)
        for assignment, notes in noted_ranks(means.journal.notes())
    }
    for key in sorted(found.keys() | noted.keys(), key=lambda key: key.folder_name):
        rank = noted.get(key) or _rebuilt(means, key, found.get(key))
        _take_up(means, controller, rank, found.get(key))
    await asyncio.to_thread(_clear_strangers, means, {key.folder_name for key in controller.ranks})


def _take_up(means: Means, controller: Controller, rank: Rank, found: FoundRank | None) -> None:
    key = rank.key
    # Whatever of it is not acknowledged yet, it is in the journal as it now is.
    rank.last_seq = max(rank.last_seq, means.journal.last_seq)
    controller.ranks[key] = rank
    match found:
        case LivingRank(handle, spec):
            _log.info("rank adopted", rank=key.folder_name)
            rank.handle, rank.phase = handle, Running(spec.lease_deadline_boottime_ns)
            controller.life.after.follow_log(rank, fresh=False)
        case EndedRank(handle):
            _log.info("ended rank found", rank=key.folder_name, cause=found.exit.cause)
            rank.handle = handle
            controller.life.after.follow_log(rank, fresh=False)
            _take_up_ended(controller, rank, found)
        case None:
            _take_up_missing(means, controller, rank)
    _tell_of_checkpoints(controller, rank)


def _take_up_ended(controller: Controller, rank: Rank, found: EndedRank) -> None:
    notes = rank.known_notes
    if notes.told is Told.ENDED:
        rank.phase = Ended(notes.ended_at or found.exit.ended, notes.released)
        controller.life.after.go_on(rank, found.exit.log_end_offset)
    else:
        rank.phase = Running(0)
        _tell_of_checkpoints(controller, rank)
        controller.life.exited(rank, found.exit)


def _take_up_missing(means: Means, controller: Controller, rank: Rank) -> None:
    """The journal knows a rank that has no folder: it did not start yet, or somebody deleted the folder."""
    notes = rank.known_notes
    rebooted = notes.boot_id != means.boot_id
    if notes.told is Told.ACCEPTED and rebooted:
        controller.life.give_up(rank, "node-rebooted")
    elif notes.told is Told.ACCEPTED:
        rank.phase, rank.port = Accepted(notes.port), notes.port
        if not means.ports.hold(notes.port):
            _log.warning("an accepted rank's port is taken", rank=rank.key.folder_name, port=notes.port)
        controller.life.await_lapse(rank)
    elif notes.told is Told.STARTED:
        body = never_seen("node-rebooted" if rebooted else "shim-lost", "the rank's folder is gone")
        tell(means.journal, rank, rank.record(body), told=Told.ENDED, outputs=Outputs.SETTLED)
        _go_on_without_folder(controller, rank)
    else:
        _go_on_without_folder(controller, rank)


def _go_on_without_folder(controller: Controller, rank: Rank) -> None:
    notes = rank.known_notes
    rank.log_sent, rank.phase = True, Ended(notes.ended_at or Stamp.now(), notes.released)
    controller.life.after.go_on(rank, 0)


def _tell_of_checkpoints(controller: Controller, rank: Rank) -> None:
    """Declared while no agent was there, or forgotten with the journal; or known, and not sent yet."""
    if rank.handle is None:
        return
    for checkpoint in folders.checkpoints(rank.handle.folder)[-1:]:
        controller.life.declared(rank, checkpoint)
    if rank.known_notes.checkpoint_declared > rank.known_notes.checkpoint_settled:
        controller.life.after.send_checkpoints(rank)


def _rebuilt(means: Means, key: RankKey, found: FoundRank | None) -> Rank:
    """A rank of which only the folders know; written down anew."""
    assert found is not None, "a rank is found or noted"
    _log.warning("rank without notes found by its folder", rank=key.folder_name)
    assignment = _assignment_in(means, key) or _assignment_from(found)
    notes = Notes(means.boot_id, 0, 0)
    rank = Rank(assignment, Ended(Stamp.now()), notes)
    fences = dict.fromkeys(assignment.gpu_uuids, assignment.fence)
    written = {key.folder_name: notes.to_json(), **offer_note(assignment)}
    write_of(means.journal, rank, Write(fences=fences, notes=written))
    return rank


def _assignment_in(means: Means, key: RankKey) -> Assignment | None:
    try:
        found = assignment_of(means.places(key).offer.read_bytes(), 0)
    except (OSError, DecodeError, BadWant):
        return None
    return found if found.key == key else None


def _assignment_from(found: FoundRank) -> Assignment:
    """Without its offer a rank keeps its GPUs and ends by its lease; its fencing number is lost."""
    _log.error("rank's offer is gone too", rank=found.handle.key.folder_name)
    spec = found.spec
    offer = (
        Offer(world_size=1) if spec is None else Offer(world_size=1, gpu_uuids=spec.gpu_uuids, argv=spec.argv)
    )
    return Assignment(found.handle.key, Fence(0, 0), offer, 0)


def _clear_strangers(means: Means, known: set[str]) -> None:
    """Delete folders of ranks that were being staged when the agent ended. Blocking."""
    work = means.settings.state_dir / "work"
    for folder in work.iterdir() if work.exists() else ():
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)

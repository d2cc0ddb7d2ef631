"""The life of one rank: offered, accepted, started, stopped. What follows its exit is told in `afterlife`."""

import asyncio
from collections.abc import Callable

import structlog
from bostan_protos.v1.agent_link_pb2 import JournalRecord
from bostan_protos.v1.rank_pb2 import Accepted as AcceptedBody
from bostan_protos.v1.rank_pb2 import CheckpointDeclared as CheckpointDeclaredBody
from bostan_protos.v1.rank_pb2 import Exited as ExitedBody
from bostan_protos.v1.rank_pb2 import RankAddress, Refused, Released
from bostan_protos.v1.rank_pb2 import Started as StartedBody

from bostan_agent.journal import Write
from bostan_agent.ranks.afterlife import Afterlife
from bostan_agent.ranks.exits import exited, never_seen
from bostan_agent.ranks.launch import spec_of
from bostan_agent.ranks.means import Means
from bostan_agent.ranks.notes import Notes, Outputs, Told, offer_note
from bostan_agent.ranks.ports import NoPort
from bostan_agent.ranks.rank import Rank, tell, write_of
from bostan_agent.ranks.reports import usage
from bostan_agent.ranks.staging import StageFailed
from bostan_agent.ranks.values import Accepted, Ended, Running, Staging
from bostan_agent.runtime.errors import RuntimeFault, ShimRefused
from bostan_agent.shim.clock import NS, Stamp, boottime_ns
from bostan_agent.shim.errors import SpecError
from bostan_agent.shim.records import CheckpointRecord, ExitRecord, State
from bostan_agent.shim.spec import RankSpec

_STOP_AGAIN_SECONDS = 1.0
_log = structlog.get_logger()


class Life:
    """What is done with ranks. `gone` is told of each that needs no memory any more."""

    def __init__(self, means: Means, gone: Callable[[Rank], None]) -> None:
        self._means = means
        self._gone = gone
        self.after = Afterlife(means, gone)

    # Before the start ----------------------------------------------------------------------------

    def take(self, rank: Rank) -> None:
        """Begin to stage its files; an answer follows, at the latest when the offer lapses."""
        self._means.runtime.warm()
        rank.course = self._means.crew.spawn(self._take(rank))
        self.await_lapse(rank)

    def await_lapse(self, rank: Rank) -> None:
        """Let the offer end by itself when its time is over."""
        left_seconds = max(0, rank.assignment.start_by_ns - boottime_ns()) / NS
        rank.lapse = asyncio.get_running_loop().call_later(left_seconds, self._lapsed, rank)

    def refuse(self, rank: Rank, reason: str, detail: str) -> None:
        """Answer no, and forget the rank."""
        _log.info("offer refused", rank=rank.key.folder_name, reason=reason, detail=detail)
        self._let_go(rank)
        body = Refused(reason=reason, detail=detail)
        write_of(self._means.journal, rank, Write((rank.record(body),), ended=(rank.key.folder_name,)))

    def give_up(self, rank: Rank, cause: str) -> None:
        """Let go of what was held for a rank that never ran."""
        _log.info("offer given up", rank=rank.key.folder_name, cause=cause)
        self._let_go(rank)
        key = rank.key.folder_name
        write_of(
            self._means.journal, rank, Write((rank.record(Released()),), notes={key: None}, ended=(key,))
        )

    async def _take(self, rank: Rank) -> None:
        means, places = self._means, self._means.places(rank.key)
        try:
            places.make()
            places.offer.write_bytes(rank.assignment.entry().SerializeToString())
            await means.stager.stage(rank.assignment.offer, places)
            rank.port = means.ports.take()
            address = means.address()
        except StageFailed as exc:
            self.refuse(rank, exc.reason, exc.detail)
        except (NoPort, OSError) as exc:
            self.refuse(rank, "no-space", str(exc))
        else:
            await self._accept(rank, address, rank.port)

    async def _accept(self, rank: Rank, address: str, port: int) -> None:
        rank.notes = Notes(self._means.boot_id, rank.assignment.start_by_ns, port)
        write = Write(
            records=(rank.record(AcceptedBody(address=address, port=port)),),
            fences=dict.fromkeys(rank.assignment.gpu_uuids, rank.assignment.fence),
            notes={rank.key.folder_name: rank.notes.to_json(), **offer_note(rank.assignment)},
        )
        done = write_of(self._means.journal, rank, write)
        rank.phase = Accepted(port)
        await done

    def _lapsed(self, rank: Rank) -> None:
        if rank.assignment.start_by_ns > boottime_ns():
            self.await_lapse(rank)  # a timer's clock stands still while the node sleeps, or is a little early
        elif isinstance(rank.phase, Staging):
            self.refuse(rank, "stage-failed", "its files did not come before the offer lapsed")
        elif isinstance(rank.phase, Accepted):
            self.give_up(rank, "lapsed")

    def _let_go(self, rank: Rank) -> None:
        self._end_wait(rank)
        if rank.course is not None and rank.course is not asyncio.current_task():
            rank.course.cancel()
        rank.phase = Ended(Stamp.now(), released=True)
        self._means.crew.spawn(self.after.clear_places(rank))
        self._gone(rank)

    def _end_wait(self, rank: Rank) -> None:
        if rank.lapse is not None:
            rank.lapse.cancel()
        if rank.port is not None:
            self._means.ports.let_go(rank.port)
            rank.port = None

    # While it runs -------------------------------------------------------------------------------

    def launch(self, rank: Rank, addresses: tuple[RankAddress, ...], deadline_ns: int) -> None:
        """Start it under a lease that ends at `deadline_ns`."""
        self._end_wait(rank)
        rank.phase = Running(deadline_ns)
        try:
            spec = spec_of(self._means, rank.assignment, addresses, deadline_ns)
        except SpecError as exc:
            self._never_ran(rank, str(exc))
        else:
            rank.course = self._means.crew.spawn(self._start(rank, spec))

    def prolong(self, rank: Rank, deadline_ns: int) -> None:
        """Move its lease's deadline."""
        assert isinstance(rank.phase, Running)
        if deadline_ns != rank.phase.deadline_ns and not rank.phase.stopping:
            rank.phase = Running(deadline_ns)
            self._means.crew.spawn(self._renew(rank, deadline_ns))

    def stop(self, rank: Rank, cause: str, *, checkpoint: bool) -> None:
        """Ask it to end, or to end sooner."""
        assert isinstance(rank.phase, Running)
        _log.info("rank is stopped", rank=rank.key.folder_name, cause=cause, checkpoint=checkpoint)
        rank.phase = Running(rank.phase.deadline_ns, stopping=True)
        self._means.crew.spawn(self._stop(rank, checkpoint))

    async def _start(self, rank: Rank, spec: RankSpec) -> None:
        try:
            rank.handle = await self._means.runtime.start(spec)
        except (RuntimeFault, OSError) as exc:
            self._never_ran(rank, str(exc))
        else:
            self.after.follow_log(rank, fresh=True)

    async def _renew(self, rank: Rank, deadline_ns: int) -> None:
        await self._under_way(rank)
        if rank.handle is None or not isinstance(rank.phase, Running):
            return
        try:
            await self._means.runtime.renew(rank.handle, deadline_ns)
        except ShimRefused as exc:
            _log.info("lease not renewed", rank=rank.key.folder_name, why=str(exc))
        except RuntimeFault as exc:
            # The next renewal comes in minutes, and is then not taken for the same.
            _log.warning("lease not renewed", rank=rank.key.folder_name, why=str(exc))
            if isinstance(rank.phase, Running) and rank.phase.deadline_ns == deadline_ns:
                rank.phase = Running(0, rank.phase.stopping)

    async def _stop(self, rank: Rank, checkpoint: bool) -> None:
        """Ask until the shim has heard; what it does then is its own."""
        await self._under_way(rank)
        grace_seconds = float(rank.assignment.offer.grace_seconds)
        while rank.handle is not None and isinstance(rank.phase, Running):
            try:
                await self._means.runtime.stop(
                    rank.handle, checkpoint=checkpoint, grace_seconds=grace_seconds
                )
                return
            except RuntimeFault as exc:
                _log.warning("rank not stopped yet", rank=rank.key.folder_name, why=str(exc))
                await asyncio.sleep(_STOP_AGAIN_SECONDS)

    async def _under_way(self, rank: Rank) -> None:
        """Wait until a start that was begun has come to something."""
        if rank.course is not None:
            await asyncio.wait([rank.course])

    def _never_ran(self, rank: Rank, why: str) -> None:
        _log.error("rank not started", rank=rank.key.folder_name, why=why)
        rank.phase = Ended(Stamp.now(), released=True)
        body = never_seen("start-failed", why)
        self.after.nothing_to_send(rank, rank.record(body), rank.record(Released()))

    # What the runtime tells ----------------------------------------------------------------------

    def started(self, rank: Rank, state: State) -> None:
        """Its command runs."""
        if rank.known_notes.told is Told.ACCEPTED:
            body = StartedBody(pid=state.main_pid)
            record = rank.record(body, state.started)
            tell(self._means.journal, rank, record, told=Told.STARTED, used_until=state.started)

    def declared(self, rank: Rank, checkpoint: CheckpointRecord) -> None:
        """It declared a checkpoint."""
        record = _declaration(rank, checkpoint)
        if record is not None:
            tell(self._means.journal, rank, record, checkpoint_declared=checkpoint.seq)
            self.after.send_checkpoints(rank)

    def exited(self, rank: Rank, end: ExitRecord) -> None:
        """None of its processes is left."""
        if isinstance(rank.phase, Ended):
            return
        rank.phase = Ended(end.ended)
        self.after.begin(rank, end, self._last_words(rank, end))

    def _last_words(self, rank: Rank, end: ExitRecord) -> list[JournalRecord]:
        notes = rank.known_notes
        segment = self._segment(rank, notes.used_until or end.started, end)
        newest = max(end.checkpoint_seq, notes.checkpoint_declared)
        body: ExitedBody = exited(
            end,
            checkpoint_pending=newest > notes.checkpoint_settled,
            output_pending=self.after.outputs_of(rank) is Outputs.PENDING,
        )
        return [*segment, rank.record(body, end.ended)]

    def _segment(self, rank: Rank, since: Stamp | None, end: ExitRecord) -> list[JournalRecord]:
        """What it used since its last segment; nothing where the end was in another boot, as nobody saw when."""
        same_boot = end.boot_id == self._means.boot_id
        if since is None or not same_boot or since.boottime_ns >= end.ended.boottime_ns:
            return []
        return [rank.record(usage(rank.assignment.gpu_uuids, since, end.ended, None), end.ended)]


def _declaration(rank: Rank, checkpoint: CheckpointRecord) -> JournalRecord | None:
    if checkpoint.seq <= rank.known_notes.checkpoint_declared:
        return None
    step = -1 if checkpoint.step is None else checkpoint.step
    return rank.record(CheckpointDeclaredBody(number=checkpoint.seq, step=step), checkpoint.declared)

"""The model of a node agent: does what is wanted, writes down what happens, and takes up what an earlier one left."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bostan_scheduler.core.attempt import Fencing
from bostan_scheduler.core.desired import WantOffer, WantRelease, WantStart, WantStop
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import (
    Accepted,
    CheckpointDeclared,
    CheckpointLost,
    CheckpointStored,
    Exited,
    RankHeld,
    RankNews,
    RankReported,
    Refused,
    Released,
    Started,
    Used,
)

from simulation.journal import Note
from simulation.shim import ExitRecord, Shim
from simulation.truth import Key, Run
from simulation.world import SECOND

if TYPE_CHECKING:
    from simulation.node import ModelNode

Want = WantOffer | WantStart | WantStop | WantRelease


@dataclass(eq=False)
class Rank:
    """A rank as the living agent knows it. `phase`: staging | accepted | running | exited."""

    key: Key
    phase: str
    note: Note
    shim: Shim | None = None
    last_seq: int = 0
    courier: bool = False

    @property
    def fence(self) -> Fencing:
        """The number under which it was offered."""
        return self.note.fence

    @property
    def gpus(self) -> tuple[str, ...]:
        """The GPUs that it was given here."""
        return self.note.gpus

    @property
    def holds(self) -> bool:
        """Whether nothing else may run on its GPUs."""
        return not (self.phase == "exited" and self.note.released)


@dataclass(eq=False)
class ModelAgent:
    """One life of the agent process; a crash ends it, and the node makes another."""

    node: "ModelNode"
    alive: bool = True
    draining: bool = False
    ranks: dict[Key, Rank] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world, self.journal = self.node.world, self.node.journal
        self._adopt()

    # What the centre wants -----------------------------------------------------------------------

    def wants(self, key: Key, fence: Fencing, want: Want, deadline: int | None) -> None:
        """Do what is wanted of a rank; `deadline` is of the boot clock."""
        rank = self.ranks.get(key)
        if (rank is not None and rank.fence != fence) or (rank is None and key in self.journal.ended):
            return
        match want:
            case WantOffer():
                if rank is None:
                    self._offered(key, fence, want, deadline or 0)
            case WantStart():
                self._start(key, fence, rank, deadline or 0)
            case WantStop(checkpoint=checkpoint):
                self._stop(key, fence, rank, deadline, save=checkpoint)
            case WantRelease():
                self._stop(key, fence, rank, None, save=False)

    def renew(self, key: Key, fence: Fencing, deadline: int) -> None:
        """A lease goes on."""
        rank = self.ranks.get(key)
        if rank is not None and rank.fence == fence and rank.phase == "running" and rank.shim is not None:
            rank.shim.renew(deadline)

    def holds(self) -> tuple[RankHeld, ...]:
        """Every rank that it knows of."""
        return tuple(RankHeld(*one.key, one.fence, one.phase) for one in self.ranks.values())

    def _offered(self, key: Key, fence: Fencing, offer: WantOffer, start_by: int) -> None:
        rank = Rank(key, "staging", Note(fence, offer.gpus, offer, boot=self.node.boot, start_by=start_by))
        why = self._objection(rank)
        if why is not None:
            self._journal(rank, Refused(why, ""))
            self.journal.ended.add(key)
            return
        self.ranks[key] = rank
        slow = self.world.happens(self.world.weather.slow_staging)
        self.world.after(self.world.chance.uniform(0, 90_000 if slow else 5_000), lambda: self._staged(rank))
        self.world.after(start_by - self.node.boot_now(), lambda: self._lapsed(rank))

    def _objection(self, rank: Rank) -> str | None:
        busy = {gpu for one in self.ranks.values() if one.holds for gpu in one.gpus}
        if rank.note.start_by <= self.node.boot_now():
            return "invalid"
        if self.draining:
            return "draining"
        if set(rank.gpus) - set(self.node.visible_gpus):
            return "gpu-unknown"
        if any(rank.fence < self.node.fences.get(gpu, rank.fence) for gpu in rank.gpus):
            return "fenced"
        if busy & set(rank.gpus):
            return "gpu-busy"
        return "no-space" if self.world.happens(self.world.weather.refuse) else None

    def _staged(self, rank: Rank) -> None:
        if self.alive and rank.phase == "staging" and self.ranks.get(rank.key) is rank:
            rank.phase = "accepted"
            self.journal.notes[rank.key] = rank.note
            self.node.fences.update(dict.fromkeys(rank.gpus, rank.fence))
            self._journal(rank, Accepted("127.0.0.1", 4000))

    def _lapsed(self, rank: Rank) -> None:
        if self.alive and self.ranks.get(rank.key) is rank and rank.phase in ("staging", "accepted"):
            self._give_up(rank)

    def _give_up(self, rank: Rank) -> None:
        refused = rank.phase == "staging"
        self._journal(rank, Refused("stage-failed", "") if refused else Released())
        self._forget(rank)

    def _start(self, key: Key, fence: Fencing, rank: Rank | None, deadline: int) -> None:
        if rank is None:
            self._disown(key, fence, deadline)
        elif rank.phase == "accepted" and deadline <= self.node.boot_now():
            self._give_up(rank)
        elif rank.phase == "accepted" and self.world.happens(self.world.weather.start_fails):
            self._exited(
                rank, ExitRecord(0, 0, "start-failed", self.node.boot_now(), self.node.boot), released=True
            )
        elif rank.phase == "accepted":
            self._launch(rank, deadline)
        elif rank.phase == "running" and rank.shim is not None:
            rank.shim.renew(deadline)

    def _launch(self, rank: Rank, deadline: int) -> None:
        offer, node = rank.note.offer, self.node
        assert offer is not None
        saved = offer.checkpoint.step if offer.checkpoint is not None else 0
        known = self.node.truth.declared[offer.job_id]
        self.world.require(
            saved in known or not saved, f"{rank.key} resumes from {saved}, saved were {known}"
        )
        run = Run(rank.key, offer.job_id, offer.spec.replicas, node.id, rank.gpus, rank.fence, self.world.now)
        program = node.programs[offer.job_id]
        rank.shim = node.shims[rank.key] = Shim(
            self.world, node.truth, run, program, node.boot, node.booted_at, deadline, saved, node.shim_told
        )
        rank.phase = "running"
        self._tell_started(rank)

    def _tell_started(self, rank: Rank) -> None:
        assert rank.shim is not None
        rank.note.told, rank.note.used_until = "started", rank.shim.started
        self._journal(rank, Started(self.node.wall(rank.shim.run.began)))

    def _stop(self, key: Key, fence: Fencing, rank: Rank | None, deadline: int | None, *, save: bool) -> None:
        if rank is None:
            self._disown(key, fence, deadline)
        elif rank.phase in ("staging", "accepted"):
            self._give_up(rank)
        elif rank.phase == "running" and rank.shim is not None:
            rank.shim.stop(save=save)

    def _disown(self, key: Key, fence: Fencing, free_at: int | None) -> None:
        """It is not here; what may be here unseen ends with its lease."""
        note = Note(fence, told="ended", released=free_at is None, free_at=free_at, boot=self.node.boot)
        rank = self.ranks[key] = Rank(key, "exited", note)
        self.journal.notes[key] = note
        if free_at is None:
            self._journal(rank, Released())
        else:
            self._journal(
                rank, self._exit_news(ExitRecord(0, 0, "shim-lost", self.node.boot_now(), self.node.boot))
            )
            self._go_on(rank)

    # What happens here ---------------------------------------------------------------------------

    def shim_told(self, shim: Shim) -> None:
        """Something happened to a shim while the agent lives."""
        rank = self.ranks.get(shim.run.key)
        if rank is None or rank.shim is not shim or rank.phase != "running":
            return
        self._tell_saves(rank)
        if shim.exit is not None:
            self._exited(rank, shim.exit)

    def cut_segments(self) -> None:
        """Write down what running ranks have used so far."""
        for rank in self.ranks.values():
            if rank.phase == "running" and rank.shim is not None and rank.shim.exit is None:
                self._use(rank, self.node.boot_now())

    def _use(self, rank: Rank, until: int) -> None:
        since = rank.note.used_until
        if since is not None and since < until:
            rank.note.used_until = until
            ended = self.node.wall(self.node.booted_at + until)
            self._journal(rank, Used(rank.gpus, ended - until + since, ended, until - since, None, until))

    def _tell_saves(self, rank: Rank) -> None:
        assert rank.shim is not None
        for number, step in rank.shim.saves[-1:]:
            if number > rank.note.declared:
                rank.note.declared = number
                self._journal(rank, CheckpointDeclared(number, step))
        if rank.note.declared > rank.note.settled and not rank.courier:
            rank.courier = True
            self.world.after(self.world.log_scaled(SECOND, 120 * SECOND), lambda: self._brought(rank))

    def _brought(self, rank: Rank) -> None:
        if not self.alive or rank.shim is None or self.ranks.get(rank.key) is not rank:
            return
        rank.courier = False
        number, step = rank.shim.saves[-1]
        rank.note.settled = number
        lost = self.world.happens(0.05)
        self._journal(
            rank,
            CheckpointLost(number, "") if lost else CheckpointStored(number, step, Blob(f"{step:064}", 1)),
        )
        self._tell_saves(rank)
        self.forget_done()

    def _exited(self, rank: Rank, record: ExitRecord, *, released: bool = False) -> None:
        if record.cause != "node-rebooted":
            self._use(rank, record.ended)
        rank.phase, rank.note.told, rank.note.ended_at = "exited", "ended", record.ended
        self._journal(rank, self._exit_news(record))
        if released:
            rank.note.released = True
            self._journal(rank, Released())
        self._go_on(rank)

    def _exit_news(self, record: ExitRecord) -> Exited:
        now = self.node.wall(self.world.now)
        return Exited(record.exit_code, record.signal, record.cause, "", None, None, now, 0)

    def _go_on(self, rank: Rank) -> None:
        if rank.shim is not None:
            self._tell_saves(rank)
        if not rank.note.released:
            wait = 0 if rank.note.free_at is None else max(0, rank.note.free_at - self.node.boot_now())
            self.world.after(wait + self.world.log_scaled(10, 30 * SECOND), lambda: self._released(rank))
        self.world.after(0, self.forget_done)

    def _released(self, rank: Rank) -> None:
        if self.alive and self.ranks.get(rank.key) is rank and not rank.note.released:
            rank.note.released = True
            self._journal(rank, Released())
            self.forget_done()

    # Memory --------------------------------------------------------------------------------------

    def _journal(self, rank: Rank, news: RankNews) -> None:
        rank.last_seq = self.journal.write(RankReported(self.node.id, *rank.key, rank.fence, news))
        self.world.say(f"{self.node.id} journals {rank.last_seq} {rank.key} {news}")
        self.node.wrote()

    def _forget(self, rank: Rank) -> None:
        self.ranks.pop(rank.key, None)
        self.node.shims.pop(rank.key, None)
        self.journal.notes.pop(rank.key, None)
        self.journal.ended.add(rank.key)

    def forget_done(self) -> None:
        """Forget the ranks of which the centre has everything."""
        for rank in tuple(self.ranks.values()):
            settled = rank.note.released and rank.note.settled >= rank.note.declared
            if rank.phase == "exited" and settled and rank.last_seq <= self.journal.acked_seq:
                self._forget(rank)

    def _adopt(self) -> None:
        """Take up what the notes and the folders tell of; a folder without a note outlived the journal's wipe."""
        for key, shim in self.node.shims.items():
            if key not in self.journal.notes:
                self.journal.notes[key] = Note(shim.run.fencing, shim.run.gpus, boot=shim.boot)
                self.node.fences.update(dict.fromkeys(shim.run.gpus, shim.run.fencing))
        for key, note in sorted(self.journal.notes.items()):
            rank = Rank(key, "exited", note, self.node.shims.get(key), self.journal.last_seq)
            self.ranks[key] = rank
            self._take_up(rank)

    def _take_up(self, rank: Rank) -> None:
        shim = rank.shim
        if shim is None:
            self._take_up_missing(rank)
        elif rank.note.told == "ended":
            self._go_on(rank)
        else:
            rank.phase = "running"
            if rank.note.told == "accepted":
                self._tell_started(rank)
            self._tell_saves(rank)
            if shim.exit is not None:
                self._exited(rank, shim.exit)

    def _take_up_missing(self, rank: Rank) -> None:
        if rank.note.told != "accepted":
            self._go_on(rank)
        elif rank.note.boot != self.node.boot:
            self._give_up(rank)
        else:
            rank.phase = "accepted"
            self.world.after(rank.note.start_by - self.node.boot_now(), lambda: self._lapsed(rank))

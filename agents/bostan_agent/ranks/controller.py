"""All ranks of this node: hears what the centre wants, decides, and passes on what the runtime tells."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

import structlog
from bostan_protos.v1.agent_link_pb2 import DesiredSet, Renew
from bostan_protos.v1.rank_pb2 import ActualRank, Offer, Released

from bostan_agent.journal import Write
from bostan_agent.ranks import decide as decisions
from bostan_agent.ranks.decide import Action, Facts, Holder, OfferLimits, decide
from bostan_agent.ranks.exits import never_seen
from bostan_agent.ranks.life import Life
from bostan_agent.ranks.means import Means
from bostan_agent.ranks.notes import Notes, Outputs, Told, offer_note
from bostan_agent.ranks.rank import Rank, tell
from bostan_agent.ranks.reports import usage
from bostan_agent.ranks.values import Assignment, Ended, Running, Staging, Want, WantOffer, gpu_milli
from bostan_agent.ranks.wants import BadWant, renewal_of, want_of
from bostan_agent.runtime.port import CheckpointDeclared, Exited, FirstOutput, RankEvent, Started, Stopping
from bostan_agent.shim.clock import Stamp, boottime_ns
from bostan_agent.shim.spec import RankKey
from bostan_agent.tasks import until_one_fails

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """Which GPUs (and MIG instances) may get something new, and why the others may not."""

    usable: frozenset[str]
    unusable: dict[str, str]


class Controller:
    """Keeps the book of this node's ranks."""

    def __init__(
        self, means: Means, gpus: Callable[[], GpuFacts], draining: Callable[[], str | None]
    ) -> None:
        self._means = means
        self._gpus = gpus
        self._draining = draining
        self.ranks: dict[RankKey, Rank] = {}
        self.life = Life(means, self._gone)
        settings = means.settings
        self._limits = OfferLimits(settings.argv_bytes_max, settings.env_bytes_max, settings.ranks_max)

    def desired(self, desired: DesiredSet) -> None:
        """Do what the centre wants of ranks."""
        for entry in desired.ranks:
            try:
                self._do(want_of(entry, boottime_ns()))
            except BadWant as exc:
                _log.error("entry ignored", attempt_id=entry.id.attempt_id, rank=entry.id.rank, why=str(exc))

    def renew(self, renew: Renew) -> None:
        """Let a rank run on."""
        try:
            self._do(renewal_of(renew, boottime_ns()))
        except BadWant as exc:
            _log.error("renewal ignored", attempt_id=renew.id.attempt_id, why=str(exc))

    def actual(self) -> list[ActualRank]:
        """Every rank that this node knows of."""
        return [rank.actual() for rank in self.ranks.values()]

    async def run(self) -> None:
        """Pass on events, cut usage into segments, and forget what is delivered, for ever."""
        await until_one_fails(self._hear(), self._meter(), self._forget())

    def close(self) -> None:
        """Wait for nothing any more, and leave the ports; ranks run on."""
        for rank in self.ranks.values():
            if rank.lapse is not None:
                rank.lapse.cancel()
        self._means.ports.close()

    # Wants ---------------------------------------------------------------------------------------

    def _do(self, want: Want) -> None:
        rank = self.ranks.get(want.key)
        action = decide(want, None if rank is None else rank.local(), self._facts(want))
        if rank is None:
            self._do_without(want, action)
        else:
            self._do_with(rank, action)

    def _do_without(self, want: Want, action: Action) -> None:
        match action:
            case decisions.Take(assignment):
                rank = self.ranks[want.key] = Rank(assignment, Staging())
                self.life.take(rank)
            case decisions.Refuse(reason, detail):
                assert isinstance(want, WantOffer)
                assignment = Assignment(want.key, want.fence, want.offer, 0)
                self.life.refuse(Rank(assignment, Staging()), reason, detail)
            case decisions.Disown(free_at_ns):
                self._disown(want, free_at_ns)
            case decisions.Nothing(why):
                _note(want, why)
            case _:
                raise AssertionError(f"{action} is for a rank that is here")

    def _do_with(self, rank: Rank, action: Action) -> None:
        match action:
            case decisions.Launch(addresses, deadline_ns):
                self.life.launch(rank, addresses, deadline_ns)
            case decisions.Prolong(deadline_ns):
                self.life.prolong(rank, deadline_ns)
            case decisions.Halt(cause, checkpoint):
                self.life.stop(rank, cause, checkpoint=checkpoint)
            case decisions.GiveUp(cause):
                self.life.give_up(rank, cause)
            case decisions.Nothing(why):
                _note(rank, why)
            case _:
                raise AssertionError(f"{action} is for a rank that is not here")

    def _facts(self, want: Want) -> Facts:
        journal, gpus = self._means.journal, self._gpus()
        wanted = list(want.offer.gpu_uuids) if isinstance(want, WantOffer) else []
        seen = {gpu: fence for gpu in wanted if (fence := journal.fence(gpu)) is not None}
        return Facts(
            now_ns=boottime_ns(),
            limits=self._limits,
            usable=gpus.usable,
            unusable=gpus.unusable,
            holders=self._holders(),
            seen=seen,
            ended=frozenset({want.key} if journal.has_ended(want.key.folder_name) else ()),
            ranks=len(self.ranks),
            draining=self._draining(),
            journal_full=journal.full,
        )

    def _holders(self) -> dict[str, list[Holder]]:
        holders: dict[str, list[Holder]] = {}
        for rank in self.ranks.values():
            if rank.holds_gpus():
                offer = rank.assignment.offer
                holder = Holder(rank.key, offer.firm, gpu_milli(offer))
                for gpu in rank.assignment.gpu_uuids:
                    holders.setdefault(gpu, []).append(holder)
        return holders

    def _disown(self, want: Want, free_at_ns: int | None) -> None:
        """Say that a rank is not here; one that may be here unseen is remembered until its lease has ended."""
        _log.warning("rank is not here", rank=want.key.folder_name, free_at_ns=free_at_ns)
        rank = Rank(
            Assignment(want.key, want.fence, Offer(), 0), Ended(Stamp.now(), released=free_at_ns is None)
        )
        rank.log_sent = True
        rank.notes = Notes(self._means.boot_id, 0, 0)
        self._means.journal.commit(Write(notes=offer_note(rank.assignment)))
        self.ranks[want.key] = rank
        ended = {"told": Told.ENDED, "outputs": Outputs.SETTLED, "free_at_ns": free_at_ns}
        if free_at_ns is None:
            tell(self._means.journal, rank, rank.record(Released()), released=True, **ended)
        else:
            body = never_seen("shim-lost", "this node knows nothing of the rank; its lease ends it")
            tell(self._means.journal, rank, rank.record(body), **ended)
            self.life.after.go_on(rank, 0)

    def _gone(self, rank: Rank) -> None:
        self.ranks.pop(rank.key, None)
        self._means.logs.remove(rank.key)

    # What goes on --------------------------------------------------------------------------------

    async def _hear(self) -> None:
        while True:
            event = await self._means.runtime.next_event()
            rank = self.ranks.get(event.key)
            if rank is None:
                _log.warning("event of an unknown rank ignored", rank=event.key.folder_name)
            else:
                self._pass_on(rank, event)

    def _pass_on(self, rank: Rank, event: RankEvent) -> None:
        match event:
            case Started(_, state):
                self.life.started(rank, state)
            case FirstOutput():
                self._means.logs.poke(rank.key)
            case CheckpointDeclared(_, checkpoint):
                self.life.declared(rank, checkpoint)
            case Stopping():
                if isinstance(rank.phase, Running):
                    rank.phase = Running(rank.phase.deadline_ns, stopping=True)
            case Exited(_, end):
                self.life.exited(rank, end)
            case _:
                assert_never(event)

    async def _meter(self) -> None:
        while True:
            await asyncio.sleep(self._means.settings.usage_segment_seconds)
            # A full journal gets no segments: the next one, or the exit's, begins where the last one ended.
            if not self._means.journal.full:
                self.cut_segments(self.ranks.values(), Stamp.now())

    def cut_segments(self, ranks: Iterable[Rank], until: Stamp) -> None:
        """Write down what running ranks have used since their last segments."""
        for rank in ranks:
            since = rank.notes.used_until if rank.notes is not None else None
            if (
                isinstance(rank.phase, Running)
                and since is not None
                and since.boottime_ns < until.boottime_ns
            ):
                body = usage(rank.assignment.gpu_uuids, since, until, None)
                tell(self._means.journal, rank, rank.record(body, until), used_until=until)

    async def _forget(self) -> None:
        progress = self._means.journal.progress
        while True:
            await progress.wait()
            progress.clear()
            for rank in list(self.ranks.values()):
                self.life.after.forget_if_done(rank)


def _note(about: Want | Rank, why: str | None) -> None:
    if why is not None:
        _log.info("nothing to do", rank=about.key.folder_name, why=why)

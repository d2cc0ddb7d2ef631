"""Nodes that say anything in any order: the leader goes on, and its invariants hold."""

from typing import Any

from bostan_scheduler.core.attempt import RankAccepted, Stop
from bostan_scheduler.core.check import check
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.job import Blob, JobSpec, RankNeeds, Retries
from bostan_scheduler.core.reports import (
    Accepted,
    CancelAsked,
    CheckpointDeclared,
    CheckpointLost,
    CheckpointStored,
    Exited,
    JobsSubmitted,
    NodeConnected,
    NodeHolds,
    OutputStored,
    QuotasApplied,
    RankHeld,
    RankNews,
    RankReported,
    Refused,
    Released,
    RequeueAsked,
    Started,
    Used,
)
from bostan_scheduler.core.snapshot import Settings
from bostan_scheduler.service.messages import Journal, OpenSession, Tell
from bostan_scheduler.service.writer import Service
from bostan_scheduler.store import open_store
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import NOW, world

QUICK = Settings(
    silence_seconds=5,
    start_within_seconds=10,
    release_margin_seconds=5,
    lease_seconds=60,
    lease_margin_seconds=5,
    renew_seconds=20,
)
WORLD = world("node p/a 2; node p/b 2; quota x 8")
NODES = ("p/a", "p/b")
BLOB = Blob("a" * 64, 1)


def exited(cause: str, code: int) -> Exited:
    return Exited(code, 0, cause, "", None, None, NOW, 0)


def used(milliseconds: int, until_boot_ms: int) -> Used:
    return Used(("p/a:0",), NOW - milliseconds, NOW, milliseconds, 10, until_boot_ms)


news: st.SearchStrategy[RankNews] = st.one_of(
    st.just(Accepted("127.0.0.1", 4000)),
    st.just(Refused("no-space", "")),
    st.just(Started(NOW)),
    st.just(Released()),
    st.builds(exited, st.sampled_from(["exited", "stopped", "start-failed", "shim-lost"]), st.integers(0, 1)),
    st.builds(CheckpointDeclared, st.integers(0, 3), st.just(1)),
    st.builds(CheckpointStored, st.integers(0, 3), st.just(1), st.just(BLOB)),
    st.builds(CheckpointLost, st.integers(0, 3), st.just("")),
    st.just(OutputStored(BLOB)),
    st.builds(used, st.integers(0, 30), st.integers(0, 100)),
)
steps = st.one_of(
    st.tuples(st.just("says"), st.integers(0, 1), st.integers(0, 1), news),
    st.tuples(st.just("dials"), st.integers(0, 1), st.booleans(), st.booleans()),
    st.tuples(st.just("passes"), st.sampled_from([0, 1, 6, 11, 70])),
    st.tuples(st.just("asks"), st.sampled_from(["cancel", "requeue"])),
)


class Story:
    """A leader, one gang of two ranks, and two nodes."""

    def __init__(self) -> None:
        self.store = open_store("memory:")
        self.now = NOW
        self.service = Service.start(self.store, QUICK, NOW, "test")
        self.seqs = dict.fromkeys(NODES, 0)
        self.boots = dict.fromkeys(NODES, 0)
        self.ask(Tell(QuotasApplied(WORLD.quota, WORLD.firms, WORLD.parks, {}, "admin")))
        for node in NODES:
            self.dial(node)
        retries = Retries(node_lost=100, start_failed=100, exit=100)
        spec = JobSpec("train", "x", None, ("true",), replicas=2, rank=RankNeeds(2), retries=retries)
        self.ask(Tell(JobsSubmitted(("j1",), (spec,), "ada")))
        self.plan()

    def ask(self, request: Any) -> None:
        self.service.intake(self.now, [request])
        check(self.service.snapshot)

    def plan(self) -> None:
        self.service.plan(self.now)
        check(self.service.snapshot)

    def dial(self, node: str, *, holds: bool = True, reboots: bool = False) -> None:
        self.boots[node] += reboots
        known = WORLD.nodes[node]
        hello = NodeConnected(
            node,
            known.park,
            known.name,
            f"boot-{self.boots[node]}",
            "journal",
            known.gpus,
            64,
            2**40,
            "",
            "",
            "",
            "",
            (),
            (),
        )
        held = tuple(
            RankHeld(one.id, place.rank, one.fencing, "running")
            for one in self.service.snapshot.attempts.values()
            for place in one.places
            if holds and place.node_id == node
        )
        self.ask(OpenSession(f"session-{node}", hello, NodeHolds(node, held)))

    def say(self, node: str, rank: int, said: RankNews) -> None:
        attempts = [
            one for one in self.service.snapshot.attempts.values() if one.places[rank].node_id == node
        ]
        if not attempts:
            return
        newest = max(attempts, key=lambda one: one.number)
        self.seqs[node] += 1
        report = RankReported(node, newest.id, rank, newest.fencing, said)
        self.ask(Journal(f"session-{node}", node, "journal", ((self.seqs[node], report),)))

    def step(self, kind: str, *words: Any) -> None:
        match kind:
            case "says":
                self.say(NODES[words[0]], words[1], words[2])
            case "dials":
                self.dial(NODES[words[0]], holds=words[1], reboots=words[2])
            case "passes":
                self.now = after(self.now, words[0])
            case "asks" if words[0] == "cancel":
                self.ask(Tell(CancelAsked("j1", "ada", "")))
            case _:
                self.ask(Tell(RequeueAsked("j1", "ada", checkpoint=True, avoid_node=False)))
        self.plan()

    def restarts(self) -> None:
        """A new leader makes the same of what is committed."""
        before = self.service.snapshot
        self.service = Service.start(self.store, QUICK, self.now, "test")
        after_it = self.service.snapshot
        assert after_it.jobs == before.jobs
        held = {one.id: one for one in before.attempts.values() if one.holds}
        assert {one.id: one for one in after_it.attempts.values() if one.holds} == held


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=25))
def test_whatever_nodes_say_the_leader_goes_on(story: list[tuple[Any, ...]]) -> None:
    told = Story()
    for step in story:
        told.step(*step)
    told.restarts()
    for _ in range(4):
        told.step("passes", 200)


def gang(*said: tuple[str, int, RankNews]) -> Story:
    told = Story()
    for node, rank, one in said:
        told.say(node, rank, one)
    return told


def test_a_gang_of_which_a_rank_ends_without_a_start_lapses_like_any_other() -> None:
    a, b = Accepted("h", 1), Accepted("h", 2)
    told = gang(("p/a", 0, a), ("p/b", 1, b), ("p/a", 0, Started(NOW)), ("p/b", 1, exited("exited", 0)))
    told.step("passes", 11)
    told.step("passes", 200)


def test_the_end_of_a_rank_that_was_not_told_to_start_is_not_believed() -> None:
    done = exited("exited", 0)
    told = gang(
        ("p/a", 0, Accepted("h", 1)), ("p/a", 0, done), ("p/b", 1, Accepted("h", 2)), ("p/b", 1, done)
    )
    told.step("passes", 11)
    attempt = told.service.snapshot.attempts["j1.1"]
    assert isinstance(attempt.seen[0], RankAccepted)
    assert isinstance(attempt.intent, Stop), "not every rank had started in time"


def test_checkpoints_that_are_declared_backwards_do_not_pile_up() -> None:
    a, b = Accepted("h", 1), Accepted("h", 2)
    told = gang(("p/a", 0, a), ("p/b", 1, b), ("p/a", 0, Started(NOW)), ("p/b", 1, Started(NOW)))
    for number in range(50, 0, -1):
        told.say("p/a", 0, CheckpointDeclared(number, -1))
    assert [one.number for one in told.service.snapshot.jobs["j1"].pending_checkpoints] == [50]

"""What a node does about each want, by a table: no clock, no disk, no process."""

import dataclasses

import pytest
from bostan_agent.journal import Fence
from bostan_agent.ranks import decide as decisions
from bostan_agent.ranks.decide import Facts, Holder, Local, OfferLimits, decide
from bostan_agent.ranks.values import (
    Accepted,
    Ended,
    Running,
    Staging,
    WantOffer,
    WantRelease,
    WantRenewal,
    WantStart,
    WantStop,
)
from bostan_agent.ranks.wants import BadWant, key_of, renewal_of, want_of
from bostan_agent.shim.clock import NS, Stamp
from bostan_agent.shim.spec import RankKey
from bostan_protos.v1.agent_link_pb2 import Renew
from bostan_protos.v1.rank_pb2 import DesiredRank, Fencing, Offer, RankId, Start, Stop, Term

KEY, FENCE, NOW = RankKey("a1", 0), Fence(1, 5), 100 * NS
LIMITS = OfferLimits(argv_bytes_max=20, env_bytes_max=20, ranks_max=3)
FACTS = Facts(
    now_ns=NOW,
    limits=LIMITS,
    usable=frozenset({"G1", "G2", "M1"}),
    unusable={"G3": "remap-failed: no spare row"},
)
LATER, EARLIER = NOW + NS, NOW - NS
STAGING, ACCEPTED, RUNNING = Staging(), Accepted(20_000), Running(LATER)
ENDED = Ended(Stamp(NOW, 0.0))


def offer(**fields):
    defaults = {
        "argv": ["true"],
        "world_size": 1,
        "gpu_uuids": ["G1"],
        "start_within": Term(from_boottime_ns=EARLIER, duration_ms=5000),
    }
    return WantOffer(KEY, FENCE, Offer(**{**defaults, **fields}))


PART = offer(firm="x", gpu_uuids=["G1"], gpu_milli=600)


def answer(want, phase=None, facts=FACTS, fence=FENCE):
    action = decide(want, None if phase is None else Local(fence, phase), facts)
    return (type(action).__name__, getattr(action, "reason", None))


START = WantStart(KEY, FENCE, (), LATER)
LATE_START = WantStart(KEY, FENCE, (), EARLIER)
STOP = WantStop(KEY, FENCE, "cancelled", True, LATER)
RELEASE = WantRelease(KEY, FENCE, "not-wanted")
RENEWAL = WantRenewal(KEY, FENCE, LATER)

COURSE = [
    (offer(), None, "Take"),
    (offer(), STAGING, "Nothing"),
    (offer(), ACCEPTED, "Nothing"),
    (offer(), RUNNING, "Nothing"),
    (offer(), ENDED, "Nothing"),
    (START, None, "Disown"),
    (START, STAGING, "Nothing"),
    (START, ACCEPTED, "Launch"),
    (LATE_START, ACCEPTED, "GiveUp"),
    (START, RUNNING, "Prolong"),
    (START, ENDED, "Nothing"),
    (STOP, None, "Disown"),
    (STOP, STAGING, "GiveUp"),
    (STOP, ACCEPTED, "GiveUp"),
    (STOP, RUNNING, "Halt"),
    (STOP, ENDED, "Nothing"),
    (RELEASE, None, "Disown"),
    (RELEASE, STAGING, "GiveUp"),
    (RELEASE, ACCEPTED, "GiveUp"),
    (RELEASE, RUNNING, "Halt"),
    (RELEASE, ENDED, "Nothing"),
    (RENEWAL, None, "Nothing"),
    (RENEWAL, ACCEPTED, "Nothing"),
    (RENEWAL, RUNNING, "Prolong"),
    (RENEWAL, ENDED, "Nothing"),
]


@pytest.mark.parametrize(("want", "phase", "action"), COURSE)
def test_each_want_in_each_phase(want, phase, action):
    assert answer(want, phase)[0] == action


@pytest.mark.parametrize("want", [offer(), START, STOP, RELEASE])
def test_a_rank_that_ended_here_is_not_begun_again(want):
    assert answer(want, facts=dataclasses.replace(FACTS, ended=frozenset({KEY}))) == ("Nothing", None)


@pytest.mark.parametrize("fence", [Fence(1, 4), Fence(1, 6), Fence(2, 0)])
@pytest.mark.parametrize("want", [offer(), START, STOP, RELEASE, RENEWAL])
def test_a_want_under_another_fencing_number_is_not_heard(want, fence):
    assert answer(want, RUNNING, fence=fence)[0] == "Nothing"


@pytest.mark.parametrize(
    ("wanted", "facts", "reason"),
    [
        (offer(argv=[]), {}, "invalid"),
        (offer(argv=[""]), {}, "invalid"),
        (offer(argv=["x" * 20]), {}, "invalid"),
        (offer(argv=["a\0b"]), {}, "invalid"),
        (offer(env={"A": "x" * 20}), {}, "invalid"),
        (offer(env={"A=B": "x"}), {}, "invalid"),
        (offer(env={"": "x"}), {}, "invalid"),
        (offer(env={"A": "\0"}), {}, "invalid"),
        (offer(gpu_uuids=["G1", "G1"]), {}, "invalid"),
        (offer(world_size=0), {}, "invalid"),
        (offer(start_within=Term(from_boottime_ns=EARLIER, duration_ms=500)), {}, "invalid"),
        (offer(start_within=Term(from_boottime_ns=LATER, duration_ms=500)), {}, "invalid"),
        (offer(start_within=Term()), {}, "invalid"),
        (offer(), {"draining": "new roof"}, "draining"),
        (offer(), {"journal_full": True}, "journal-full"),
        (offer(), {"ranks": 3}, "no-space"),
        (offer(gpu_uuids=["G9"]), {}, "gpu-unknown"),
        (offer(gpu_uuids=["G3"]), {}, "gpu-unhealthy"),
        (offer(), {"holders": {"G1": [Holder(RankKey("b", 1))]}}, "gpu-busy"),
        (PART, {"holders": {"G1": [Holder(RankKey("b", 1), "x")]}}, "gpu-busy"),
        (PART, {"holders": {"G1": [Holder(RankKey("b", 1), "x", 401)]}}, "gpu-busy"),
        (PART, {"holders": {"G1": [Holder(RankKey("b", 1), "x", 200)] * 3}}, "gpu-busy"),
        (PART, {"holders": {"G1": [Holder(RankKey("b", 1), "y", 100)]}}, "gpu-busy"),
        (
            offer(firm="x", gpu_uuids=["G1"]),
            {"holders": {"G1": [Holder(RankKey("b", 1), "x", 1)]}},
            "gpu-busy",
        ),
        (offer(gpu_uuids=["G1", "G2"], gpu_milli=600), {}, "invalid"),
        (offer(gpu_uuids=["G1"], gpu_milli=1001), {}, "invalid"),
        (offer(), {"seen": {"G1": Fence(1, 6)}}, "fenced"),
        (offer(), {"seen": {"G1": Fence(2, 0)}}, "fenced"),
    ],
)
def test_an_offer_that_cannot_be_met_is_refused_with_the_reason(wanted, facts, reason):
    assert answer(wanted, facts=dataclasses.replace(FACTS, **facts)) == ("Refuse", reason)


@pytest.mark.parametrize(
    ("wanted", "facts"),
    [
        (offer(gpu_uuids=[]), {"holders": {"G1": [Holder(KEY)]}}),
        (offer(gpu_uuids=["M1", "G2"]), {"holders": {"G1": [Holder(RankKey("b", 0))]}}),
        (PART, {"holders": {"G1": [Holder(RankKey("b", 1), "x", 200)] * 2}}),
        (offer(), {"seen": {"G1": Fence(1, 5)}}),
        (offer(), {"ranks": 2}),
        (offer(argv=["x" * 19]), {}),
    ],
)
def test_an_offer_that_just_fits_is_taken(wanted, facts):
    assert answer(wanted, facts=dataclasses.replace(FACTS, **facts)) == ("Take", None)


def test_a_taken_offer_lapses_by_the_clock_of_this_node():
    action = decide(offer(), None, FACTS)
    assert isinstance(action, decisions.Take)
    assert action.assignment.start_by_ns == EARLIER + 5 * NS


def test_an_unknown_rank_is_disowned_no_sooner_than_its_lease_ends():
    assert decide(STOP, None, FACTS) == decisions.Disown(LATER)
    assert decide(RELEASE, None, FACTS) == decisions.Disown(None)


def entry(**fields):
    return DesiredRank(
        **{
            "id": RankId(attempt_id="a1"),
            "fencing": Fencing(epoch=1, counter=5),
            "lease": Term(from_boottime_ns=EARLIER, duration_ms=2000),
            **fields,
        }
    )


def test_a_lease_is_counted_from_the_nodes_own_stamp_not_from_receipt():
    assert want_of(entry(start=Start()), NOW) == WantStart(KEY, FENCE, (), EARLIER + 2 * NS)
    renew = Renew(id=RankId(attempt_id="a1"), fencing=Fencing(epoch=1, counter=5), lease=entry().lease)
    assert renewal_of(renew, NOW + 500) == WantRenewal(KEY, FENCE, EARLIER + 2 * NS)


def test_a_stop_may_come_without_a_lease():
    stop = DesiredRank(id=RankId(attempt_id="a1"), fencing=Fencing(), stop=Stop(cause="cancelled"))
    assert want_of(stop, NOW) == WantStop(KEY, Fence(0, 0), "cancelled", False, None)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (entry(), "unknown to this release"),
        (entry(id=RankId(attempt_id="../x"), start=Start()), "attempt_id '../x' must be"),
        (entry(id=RankId(), start=Start()), "attempt_id '' must be"),
        (
            entry(start=Start(), lease=Term(from_boottime_ns=LATER, duration_ms=1)),
            "later than this node's clock",
        ),
        (entry(start=Start(), lease=Term(from_boottime_ns=1, duration_ms=2**63)), "at most 400 days"),
        (entry(start=Start(), lease=Term()), "above 0"),
        (entry(start=Start(), fencing=Fencing(epoch=2**63)), "beyond what a centre makes"),
        (DesiredRank(id=RankId(attempt_id="a1"), start=Start()), "has no fencing number"),
    ],
)
def test_an_entry_that_cannot_be_understood_says_why(bad, message):
    with pytest.raises(BadWant, match=message):
        want_of(bad, NOW)


def test_every_good_name_of_a_rank_is_taken():
    assert key_of(RankId(attempt_id="Job-1_2", rank=3)) == RankKey("Job-1_2", 3)

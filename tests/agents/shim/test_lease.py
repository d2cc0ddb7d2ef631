"""The shim ends its rank with the lease, with or without an agent, unless the lease is renewed."""

import json
import signal

import pytest
from bostan_agent.shim.clock import NS, boottime_ns
from bostan_agent.shim.phases import (
    Checkpointing,
    Killing,
    Patience,
    Running,
    Terminating,
    advance,
    lease_plan,
    request_plan,
    sooner,
    wakes_at_ns,
)
from bostan_agent.shim.records import Cause
from hypothesis import given, settings
from hypothesis import strategies as st

spans = st.integers(0, 100 * NS)


def test_the_rank_ends_before_its_deadline_with_nobody_there(lone_bench):
    spec = lone_bench.spec(
        ["sh", "-c", "trap : TERM; while :; do sleep 0.01; done"], lease_seconds=3, grace_seconds=30
    )
    rank = lone_bench.launch(spec)
    rank.state()
    rank.launch.close()
    lone_bench.zygote.kill()
    ended = rank.ended()
    assert (ended.cause, ended.signal) == (Cause.LEASE_ENDED, signal.SIGKILL)
    assert ended.ended.boottime_ns < spec.lease_deadline_boottime_ns


def test_a_rank_whose_lease_has_ended_already_does_not_live(bench):
    assert bench.launch(bench.spec(["sleep", "1000"], lease_seconds=-5)).ended().cause is Cause.LEASE_ENDED


def test_a_renewal_extends_and_is_on_record(bench):
    rank = bench.launch(bench.spec(["sleep", "1000"], lease_seconds=0.6, grace_seconds=0))
    rank.launch.event("started")
    renewed = boottime_ns() + 3600 * NS
    assert rank.launch.ask(do="renew", deadline_boottime_ns=renewed)["reply"] == "ok"
    assert json.loads((rank.folder / "lease.json").read_bytes()) == {"deadline_boottime_ns": renewed}
    assert rank.line().ask(do="status")["deadline_boottime_ns"] == renewed


def test_a_renewed_rank_outlives_its_first_deadline(bench, wait_until):
    spec = bench.spec(["sleep", "1000"], lease_seconds=0.3, grace_seconds=0)
    rank = bench.launch(spec)
    assert rank.launch.ask(do="renew", deadline_boottime_ns=boottime_ns() + 3600 * NS)["reply"] == "ok"
    wait_until(lambda: boottime_ns() > spec.lease_deadline_boottime_ns, "first deadline")
    assert rank.launch.ask(do="status")["phase"] == "running"


def test_a_lease_may_be_cut_short(bench):
    rank = bench.shell("exec sleep 1000", grace_seconds=0)
    rank.launch.event("started")
    rank.launch.ask(do="renew", deadline_boottime_ns=boottime_ns() + NS // 20)
    assert rank.ended().cause is Cause.LEASE_ENDED


def test_a_rank_that_is_being_stopped_is_not_renewed(bench):
    rank = bench.shell("trap : TERM; echo up; while :; do sleep 0.01; done")
    rank.prints(b"up")
    rank.launch.ask(do="stop", checkpoint=False, grace_seconds=1000)
    reply = rank.launch.ask(do="renew", deadline_boottime_ns=boottime_ns() + NS)
    assert reply == {"id": 1, "reply": "refused", "message": "the rank is being stopped"}


def test_a_stop_never_lasts_beyond_the_lease(bench):
    script = "trap : TERM; echo up; while :; do sleep 0.01; done"
    spec = bench.spec(["sh", "-c", script], lease_seconds=3, grace_seconds=0)
    rank = bench.launch(spec)
    rank.prints(b"up")
    rank.launch.ask(do="stop", checkpoint=False, grace_seconds=1000)
    ended = rank.ended()
    assert ended.cause is Cause.STOPPED
    assert ended.ended.boottime_ns < spec.lease_deadline_boottime_ns


@settings(deadline=None)
@given(granted=spans, length=st.integers(-NS, 1000 * NS), checkpoint=spans, grace=spans)
def test_checkpoint_and_grace_end_before_the_deadline(granted, length, checkpoint, grace):
    plan = lease_plan(granted, granted + length, Patience(checkpoint, grace))
    assert plan.checkpoint_at_ns <= plan.terminate_at_ns <= plan.kill_at_ns <= granted + length
    assert plan.terminate_at_ns - plan.checkpoint_at_ns <= checkpoint
    assert plan.kill_at_ns - plan.terminate_at_ns <= grace


@settings(deadline=None)
@given(length=st.integers(1000, 1000 * NS), checkpoint=spans, grace=spans)
def test_however_short_a_lease_four_tenths_of_it_are_for_running(length, checkpoint, grace):
    plan = lease_plan(0, length, Patience(checkpoint, grace))
    assert plan.checkpoint_at_ns >= length * 4 // 10


@settings(deadline=None)
@given(now=spans, left=st.integers(-NS, 1000 * NS), checkpoint=spans, grace=spans)
def test_a_requested_stop_is_squeezed_into_what_is_left(now, left, checkpoint, grace):
    plan = request_plan(now, Patience(checkpoint, grace), now + left)
    assert now == plan.checkpoint_at_ns <= plan.terminate_at_ns <= plan.kill_at_ns <= now + max(left, 0)


def test_the_phases_follow_each_other_in_time():
    phase = Running(lease_plan(0, 1000 * NS, Patience(100 * NS, 50 * NS)))
    seen = []
    while (at := wakes_at_ns(phase)) is not None:
        assert advance(phase, at - 1, declared=False) == phase
        phase = advance(phase, at, declared=False)
        seen.append((at // NS, type(phase)))
    assert seen == [(849, Checkpointing), (949, Terminating), (999, Killing)]


def test_a_declared_checkpoint_ends_the_wait_but_does_not_lengthen_the_grace():
    phase = advance(Running(lease_plan(0, 1000 * NS, Patience(100 * NS, 50 * NS))), 849 * NS, declared=False)
    phase = advance(phase, 860 * NS, declared=True)
    assert isinstance(phase, Terminating)
    assert wakes_at_ns(phase) == 910 * NS


@pytest.mark.parametrize("grace", [0, 5, 500])
def test_a_stop_only_ever_becomes_quicker(grace):
    first = sooner(
        Running(lease_plan(0, 1000 * NS, Patience(0, 0))),
        Cause.STOPPED,
        request_plan(0, Patience(0, 50), 999),
    )
    then = sooner(first, Cause.STOPPED, request_plan(10, Patience(0, grace), 999))
    assert wakes_at_ns(then) == min(50, 10 + grace)

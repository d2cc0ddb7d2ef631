"""What goes wrong: lines that are cut, machines that fail, and what a lease does about it."""

import pytest
from bostan_scheduler.sim import Model, metrics
from bostan_scheduler.sim.faults import LinkCut, NodeFails
from bostan_scheduler.sim.world import SETTINGS
from simulated import at, lived, records_of, small_world

NODE = "park/a100-0-0000"


def test_a_job_behind_a_cut_line_runs_on_and_its_end_is_heard_when_the_line_is_whole():
    world = small_world(1, 8, [(0, 1000, 8), (0, 10, 8)], faults=[LinkCut(NODE, at(100), at(2000))])
    assert lived(world) == [(0, 2000), (2000, 2010)]


def test_a_job_behind_a_cut_line_may_end_after_the_line_is_whole():
    assert lived(small_world(1, 8, [(0, 1000, 8)], faults=[LinkCut(NODE, at(100), at(500))])) == [(0, 1000)]


def test_a_line_cut_for_longer_than_the_lease_ends_the_attempt_and_frees_its_peers():
    hour = 3600
    world = small_world(2, 8, [(0, 40 * hour, 16)], faults=[LinkCut(NODE, at(hour), at(30 * hour))])
    records = records_of(world)
    assert [span.how for span in records.spans] == ["park/a100-0-0001 was lost: lease-ended", "succeeded"]
    assert lived(world) == [(0, 70 * hour + 300)]


def test_what_a_failed_machine_had_not_saved_is_lost_and_its_job_starts_when_it_is_back():
    world = small_world(1, 8, [(0, 1000, 8)], faults=[NodeFails(NODE, at(400), at(600))])
    assert lived(world) == [(0, 600 + 300 + 1000)]
    assert metrics(records_of(world)).lost_gpu_seconds == 600 * 8


def test_a_job_that_saves_now_and_then_loses_only_what_came_after():
    world = small_world(
        1,
        8,
        [(0, 1000, 8)],
        faults=[NodeFails(NODE, at(400), at(600))],
        model=Model(restart_seconds=0, checkpoint_seconds=150),
    )
    assert lived(world) == [(0, 600 + 700)]


def test_a_machine_that_never_comes_back_keeps_its_job_until_the_lease_has_ended():
    world = small_world(2, 8, [(0, 1000, 8)], faults=[NodeFails(NODE, at(400))])
    lease = SETTINGS.lease_seconds
    [(_, ended)] = lived(world)
    assert ended is not None
    assert ended == pytest.approx(lease + SETTINGS.lease_margin_seconds + 300 + 1000, abs=1)


def test_an_operator_who_says_that_a_machine_is_off_frees_its_job_at_once():
    world = small_world(2, 8, [(0, 1000, 8)], faults=[NodeFails(NODE, at(400), confirmed_at=at(500))])
    assert lived(world) == [(0, 500 + 300 + 1000)]


def test_nothing_is_offered_to_a_node_that_is_silent():
    cut = LinkCut(NODE, at(0), at(500))
    assert lived(small_world(1, 8, [(100, 10, 8)], faults=[cut])) == [(500, 510)]


def test_an_offer_into_a_line_that_was_just_cut_lapses_and_the_job_goes_elsewhere():
    """The centre has not noticed yet: the offer lapses after a minute, its GPUs are free half a minute later."""
    cut = LinkCut(NODE, at(0), at(5000))
    assert lived(small_world(2, 8, [(1, 10, 8)], faults=[cut])) == [(1, 1 + 90 + 10)]

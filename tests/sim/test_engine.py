"""What the core decides under virtual time: queues, gangs, limits, and the same again from the same world."""

from bostan_scheduler.sim import Model, metrics, simulate
from bostan_scheduler.sim.asked import Asked
from bostan_scheduler.sim.faults import NodeMaintained
from bostan_scheduler.sim.world import IDEALISED, SETTINGS, START
from simulated import at, lived, records_of, small_world, with_limit


def test_a_job_on_an_idle_pool_starts_at_once_and_runs_its_time():
    assert lived(small_world(1, 8, [(10, 100, 4)])) == [(10, 110)]


def test_jobs_share_a_node_and_the_one_too_many_waits():
    assert lived(small_world(1, 8, [(0, 100, 4), (0, 50, 4), (0, 10, 8)])) == [(0, 100), (0, 50), (100, 110)]


def test_a_gang_wider_than_a_node_takes_whole_nodes():
    records = records_of(small_world(3, 8, [(0, 100, 16), (0, 10, 8)]))
    assert [len(span.places) for span in records.spans] == [1, 2]
    assert sum(records.gpus.values()) == 24


def test_what_no_node_can_hold_never_starts_and_the_run_still_ends():
    records = records_of(small_world(1, 4, [(0, 10, 8), (0, 10, 4)]))
    assert [job.outcome for job in records.jobs] == [None, "succeeded"]
    assert metrics(records).unfinished == 1


def test_a_time_limit_ends_a_job_before_its_time():
    world = small_world(1, 8, [with_limit(Asked(0, 1000, 8), 300), (0, 10, 8)])
    records = records_of(world)
    assert [job.outcome for job in records.jobs] == ["timedout", "succeeded"]
    assert lived(world) == [(0, 300), (300, 310)]


def test_a_faster_class_takes_less_time():
    assert lived(small_world(1, 8, [Asked(0, 1000, 8, speeds=(("a100", 2.5),))])) == [(0, 400)]


def test_a_job_that_is_moved_goes_on_from_its_checkpoint_after_the_restart():
    away = NodeMaintained("park/a100-0-0000", at(400), at(10_000))
    world = small_world(2, 8, [(0, 1000, 8)], faults=[away], model=Model(restart_seconds=300))
    job = records_of(world).jobs[0]
    assert lived(world) == [(0, 1300)]
    assert (job.attempts, job.restart_milliseconds, job.lost_milliseconds) == (2, 300_000, 0)


def test_a_job_that_saves_nothing_begins_anew():
    away = NodeMaintained("park/a100-0-0000", at(400), at(10_000))
    stubborn = Asked(0, 1000, 8, checkpoints=False)
    world = small_world(2, 8, [stubborn], faults=[away], model=Model(restart_seconds=300))
    assert lived(world) == [(0, 1700)]
    assert metrics(records_of(world)).lost_gpu_seconds == 400 * 8


def test_the_same_world_gives_the_same_records():
    jobs = [(seconds * 7 % 50, 20 + seconds * 13 % 90, 1 + seconds % 8) for seconds in range(60)]
    assert simulate(small_world(2, 8, jobs)) == simulate(small_world(2, 8, jobs))


def test_an_idealised_run_moves_for_free_and_loses_nothing():
    jobs = [(0, 1000, 4), (10, 100, 8), (20, 100, 4)]
    records = records_of(small_world(1, 8, jobs, model=IDEALISED))
    assert [job.outcome for job in records.jobs] == ["succeeded"] * 3
    assert metrics(records).lost_gpu_seconds == metrics(records).restart_gpu_seconds == 0


def test_a_long_job_makes_room_for_a_short_one_and_goes_on_later():
    """Half an hour at least is its own; then it saves, waits, and pays the restart."""
    world = small_world(1, 8, [(0, 100_000, 8), (10, 600, 8)], settings=SETTINGS)
    records = records_of(world)
    long, short = records.jobs
    assert (long.preemptions, short.preemptions) == (1, 0)
    assert short.first_start_at is not None
    began = (short.first_start_at - START) // 1000
    assert 1800 <= began <= 1800 + 360
    assert lived(world) == [(0, 100_000 + 600 + 300), (began, began + 600)]

"""World files: what they describe, and what is said of mistakes in them."""

import pytest
from bostan.errors import BostanError, InvalidFile
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve
from bostan_scheduler.core.order import Srsf
from bostan_scheduler.sim import Model
from bostan_scheduler.sim.faults import LinkCut, NodeFails, NodeMaintained
from bostan_scheduler.sim.scenario import Scenario
from bostan_scheduler.sim.world import IDEALISED
from simulated import at

POOL = "pool: [{nodes: 2, gpus: 4, gpu_class: a100}]\n"
JOB = "workload: [{job: {run_seconds: 60}}]\n"
NODE = "park/a100-0-0000"


def scenario(tmp_path, text):
    (tmp_path / "world.yaml").write_text(text)
    return Scenario.of(tmp_path / "world.yaml")


def world(tmp_path, text):
    return scenario(tmp_path, text).world()


def test_the_smallest_world(tmp_path):
    made = world(tmp_path, POOL + JOB)
    assert list(made.pool.nodes) == [NODE, "park/a100-0-0001"]
    assert list(made.pool.firms) == ["firm"]
    [work] = made.works
    assert (work.submit_at, work.run_milliseconds, work.spec.gpus) == (at(0), 60_000, 1)
    assert made.model == Model()


def test_a_job_line_says_everything_of_its_jobs(tmp_path):
    line = (
        "workload: [{job: {at_seconds: 5, run_seconds: 60, gpus: 1, gpu_milli: 500, firm: negar, name: speech, count: 2, "
        "qos: scavenger, gpu_classes: [a100], speeds: {a100: 2.0}, checkpoints: false, cpus: 4, memory_gib: 8, "
        "time_limit_seconds: 100, estimate_seconds: 70}}]\n"
    )
    one, other = world(tmp_path, POOL + line + "estimates: {source: job}\n").works
    assert one.spec == other.spec
    assert (one.submit_at, one.spec.firm, one.spec.name, one.spec.qos) == (
        at(5),
        "negar",
        "speech",
        "scavenger",
    )
    assert (one.spec.rank.gpu_milli, one.spec.rank.cpus, one.spec.rank.memory_bytes) == (500, 4, 8 * 2**30)
    assert (one.spec.time_limit_seconds, one.spec.estimate_seconds) == (100, 70)
    assert (one.spec.speeds, one.spec.checkpoint_on_signal) == ((("a100", 2.0),), False)


def test_firms_are_guaranteed_and_lend_or_keep(tmp_path):
    firms = "firms: {negar: {guaranteed: 3, projects: [main]}, parsa: {}}\n"
    jobs = "workload: [{job: {run_seconds: 60, firm: negar, project: main}}]\n"
    lends = world(tmp_path, POOL + firms + jobs).pool.quota.nodes["negar"].of_class("a100")
    assert (lends.guaranteed.count, lends.lend_limit.count, lends.borrow_limit.unlimited) == (3, 3, True)
    keeps = (
        world(tmp_path, POOL + firms + jobs + "sharing: partition\n")
        .pool.quota.nodes["negar"]
        .of_class("a100")
    )
    assert (keeps.guaranteed.count, keeps.lend_limit.count, keeps.borrow_limit.count) == (3, 0, 0)


def test_quota_files_bring_firms_and_parks(tmp_path, request):
    quotas = request.config.rootpath / "quotas"
    jobs = "workload: [{job: {run_seconds: 60, firm: FIRM}}]\n"
    with pytest.raises(BostanError, match="firm FIRM, which the world does not have"):
        world(tmp_path, f"quotas: {quotas}\n" + jobs)
    made = world(
        tmp_path, f"quotas: {quotas}\n" + jobs.replace("FIRM", next(iter(_firms(quotas)))) + "seed: 2\n"
    )
    assert len(made.pool.nodes) > 0
    assert {node.park for node in made.pool.nodes.values()} == set(made.pool.parks)
    assert len(made.pool.quota.nodes) > 1


def _firms(quotas):
    from bostan.quotas import load_quotas

    return load_quotas(quotas).firms


def test_a_generator_draws_the_same_jobs_from_the_same_seed(tmp_path):
    line = (
        "workload: [{generate: {arrivals_per_hour: 10, hours: 50, from_hours: 10, run: {median_seconds: 100, sigma: 1}, "
        "sizes: [{gpus: 1, weight: 3}, {gpus: 2}], firms: {a: 1, b: 1}, time_limit_factor: 2}}]\n"
    )
    first, again, other = (world(tmp_path, POOL + line + f"seed: {seed}\n") for seed in (1, 1, 2))
    assert first.works == again.works != other.works
    assert 400 < len(first.works) < 600
    assert at(10 * 3600) <= min(work.submit_at for work in first.works)
    assert max(work.submit_at for work in first.works) < at(60 * 3600)
    runs = sorted(work.run_milliseconds for work in first.works)
    assert 70_000 < runs[len(runs) // 2] < 140_000
    assert sum(work.spec.gpus == 1 for work in first.works) > 2 * sum(
        work.spec.gpus == 2 for work in first.works
    )


def test_estimates_miss_by_as_much_as_is_said_in_the_order_of_submission(tmp_path):
    """The same draws as those of published comparisons: random.Random(seed).gauss, one a job."""
    import random
    from math import exp

    jobs = "workload: [{job: {run_seconds: 1000, at_seconds: 9}}, {job: {run_seconds: 500}}]\n"
    made = world(tmp_path, POOL + jobs + "estimates: {sigma: 1, seed: 1}\n")
    draws = random.Random(1)
    assert [work.spec.estimate_seconds for work in made.works] == [
        round(run * exp(draws.gauss(0, 1))) for run in (500, 1000)
    ]
    none = world(tmp_path, POOL + jobs + "estimates: {source: none}\n")
    assert {work.spec.estimate_seconds for work in none.works} == {None}


def test_faults_and_what_the_core_is_told_of_them(tmp_path):
    faults = f"""faults:
  - fail: {{node: {NODE}, at_hours: 1, hours: 2, confirmed_after_hours: 1}}
  - cut: {{node: {NODE}, at_hours: 3, hours: 1}}
  - maintain: {{node: park/a100-0-0001, at_hours: 2, hours: 1}}
"""
    made = world(tmp_path, POOL + JOB + faults)
    assert made.faults == (
        NodeFails(NODE, at(3600), at(10_800), at(7200)),
        NodeMaintained("park/a100-0-0001", at(7200), at(10_800)),
        LinkCut(NODE, at(10_800), at(14_400)),
    )
    assert [one.from_at for one in made.pool.obstacles.values()] == [at(7200)]


def test_what_parks_keep_for_a_time_is_known_from_the_beginning(tmp_path):
    windows = """windows:
  - reserve: {park: park, gpu_class: a100, gpus: 3, at_hours: 1, hours: 2, lend_when_idle: true, notice_seconds: 60}
  - reservation: {park: park, gpu_class: a100, gpus: 5, at_hours: 2, hours: 1, firm: firm}
"""
    own, booked = world(tmp_path, POOL + JOB + windows).pool.obstacles.values()
    assert own == LocalReserve("window-0", "park", "a100", 3, at(3600), at(10_800), True, 60)
    assert booked == AdvanceReservation("window-1", "park", "firm", "a100", 5, at(7200), at(10_800))


def test_random_failures_come_from_the_seed_and_never_over_one_another(tmp_path):
    faults = "faults: [{random: {mean_hours_between: 10, mean_repair_hours: 5, hours: 500}}]\n"
    first, other = (world(tmp_path, POOL + JOB + faults + f"seed: {seed}\n") for seed in (1, 2))
    assert first.faults != other.faults
    assert 40 < len(first.faults) < 100


def test_order_settings_and_model(tmp_path):
    text = (
        "order: srsf\nsettings: {silence_seconds: 60, preemption: {spacing_seconds: 0}, order: {gain: null}}\n"
        "model: {restart_seconds: 20, checkpoint_seconds: 600}\nuntil_hours: 2\n"
    )
    made = world(tmp_path, POOL + JOB + text)
    assert made.pool.settings.silence_seconds == 60
    assert made.pool.settings.preemption.spacing_seconds == 0
    assert made.pool.settings.order == Srsf(gain=None)
    assert made.model == Model(restart_seconds=20, checkpoint_seconds=600)
    assert made.until == at(7200)
    assert world(tmp_path, POOL + JOB + "model: {idealised: true}\n").model == IDEALISED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (JOB, "1: pool: is missing; list nodes, or name a folder of quota files"),
        (POOL, "1: workload: is missing; add it"),
        (POOL + "workload: []\n", "2: workload: is empty; give at least one entry"),
        (POOL + JOB + "sed: 1\n", "3: sed: is an unknown key; did you mean `seed`?"),
        (POOL + JOB + "seed: soon\n", "3: seed: must be a whole number, not 'soon'"),
        ("pool: [{nodes: 0, gpu_class: a100}]\n" + JOB, "1: pool[0].nodes: must be at least 1"),
        (
            "pool: [{nodes: 1, gpu_class: A100}]\n" + JOB,
            "1: pool[0].gpu_class: 'A100' is not an id; write a100",
        ),
        (POOL + "workload:\n  - job: {gpus: 1}\n", "3: workload[0].job.run_seconds: is missing; add it"),
        (POOL + "workload:\n  - job: {run_seconds: 0}\n", "3: workload[0].job.run_seconds:"),
        (
            POOL + "workload:\n  - job: {run_seconds: 1, gpus: 2, gpu_milli: 5}\n",
            "3: workload[0].job: has a part",
        ),
        (POOL + "workload:\n  - {}\n", "3: workload[0]: is not one kind of work"),
        (POOL + JOB + "faults:\n  - {}\n", "4: faults[0]: is not one kind of fault"),
        (POOL + JOB + "faults:\n  - cut: {node: x, at_hours: 1, hours: 1}\n", "4: faults[0].cut.node:"),
        (POOL + JOB + "windows:\n  - {}\n", "4: windows[0]: is not one kind of window"),
        (POOL + JOB + "order: lifo\n", "3: order: 'lifo' is no order; write fifo or strict-fifo"),
        (
            POOL + JOB + "settings: {silence: 1}\n",
            "3: settings.silence: is no setting; did you mean `silence_seconds`?",
        ),
        (POOL + JOB + "settings: {silence_seconds: -1}\n", "3: settings.silence_seconds: is -1; write 0"),
        (
            POOL + JOB + "settings: {silence_seconds: x}\n",
            "3: settings.silence_seconds: must be a whole number, not 'x'",
        ),
        (
            POOL + JOB + "settings: {preemption: 3}\n",
            "3: settings.preemption: must be a mapping of its fields",
        ),
        (
            POOL + JOB + "settings: {order: {gain: {ratio: 0.5}}}\n",
            "3: settings.order.gain: does not hold together",
        ),
        (
            POOL + JOB + "estimates: {source: guess}\n",
            "3: estimates.source: must be 'run-time', 'job' or 'none'",
        ),
        (POOL + JOB + "model: {tick_seconds: 0}\n", "3: model.tick_seconds: must be at least 1"),
        ("quotas: q\nfirms: {a: {}}\n" + JOB, "2: firms: stands beside quotas; keep one of the two"),
        ("- a\n", "1: must be a mapping; write `key: value` lines"),
    ],
)
def test_a_mistake_is_told_by_its_line_and_field(tmp_path, text, told):
    with pytest.raises(InvalidFile) as error:
        world(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path}/world.yaml:{told}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "faults: [{cut: {node: park/none, at_hours: 1, hours: 1}}]\n",
            "faults[0].node: there is no node park/none",
        ),
        (
            f"faults: [{{cut: {{node: {NODE}, at_hours: 1, hours: 2}}}}, {{fail: {{node: {NODE}, at_hours: 2}}}}]\n",
            f"faults: two come over {NODE} at the same time; let one end first",
        ),
        (
            "windows: [{reserve: {park: park, gpu_class: a100, gpus: 5, at_hours: 0, hours: 2}}, "
            "{reserve: {park: park, gpu_class: a100, gpus: 4, at_hours: 1, hours: 2}}]\n",
            "windows[0].gpus: 9 a100 would be kept at once; park has 8",
        ),
        (
            "windows: [{reserve: {park: far, gpu_class: a100, gpus: 1, at_hours: 0, hours: 2}}]\n",
            "windows[0].gpus: 1 a100 would be kept at once; far has 0",
        ),
        (
            "windows: [{reservation: {park: park, gpu_class: a100, gpus: 1, at_hours: 0, hours: 2, firm: x}}]\n",
            "windows[0].reservation.firm: there is no firm x",
        ),
        ("firms: {negar: {}}\n", "a job is of firm firm, which the world does not have; add it to its firms"),
    ],
)
def test_what_does_not_fit_together_is_told(tmp_path, text, told):
    with pytest.raises(BostanError) as error:
        world(tmp_path, POOL + JOB + text)
    assert str(error.value).startswith(told)


def test_a_generator_stops_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("bostan_scheduler.sim.worldfile.generate.JOBS_MAX", 3)
    line = "workload: [{generate: {arrivals_per_hour: 10, hours: 50, run: {median_seconds: 100}}}]\n"
    with pytest.raises(
        BostanError, match=r"workload\[0\] makes more than 3 jobs; make it shorter or thinner"
    ):
        world(tmp_path, POOL + line)


def test_random_failures_stop_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("bostan_scheduler.sim.worldfile.faults.FAULTS_MAX", 3)
    faults = "faults: [{random: {mean_hours_between: 10, mean_repair_hours: 5, hours: 500}}]\n"
    with pytest.raises(BostanError, match="more than 3 random failures"):
        world(tmp_path, POOL + JOB + faults)

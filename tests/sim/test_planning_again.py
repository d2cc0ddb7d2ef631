"""When the plan asks to be made again though nothing happens: it is, and a run still comes to its end."""

from dataclasses import replace

from bostan_scheduler.core.instant import after
from bostan_scheduler.sim.engine import IDLE_SECONDS_MAX, Engine
from bostan_scheduler.sim.mind import Decision, Mind
from simulated import START, small_world


class Restless(Mind):
    """Decides as the core does, and always wants to look again after ten minutes."""

    def __init__(self):
        super().__init__()
        self.looked_at = []

    def decide(self, draft):
        self.looked_at.append((draft.view.now - START) // 1000)
        return replace(super().decide(draft), again_at=after(draft.view.now, 600))


class Lazy(Restless):
    """Decides nothing in the first half hour."""

    def decide(self, draft):
        if draft.view.now < after(START, 1800):
            return Decision((), after(draft.view.now, 600))
        return super().decide(draft)


def run(world, mind):
    engine = Engine.of(world, check=True)
    engine.mind = mind
    for _ in engine.run():
        pass
    return [(job.first_start_at, job.end_at) for job in engine.scribe.jobs.values()]


def test_only_the_latest_wish_counts():
    mind = Restless()
    run(small_world(1, 8, [(0, 1000, 8), (500, 1000, 8)]), mind)
    assert mind.looked_at == [0, 500, 1000, 1600, 2000]


def test_what_waits_for_time_alone_gets_its_time():
    assert run(small_world(1, 8, [(0, 60, 8)]), Lazy()) == [(after(START, 1800), after(START, 1860))]


def test_after_a_day_of_nothing_a_run_is_over():
    mind = Restless()
    assert run(small_world(1, 4, [(0, 1000, 8)]), mind) == [(None, None)]
    assert mind.looked_at[-1] == IDLE_SECONDS_MAX

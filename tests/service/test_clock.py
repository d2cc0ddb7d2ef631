"""The centre's time counts by the boot clock, so that no lease ends because somebody has set the wall clock."""

import time

from bostan_scheduler.service import clock
from bostan_scheduler.service.clock import CentreClock


def test_it_is_placed_by_the_wall_clock():
    now = CentreClock.placed_now()
    assert abs(now() - time.time_ns() // 1_000_000) < 1000
    assert abs(now.ahead_of_wall_ms()) < 1000


def test_a_wall_clock_that_is_set_moves_it_not(monkeypatch):
    now = CentreClock.placed_now()
    before, hour = now(), 3_600_000
    monkeypatch.setattr(clock, "wall_ms", lambda: before + hour)
    assert now() - before < 1000
    assert -hour <= now.ahead_of_wall_ms() < -hour + 1000


def test_it_never_goes_back():
    now = CentreClock.placed_now()
    seen = [now() for _ in range(1000)]
    assert seen == sorted(seen)


def test_processes_of_a_machine_share_it():
    one = CentreClock.placed_now()
    assert abs(CentreClock(one.offset_ms)() - one()) < 1000

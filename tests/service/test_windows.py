"""Windows through the writer: told in history, answered again for a repeat, kept over leaders, and foreseen day by day."""

from dataclasses import replace

from bostan_scheduler.core.changes import Refusal
from bostan_scheduler.core.obstacle import LocalReserve, Maintenance, StandingReserve, Weekly
from bostan_scheduler.core.reports import MaintenanceWithdrawn, QuotasApplied, WindowAnnounced
from bostan_scheduler.core.snapshot import Park, Settings
from bostan_scheduler.service.foresight import AHEAD_DAYS, EVER, times_ahead
from bostan_scheduler.service.messages import Done, Idempotency, Tell
from bostan_scheduler.service.writer import Service
from stories import Story

HOUR, DAY = 3_600_000, 86_400_000
FRIDAYS = Weekly(("fri",), 450, 840, "Europe/Berlin")


def away(story, window_id="w1"):
    return Maintenance(window_id, "p", (), story.now + HOUR, story.now + 2 * HOUR, reason="new fans")


def files(story, *reserves):
    known = story.service.snapshot
    kept = {one.id: one for one in reserves}
    return QuotasApplied(known.quota, known.firms, {"p": Park("p")}, {}, "root", reserves=kept)


def own(weekly=None, gpus=2):
    return StandingReserve("p@1", "p", "a100", gpus, True, 900, weekly)


def obstacles(story):
    return story.service.snapshot.obstacles


def test_a_window_is_told_in_history_when_it_comes_and_when_it_goes():
    story = Story()
    story.tell(files(story))
    assert story.tell(WindowAnnounced(away(story), "ada")) == Done(("w1",))
    assert story.tell(MaintenanceWithdrawn("p", "w1", "eve")) == Done()
    told = [
        (event.event.kind, event.event.why)
        for event in story.store.events(0, 100)
        if "window" in event.event.kind
    ]
    assert told == [
        ("window-announced", "announced by ada: new fans"),
        ("window-removed", "called off by eve"),
    ]


def test_a_repeat_is_answered_with_the_same_window():
    story = Story()
    story.tell(files(story))
    once = Idempotency("t1", "key", "print")
    answers = [
        story.ask(Tell(WindowAnnounced(away(story, name), "ada"), once))[0] for name in ("made1", "made2")
    ]
    assert answers == [Done(("made1",)), Done(("made1",))]
    assert obstacles(story).keys() == {"made1"}
    other = Tell(WindowAnnounced(away(story), "ada"), replace(once, fingerprint="other"))
    assert isinstance(story.ask(other)[0], Refusal)


def test_the_next_leader_has_the_windows_and_foresees_again():
    story = Story()
    story.tell(files(story, own()))
    story.tell(WindowAnnounced(away(story), "ada"))
    story.plan()
    before = obstacles(story)
    service = Service.start(story.store, Settings(), story.now, "next")
    assert service.snapshot.obstacles.keys() == {"w1"}
    service.plan(story.now)
    assert service.snapshot.obstacles == before
    assert {type(one) for one in before.values()} == {Maintenance, LocalReserve}


def test_a_window_that_came_and_went_in_one_step_leaves_nothing():
    story = Story()
    story.tell(files(story))
    story.ask(Tell(WindowAnnounced(away(story), "ada")), Tell(MaintenanceWithdrawn("p", "w1", "ada")))
    assert (obstacles(story), story.store.windows()) == ({}, {})
    story.tell(WindowAnnounced(away(story), "ada"))
    story.ask(Tell(MaintenanceWithdrawn("p", "w1", "ada")), Tell(WindowAnnounced(away(story), "eve")))
    assert [one.announced_by for one in story.store.windows().values()] == ["eve"]


def test_what_comes_back_each_week_is_foreseen_for_some_weeks_and_on_day_by_day():
    story = Story()
    story.tell(files(story, own(FRIDAYS)))
    story.plan()
    first = obstacles(story)
    assert len(first) in (AHEAD_DAYS // 7, AHEAD_DAYS // 7 + 1)
    last = max(one.from_at for one in first.values())
    for _ in range(23):
        story.now += HOUR
        story.plan()
        assert obstacles(story) is first
    while max(one.from_at for one in obstacles(story).values()) == last:
        story.now += DAY
        story.plan()
        ends = [one.until_at for one in obstacles(story).values()]
        assert min(ends) > story.now - DAY
        assert story.now < last
    assert max(one.from_at for one in obstacles(story).values()) > story.now + (AHEAD_DAYS - 8) * DAY


def test_files_that_change_are_foreseen_with_the_next_plan():
    story = Story()
    story.tell(files(story, own()))
    story.plan()
    (always,) = obstacles(story).values()
    assert (always.gpus, always.from_at, always.until_at) == (2, 0, EVER)
    story.tell(files(story, own(gpus=3)))
    story.plan()
    assert [one.gpus for one in obstacles(story).values()] == [3]
    story.tell(files(story))
    story.plan()
    assert obstacles(story) == {}


def test_what_is_kept_each_week_follows_the_clocks_of_its_place():
    before_summer = (
        1_774_544_400_000  # Thursday, 26 March 2026, 17:00 UTC; the clocks of Berlin are set on Sunday
    )
    times = list(times_ahead([own(FRIDAYS)], before_summer, days=9))
    assert [one.from_at % DAY / HOUR for one in times] == [6.5, 5.5]
    assert [one.until_at - one.from_at for one in times] == [6.5 * HOUR, 6.5 * HOUR]
    assert len({one.id for one in times}) == 2

"""Windows that are announced and called off while the centre runs, and those that come with the quota files."""

from dataclasses import replace

import pytest
from bostan_scheduler.core.apply import apply_all
from bostan_scheduler.core.changes import AddObstacle, Foresee, Refusal, RemoveObstacle
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.observe import observe
from bostan_scheduler.core.obstacle import AdvanceReservation, LocalReserve, Maintenance, StandingReserve
from bostan_scheduler.core.reports import (
    MaintenanceWithdrawn,
    QuotasApplied,
    ReservationWithdrawn,
    WindowAnnounced,
)
from bostan_scheduler.core.snapshot import ClassFacts, Firm, Park, Settings
from worlds import NOW, world

HOUR = 3600


@pytest.fixture
def pool():
    """Two nodes of park p with four a100 each, one of them with a t4 too; firm x."""
    made = world("node p/a 4; node p/b 4,1xt4; quota x 8", Settings(park_windows_max=3))
    return replace(made, parks={"p": Park("p"), "q": Park("q")}, firms={"x": Firm("x")})


def away(window_id="w1", park="p", nodes=(), begin=HOUR, end=2 * HOUR, **more):
    return Maintenance(window_id, park, nodes, after(NOW, begin), after(NOW, end), **more)


def booked(window_id="r1", park="p", firm="x", gpus=4, begin=HOUR, end=2 * HOUR, gpu_class="a100"):
    return AdvanceReservation(window_id, park, firm, gpu_class, gpus, after(NOW, begin), after(NOW, end))


def announced(snapshot, *windows):
    for window in windows:
        changes = observe(snapshot, WindowAnnounced(window, "ada"))
        assert not isinstance(changes, Refusal), changes
        snapshot = apply_all(snapshot, changes)
    return snapshot


def refused(snapshot, report):
    found = observe(snapshot, report)
    assert isinstance(found, Refusal), found
    assert found.remedy
    return f"{found.code}: {found.detail}"


def test_a_window_is_kept_with_who_announced_it_and_when(pool):
    kept = announced(pool, away(reason="new fans"), booked()).obstacles
    assert kept["w1"] == away(reason="new fans", announced_at=NOW, announced_by="ada")
    assert (kept["r1"].announced_at, kept["r1"].announced_by) == (NOW, "ada")


REFUSED = [
    (away(park="z"), "not-found: there is no park z"),
    (away(nodes=("p/a", "p/z")), "invalid: nodes: there is no node p/z"),
    (away(begin=-2 * HOUR, end=0), "invalid: until_at: the window is over"),
    (away("w0"), "conflict: there is a window w0 already"),
    (booked("w0"), "conflict: there is a window w0 already"),
    (booked(firm="z"), "invalid: firm: there is no firm z"),
    (booked(park="z"), "not-found: there is no park z"),
    (booked(gpus=9), "invalid: gpus: 9 a100 would be kept at once; p has 8"),
    (booked(gpu_class="h100", gpus=1), "invalid: gpus: 1 h100 would be kept at once; p has 0"),
    (booked(park="q", gpus=1), "invalid: gpus: 1 a100 would be kept at once; q has 0"),
]


@pytest.mark.parametrize(("window", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_is_refused(pool, window, told):
    assert refused(announced(pool, away("w0")), WindowAnnounced(window, "ada")) == told


def test_a_window_that_has_begun_may_be_announced(pool):
    assert announced(pool, away(begin=-HOUR)).obstacles


def test_reservations_and_what_the_park_keeps_add_up_at_each_moment(pool):
    own = LocalReserve("p@1@0", "p", "a100", 3, after(NOW, 5 * HOUR), after(NOW, 6 * HOUR), True, 900)
    pool = apply_all(pool, (Foresee((own,), NOW),))
    pool = announced(
        pool, booked("early", gpus=5, end=3 * HOUR), booked("late", gpus=5, begin=3 * HOUR, end=5 * HOUR)
    )
    assert refused(pool, WindowAnnounced(booked(gpus=4, end=3 * HOUR), "ada")).endswith(
        "9 a100 would be kept at once; p has 8"
    )
    assert refused(pool, WindowAnnounced(booked(gpus=6, begin=5 * HOUR, end=7 * HOUR), "ada")).endswith(
        "9 a100 would be kept at once; p has 8"
    )
    assert announced(pool, booked(gpus=3, end=5 * HOUR))
    assert announced(pool, booked(gpus=5, begin=5 * HOUR, end=7 * HOUR))


def test_a_park_has_so_many_windows_that_are_not_over(pool):
    pool = announced(pool, away("w1"), away("w2"), booked("r1"))
    told = refused(pool, WindowAnnounced(away("w3"), "ada"))
    assert told == "limit: p would have 4 windows that are not over; 3 are allowed"
    assert announced(pool, away("other", park="q"))
    later = replace(pool, now=after(NOW, 2 * HOUR))
    cleaned = announced(later, away("w3", begin=3 * HOUR, end=4 * HOUR))
    assert cleaned.obstacles.keys() == {"w3"}


def test_what_the_park_keeps_for_its_own_is_not_counted(pool):
    times = tuple(
        LocalReserve(f"p@1@{n}", "p", "a100", 1, after(NOW, n), after(NOW, n + 1), True, 900)
        for n in range(9)
    )
    assert announced(apply_all(pool, (Foresee(times, NOW),)), away())


def test_a_window_is_called_off(pool):
    pool = announced(pool, away(), booked())
    assert observe(pool, MaintenanceWithdrawn("p", "w1", "ada")) == (RemoveObstacle("w1", "ada"),)
    assert observe(pool, ReservationWithdrawn("r1", "ada")) == (RemoveObstacle("r1", "ada"),)
    assert apply_all(pool, (RemoveObstacle("w1", "ada"),)).obstacles.keys() == {"r1"}
    assert (
        refused(pool, MaintenanceWithdrawn("q", "w1", "ada")) == "not-found: q has no maintenance window w1"
    )
    assert (
        refused(pool, MaintenanceWithdrawn("p", "r1", "ada")) == "not-found: p has no maintenance window r1"
    )
    assert refused(pool, ReservationWithdrawn("w1", "ada")) == "not-found: there is no reservation w1"


def applied(snapshot, windows=(), reserves=(), classes=None):
    report = QuotasApplied(
        snapshot.quota,
        snapshot.firms,
        snapshot.parks,
        {},
        "root",
        classes or {},
        {one.id: one for one in windows},
        {one.id: one for one in reserves},
    )
    return observe(snapshot, report)


def test_quota_files_replace_their_own_windows_alone(pool):
    pool = announced(pool, away("mine"))
    pool = apply_all(
        pool, applied(pool, [away("file1"), booked("file2")], classes={"a100": ClassFacts(900, 800)})
    )
    assert pool.obstacles.keys() == {"mine", "file1", "file2"}
    assert pool.classes == {"a100": ClassFacts(900, 800)}
    pool = apply_all(pool, applied(pool, [away("file3")]))
    assert (pool.obstacles.keys(), pool.classes) == ({"mine", "file3"}, {})


def test_a_window_of_the_files_is_removed_in_the_files(pool):
    pool = apply_all(pool, applied(pool, [away("file1"), booked("file2")]))
    for report in (MaintenanceWithdrawn("p", "file1", "ada"), ReservationWithdrawn("file2", "ada")):
        assert refused(pool, report).startswith("conflict: file")


def test_an_id_cannot_stand_in_the_files_and_beside_them(pool):
    pool = announced(pool, away("w1"))
    assert applied(pool, [away("w1")]).detail == "w1 was announced by ada while the centre runs"
    assert applied(pool, [away(f"w{n}") for n in range(2, 5)]).code == "limit"


def test_what_standing_reserves_come_to_is_foreseen_anew_when_the_files_change(pool):
    reserve = StandingReserve("p@1", "p", "a100", 2, True, 900)
    time = LocalReserve("p@1@0", "p", "a100", 2, 0, 2**53, True, 900)
    pool = apply_all(pool, applied(pool, reserves=[reserve]))
    assert (pool.reserves, pool.foreseen_at) == ({"p@1": reserve}, None)
    pool = apply_all(announced(pool, away()), (Foresee((time,), NOW),))
    assert (pool.obstacles.keys(), pool.foreseen_at) == ({"w1", "p@1@0"}, NOW)
    again = apply_all(pool, (Foresee((time,), NOW + 1),))
    assert again.obstacles is pool.obstacles
    pool = apply_all(pool, applied(pool))
    assert (pool.obstacles.keys(), pool.foreseen_at) == ({"w1"}, None)


@pytest.mark.parametrize(
    ("window", "closed"),
    [
        (away(), {"p/a", "p/b"}),
        (away(nodes=("p/a",)), {"p/a"}),
        (away(gpu_classes=("t4",)), {"p/b"}),
        (away(nodes=("p/a",), gpu_classes=("t4",)), {"p/a", "p/b"}),
        (away(gpu_classes=("h100",)), set()),
    ],
)
def test_which_nodes_are_away(pool, window, closed):
    classes = {"p/a": ["a100"], "p/b": ["a100", "t4"]}
    assert {node for node, held in classes.items() if window.closes(node, held)} == closed


def test_the_events_of_a_window_are_added_and_removed_by_name(pool):
    (change,) = observe(pool, WindowAnnounced(away(), "ada"))
    assert change == AddObstacle(away(announced_at=NOW, announced_by="ada"))

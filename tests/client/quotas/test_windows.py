"""Maintenance, local reserves and advance reservations: read whole, each mistake told by line and remedy."""

import pytest
from bostan.quotadocument import quota_document

PARK = "  north:\n    name:"  # lines 8 and 9: what is added under the park stands before its name
WINDOW = '{id: ups, from: "2026-12-31T22:00:00+03:30", until: "2027-01-01T06:00:00+03:30"'
RESERVE = "{gpu_class: a100-80g, gpus: 4"
BOOKED = (
    '{id: contest, firm: negar, park: south, gpu_class: t4-16g, gpus: 8, from: "jalali:1405-11-01", '
    'until: "jalali:1405-11-08"'
)


@pytest.fixture
def north(changed):
    """The province with these lines under the park north, from line 9 on; no GPUs of it are guaranteed to anybody."""

    def add(*lines):
        text = changed(PARK, "  north:\n" + "".join(f"    {line}\n" for line in lines) + "    name:")
        return (
            text.replace("a100-80g: {guaranteed: 8}", "a100-80g: {guaranteed: 0}")
            .replace("guaranteed: 4, borrow_limit: 4, lend_limit: 2", "guaranteed: 0")
            .replace("a100-80g: {guaranteed: 4}", "a100-80g: {guaranteed: 0}")
        )

    return add


@pytest.fixture
def booked(province):
    """The province with these reservations, from line 42 on, line 41 being their key."""

    def add(*entries):
        return province + "reservations:\n" + "".join(f"  - {entry}\n" for entry in entries)

    return add


def test_all_kinds_are_read_and_sent(north, load):
    text = north(
        f'maintenance: [{WINDOW}, pools: [a100], nodes: [n-1], announced_at: "2026-12-20T10:00:00Z", reason: UPS}}]',
        "local_reserve:",
        f"  - {RESERVE}, lend_when_idle: true, reclaim: {{notice: 30m}}}}",
        "  - {gpu_class: a100-80g, gpus: 2, when: {days: [sat, wed], from: 07:30, to: 24:00}}",
    )
    document = quota_document(load(text + f"reservations:\n  - {BOOKED}}}\n"))
    (window,), (always, weekly), (contest,) = (
        document.maintenance,
        document.local_reserves,
        document.reservations,
    )
    assert (window.id, window.park, window.nodes, window.gpu_classes) == (
        "ups",
        "north",
        ("n-1",),
        ("a100-80g",),
    )
    assert (window.from_at, window.until_at - window.from_at) == (1_798_741_800_000, 8 * 3_600_000)
    assert (window.announced_at, window.reason) == (1_797_760_800_000, "UPS")
    assert (always.gpus, always.lend_when_idle, always.notice_seconds, always.when) == (4, True, 1800, None)
    assert (weekly.lend_when_idle, weekly.when.days) == (False, ("sat", "wed"))
    assert (weekly.when.from_minute, weekly.when.until_minute) == (450, 1440)
    assert weekly.when.timezone == "Asia/Tehran"
    assert (contest.firm, contest.park, contest.gpus) == ("negar", "south", 8)


def test_the_facts_of_a_class_are_sent(changed, load):
    text = changed(
        "parks:", "gpu_classes:\n  t4-16g: {memory_gib: 16, su_milli: 250, speed_milli: 200}\nparks:"
    )
    (facts,) = quota_document(load(text)).class_facts.values()
    assert (facts.su_milli, facts.speed_milli) == (250, 200)


def test_a_slice_is_a_class_of_its_own(changed, load):
    text = changed(
        "parks:", "gpu_classes:\n  a100-80g/1g.10gb: {memory_gib: 10, su_milli: 140}\nparks:"
    ).replace(
        "t4: {gpu_class: t4-16g, nodes: 1, gpus_per_node: 8}",
        "cut: {gpu_class: a100-80g/1g.10gb, nodes: 1, gpus_per_node: 8}",
    )
    document = quota_document(load(text.replace("t4-16g:", "a100-80g/1g.10gb:")))
    assert document.quotas[0].gpus["a100-80g/1g.10gb"].guaranteed == 8


IN_THE_PARK = [
    (
        "maintenance: {}",
        "9: parks.north.maintenance: must be a list, not a mapping; write [a, b] or one '- ' line for each",
    ),
    (
        f"maintenance: [{WINDOW}, pool: a}}]",
        "9: parks.north.maintenance[0].pool: is an unknown key; did you mean `pools`?",
    ),
    (
        f"maintenance: [{WINDOW}, pools: [a10]}}]",
        "9: parks.north.maintenance[0].pools[0]: there is no pool a10; did you mean a100?",
    ),
    (
        f"maintenance: [{WINDOW}, nodes: [a/b]}}]",
        "9: parks.north.maintenance[0].nodes[0]: 'a/b' is not a node's name; write it as `bostan nodes` shows it, without its park",
    ),
    (
        f"maintenance: [{WINDOW}}}, {WINDOW}}}]",
        "9: parks.north.maintenance[1].id: ups stands twice (first in parks.north.maintenance.0); give each its own id",
    ),
    (
        'maintenance: [{id: a, from: "2027-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z"}]',
        "9: parks.north.maintenance[0].until: is not after from; the window is empty; correct one of them",
    ),
    (
        'maintenance: [{id: a, from: "2027-01-01", until: "2027-01-02T00:00:00Z"}]',
        "9: parks.north.maintenance[0].from: '2027-01-01' lacks a time or an offset; write \"2027-01-01T00:00:00+03:30\"",
    ),
    (
        f'maintenance: [{WINDOW}, announced_at: "2027-01-01T00:00:00Z"}}]',
        "9: parks.north.maintenance[0].announced_at: is after the window begins; write when it was announced, or remove it",
    ),
    (
        f"local_reserve: [{RESERVE}, lend: true}}]",
        "9: parks.north.local_reserve[0].lend: is an unknown key; remove it (known here: gpu_class, gpus, lend_when_idle, reclaim, when)",
    ),
    (
        "local_reserve: [{gpu_class: a100-80g, gpus: 0}]",
        "9: parks.north.local_reserve[0].gpus: must be at least 1; write 1 or more",
    ),
    (
        "local_reserve: [{gpu_class: t4-16g, gpus: 1}]",
        "9: parks.north.local_reserve[0].gpu_class: north has no pool of t4-16g; it has a100-80g",
    ),
    (
        f"local_reserve: [{RESERVE}, reclaim: {{notice: 15m}}}}]",
        "9: parks.north.local_reserve[0].reclaim: is given for GPUs that are never lent; write lend_when_idle: true, or remove it",
    ),
    (
        f"local_reserve: [{RESERVE}, lend_when_idle: true, reclaim: {{notice: 2d}}}}]",
        "9: parks.north.local_reserve[0].reclaim.notice: 2d is more than 1d; write 1d or less",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [], from: 07:30, to: 14:00}}}}]",
        "9: parks.north.local_reserve[0].when.days: needs at least 1 entries; add what is missing",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [sat, sat], from: 07:30, to: 14:00}}}}]",
        "9: parks.north.local_reserve[0].when.days: names a day twice; keep each once",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [sat], from: 7:30, to: 14:00}}}}]",
        "9: parks.north.local_reserve[0].when.from: '7:30' is not a time of day; write \"07:30\"",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [sat], from: ۰۷:۳۰, to: 14:00}}}}]",
        "9: parks.north.local_reserve[0].when.from: '۰۷:۳۰' is not a time of day; write \"07:30\"",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [sat], from: 24:00, to: 14:00}}}}]",
        "9: parks.north.local_reserve[0].when.from: is the end of a day; write 00:00",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [sat], from: 14:00, to: 14:00}}}}]",
        "9: parks.north.local_reserve[0].when.to: is the same as from; write from: 00:00, to: 24:00 for all day",
    ),
    (
        "local_reserve: [{gpu_class: a100-80g, gpus: 9}]",
        "9: parks.north.local_reserve[0].gpus: 9 are kept at once; the pools of north have 8 a100-80g; keep fewer",
    ),
    (
        f"local_reserve: [{RESERVE}, when: {{days: [fri], from: 22:00, to: 06:00}}}}, {{gpu_class: a100-80g, gpus: 5, "
        "when: {days: [sat], from: 05:59, to: 07:00}}]",
        "9: parks.north.local_reserve[1].gpus: 9 are kept at once; the pools of north have 8 a100-80g; keep fewer",
    ),
]


@pytest.mark.parametrize(("line", "told"), IN_THE_PARK, ids=[told for _, told in IN_THE_PARK])
def test_a_mistake_of_a_park_is_told_with_its_line(north, mistakes, line, told):
    assert mistakes(north(line)) == [f"q0.yaml:{told}"]


def test_reserves_that_never_meet_may_both_be_large(north, load):
    text = north(
        "local_reserve:",
        "  - {gpu_class: a100-80g, gpus: 8, when: {days: [fri], from: 22:00, to: 06:00}}",
        "  - {gpu_class: a100-80g, gpus: 8, when: {days: [sat], from: 06:00, to: 07:00}}",
    )
    assert len(load(text).parks["north"].local_reserve) == 2


def test_what_a_park_keeps_is_guaranteed_to_nobody_else(changed, mistakes):
    text = changed(PARK, f"  north:\n    local_reserve: [{RESERVE}}}]\n    name:")
    assert mistakes(text) == [
        "q0.yaml:27: quotas[0].gpus.a100-80g: 8 are guaranteed from 2026-03-20T20:30:00Z (jalali:1405-01-01); the parks have "
        "4 beside the 4 of their own; lower the guarantee or add GPUs to a park"
    ]


def test_a_pool_that_cannot_be_told_from_another_is_not_away_alone(north, mistakes):
    text = north(f"maintenance: [{WINDOW}, pools: [a100]}}]").replace(
        "gpus_per_node: 4}",
        "gpus_per_node: 4}\n      big: {gpu_class: a100-80g, nodes: 1, gpus_per_node: 8}",
        1,
    )
    assert mistakes(text) == [
        "q0.yaml:9: parks.north.maintenance[0].pools: leaves out big, whose nodes cannot be told apart: they are a100-80g "
        "too; name big as well, or name `nodes:` instead"
    ]


RESERVATIONS = [
    (BOOKED.replace("negar", "nega"), "42: reservations[0].firm: there is no firm nega; did you mean negar?"),
    (
        BOOKED.replace("park: south", "park: west"),
        "42: reservations[0].park: there is no park west; known: north, south",
    ),
    (
        BOOKED.replace("t4-16g", "a100-80g"),
        "42: reservations[0].gpu_class: south has no pool of a100-80g; it has t4-16g",
    ),
    (BOOKED.replace("gpus: 8", "gpus: 0"), "42: reservations[0].gpus: must be at least 1; write 1 or more"),
    (
        BOOKED.replace("gpus: 8", "gpus: 9"),
        "42: reservations[0].gpus: 9 t4-16g are reserved from 2027-01-20T20:30:00Z (jalali:1405-11-01); south has 8; "
        "reserve fewer, or at another time",
    ),
    (
        BOOKED.replace("1405-11-08", "1405-11-01"),
        "42: reservations[0].until: is not after from; the window is empty; correct one of them",
    ),
    (BOOKED + ", note: x", "42: reservations[0].note: is an unknown key; "),
]


@pytest.mark.parametrize(("entry", "told"), RESERVATIONS, ids=[told for _, told in RESERVATIONS])
def test_a_mistake_of_a_reservation_is_told_with_its_line(booked, mistakes, entry, told):
    (mistake,) = mistakes(booked(entry + "}"))
    assert mistake.startswith(f"q0.yaml:{told}")


def test_reservations_meet_on_a_date(booked, mistakes, load):
    half = BOOKED.replace("gpus: 8", "gpus: 5")
    later = half.replace("contest", "show").replace("1405-11-08", "1405-11-12")
    assert mistakes(booked(half + "}", later.replace("1405-11-01", "1405-11-07") + "}")) == [
        "q0.yaml:43: reservations[1].gpus: 10 t4-16g are reserved from 2027-01-26T20:30:00Z (jalali:1405-11-07); south has 8; "
        "reserve fewer, or at another time"
    ]
    assert load(booked(half + "}", later.replace("1405-11-01", "1405-11-08") + "}")).reservations


def test_reservations_and_what_the_park_keeps_meet_on_a_day_of_the_week(booked, mistakes, load):
    keeps = "gpus_per_node: 8}\n    local_reserve: [{gpu_class: t4-16g, gpus: 1, when: {days: [fri], from: 08:00, to: 10:00}}]"
    text = booked(BOOKED.replace("gpus: 8", "gpus: 8") + "}").replace("gpus_per_node: 8}", keeps)
    text = text.replace("t4-16g: {guaranteed: 8}", "t4-16g: {guaranteed: 0}")
    assert mistakes(text) == [
        "q0.yaml:43: reservations[0].gpus: 8 t4-16g are reserved, and 1 kept for its own, from 2027-01-20T20:30:00Z "
        "(jalali:1405-11-01); south has 8; reserve fewer, or at another time"
    ]
    # The 1st of Bahman is a Thursday: one day ends before the Friday begins.
    assert load(text.replace("1405-11-08", "1405-11-02")).reservations


def test_an_id_stands_once_over_all_files(booked, mistakes):
    other = f"schema_version: 1\nreservations:\n  - {BOOKED}}}\n"
    assert mistakes(booked(BOOKED + "}"), other) == [
        "q1.yaml:3: reservations[0].id: contest is written twice (first in q0.yaml:42); keep one"
    ]


def test_a_park_has_a_limit_of_windows(north, mistakes):
    window = '{{id: w{}, from: "2027-01-01T00:00:00Z", until: "2027-01-02T00:00:00Z"}}'
    many = ", ".join(window.format(number) for number in range(201))
    assert mistakes(north(f"maintenance: [{many}]")) == [
        "q0.yaml:9: parks.north.maintenance: has more than 200 entries; remove some"
    ]

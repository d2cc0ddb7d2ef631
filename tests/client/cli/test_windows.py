"""Announcing windows: what is sent, what is listed, and when times are not clear."""

import pytest
from bostan.api import Maintenance, NewMaintenance, NewReservation, Page, Reservation

UPS = {"id": "ups", "park": "tabriz", "from_at": 1_798_741_800_000, "until_at": 1_798_770_600_000}
CONTEST = {**UPS, "id": "contest", "firm": "acme", "gpu_class": "t4-16g", "gpus": 8, "announced_by": "ada"}
SPAN = ("--from", "2026-12-31T22:00+03:30", "--until", "2027-01-01T06:00+03:30")


def test_maintenance_is_announced_as_it_was_said(bostan, centre):
    centre.answers["POST /v1/parks/tabriz/maintenance"] = UPS
    words = ("park", "maintenance", "add", "tabriz", *SPAN, "--node", "n1", "--node", "tabriz/n2")
    told = bostan(*words, "--class", "t4-16g", "--reason", "new UPS", "--id", "ups")
    assert (told.code, told.out) == (0, "Announced ups\n")
    assert "bostan park maintenance remove tabriz ups" in told.err
    sent = NewMaintenance(**centre.bodies[0])
    assert (sent.from_at, sent.until_at) == (UPS["from_at"], UPS["until_at"])
    assert (sent.id, sent.nodes, sent.gpu_classes, sent.reason) == (
        "ups",
        ("n1", "n2"),
        ("t4-16g",),
        "new UPS",
    )
    assert Maintenance(**bostan(*words, "-o", "json").json) == Maintenance(**UPS)


def test_local_times_and_times_from_now(bostan, centre):
    centre.answers["POST /v1/parks/tabriz/maintenance"] = UPS
    bostan("park", "maintenance", "add", "tabriz", "--from", "2026-12-31T18:30", "--until", "2027-01-01")
    sent = NewMaintenance(**centre.bodies[0])
    assert (sent.from_at, sent.until_at - sent.from_at) == (UPS["from_at"], 5.5 * 3_600_000)
    bostan("park", "maintenance", "add", "tabriz", "--from", "+1h", "--until", "+3h30m")
    sent = NewMaintenance(**centre.bodies[1])
    assert abs(sent.until_at - sent.from_at - 2.5 * 3_600_000) < 60_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "soon", "--until", "+1h"), "--from: 'soon' is no date"),
        (("--from", "+1", "--until", "+1h"), "--from: '1' is not a duration"),
        ((*SPAN, "--id", "p@1"), "id: "),
        ((*SPAN, "--node", "a b"), "nodes.0: "),
    ],
)
def test_what_is_not_clear_is_told_before_anything_is_sent(bostan, centre, words, said):
    told = bostan("park", "maintenance", "add", "tabriz", *words)
    assert told.code == 2
    assert said in told.err
    assert centre.asked == []


def test_a_reservation_is_made(bostan, centre):
    centre.answers["POST /v1/reservations"] = CONTEST
    words = ("reservations", "add", "tabriz", "--firm", "acme", "--class", "t4-16g", "--gpus", "8", *SPAN)
    told = bostan(*words)
    assert (told.code, told.out) == (0, "Reserved contest\n")
    sent = NewReservation(**centre.bodies[0])
    assert (sent.park, sent.firm, sent.gpu_class, sent.gpus) == ("tabriz", "acme", "t4-16g", 8)
    assert Reservation(**bostan(*words, "-o", "json").json).announced_by == "ada"


@pytest.mark.parametrize(
    ("words", "path", "said"),
    [
        (
            ("park", "maintenance", "remove", "tabriz", "ups"),
            "/v1/parks/tabriz/maintenance/ups",
            "Called off ups\n",
        ),
        (("reservations", "remove", "contest"), "/v1/reservations/contest", "Gave up contest\n"),
    ],
)
def test_a_window_is_taken_back(bostan, centre, words, path, said):
    assert bostan(*words).code == 5
    centre.answers[f"DELETE {path}"] = {}
    told = bostan(*words)
    assert (told.code, told.out) == (0, said)
    assert bostan(*words, "-o", "json").json == {}


LISTS = [
    (
        ("park", "maintenance", "list", "tabriz"),
        "/v1/parks/tabriz/maintenance",
        Maintenance,
        UPS,
        "quota files",
    ),
    (("reservations", "list"), "/v1/reservations", Reservation, CONTEST, "2026-12-31 18:30"),
]


@pytest.mark.parametrize(("words", "path", "model", "item", "shown"), LISTS, ids=[each[1] for each in LISTS])
def test_windows_are_listed(bostan, centre, words, path, model, item, shown):
    centre.answers[f"GET {path}"] = {"items": [item]}
    told = bostan(*words)
    assert told.code == 0
    assert shown in " ".join(told.out.split())
    assert max(map(len, told.out.splitlines())) <= 80
    assert Page[model].model_validate(bostan(*words, "-o", "json").json).items == (model(**item),)
    centre.answers[f"GET {path}"] = {"items": []}
    assert bostan(*words).err.startswith("There are no ")


def test_parks_tell_the_next_window(bostan, centre):
    always = {"kind": "local-reserve", "id": "tabriz@1", "from_at": 0, "until_at": None}
    ups = {"kind": "maintenance", **{name: UPS[name] for name in ("id", "from_at", "until_at")}}
    park = {"id": "tabriz", "name": "", "nodes": 1, "gpus": 4, "gpus_free": 4, "windows": [always, ups]}
    centre.answers["GET /v1/parks"] = {"items": [park, {"id": "shiraz", "name": ""}]}
    lines = bostan("parks").out.splitlines()
    assert lines[1].endswith("maintenance 2026-12-31 18:30")
    assert lines[2].rstrip().endswith("-")
    assert bostan("parks", "-o", "json").json["items"][0]["windows"][1]["id"] == "ups"

"""Windows over REST: announced, listed and called off, told where parks are shown, and made once for a key."""

import pytest

HOUR, DAY = 3_600_000, 86_400_000


def window(rest, **changes):
    return {"from_at": rest.story.now + HOUR, "until_at": rest.story.now + 2 * HOUR} | changes


def booking(rest, **changes):
    wanted = {"park": "p", "firm": "acme", "gpu_class": "a100", "gpus": 2}
    return wanted | window(rest) | changes


async def listed(rest, who="member", path="/v1/parks/p/maintenance"):
    return (await rest.seen(who, path))["items"]


async def test_maintenance_is_announced_seen_by_everybody_and_called_off(rest):
    rest.story.connect("p/a", 4)
    asked = window(rest, id="ups", nodes=["a"], gpu_classes=["a100"], reason="new UPS")
    answer = await rest.post("operator", "/v1/parks/p/maintenance", asked)
    assert answer.status_code == 201, answer.text
    kept = {**asked, "park": "p", "announced_by": "operator", "announced_at": rest.story.now}
    assert answer.json() == kept
    assert await listed(rest) == [kept]
    gone = await rest.ask("operator", "DELETE", "/v1/parks/p/maintenance/ups")
    assert (gone.status_code, gone.content) == (204, b"")
    assert await listed(rest) == []
    events = (await rest.seen("admin", "/v1/events"))["items"]
    told = [(event["kind"], event["why"]) for event in events if "window" in event["kind"]]
    assert told == [
        ("window-announced", "announced by operator: new UPS"),
        ("window-removed", "called off by operator"),
    ]


async def test_reservations_are_made_seen_and_given_up_by_administrators(rest):
    rest.story.connect("p/a", 4)
    made = await rest.post("admin", "/v1/reservations", booking(rest))
    assert made.status_code == 201, made.text
    reservation = made.json()
    assert reservation["id"].startswith("r-")
    assert (reservation["firm"], reservation["gpus"], reservation["announced_by"]) == ("acme", 2, "admin")
    assert await listed(rest, "auditor", "/v1/reservations") == [reservation]
    assert (await rest.ask("admin", "DELETE", f"/v1/reservations/{reservation['id']}")).status_code == 204
    assert await listed(rest, "admin", "/v1/reservations") == []


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"id": "p@1"}, 422, "id"),
        ({"id": "a/b"}, 422, "id"),
        ({"nodes": ["z"]}, 422, "nodes"),
        ({"nodes": ["p/a"]}, 422, "nodes.0"),
        ({"gpu_classes": ["A100"]}, 422, "gpu_classes.0"),
        ({"until_at": 0}, 422, "until_at"),
        ({"until_at": 2**60}, 422, "until_at"),
        ({"from_at": -1}, 422, "until_at"),
        ({"from_at": 1, "until_at": 2}, 422, "until_at"),
        ({"reason": "x" * 513}, 422, "reason"),
        ({"shoe_size": 42}, 422, "shoe_size"),
    ],
)
async def test_maintenance_that_cannot_be_names_its_field(rest, changes, status, field):
    answer = await rest.post("operator", "/v1/parks/p/maintenance", window(rest, **changes))
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert answer.json()["remedy"]
    assert await listed(rest) == []


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"firm": "nobody"}, 422, "firm"),
        ({"park": "z"}, 404, ""),
        ({"gpus": 0}, 422, "gpus"),
        ({"gpus": 5}, 422, "gpus"),
        ({"gpu_class": "h100"}, 422, "gpus"),
        ({"until_at": 0}, 422, "until_at"),
    ],
)
async def test_a_reservation_that_cannot_be_names_its_field(rest, changes, status, field):
    rest.story.connect("p/a", 4)
    answer = await rest.post("admin", "/v1/reservations", booking(rest, **changes))
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert answer.json()["remedy"]


async def test_what_is_not_there_is_said_to_be_so(rest):
    for who, method, path in (
        ("admin", "GET", "/v1/parks/z/maintenance"),
        ("admin", "POST", "/v1/parks/z/maintenance"),
        ("operator", "DELETE", "/v1/parks/p/maintenance/none"),
        ("admin", "DELETE", "/v1/reservations/none"),
    ):
        body = {"json": window(rest)} if method == "POST" else {}
        answer = await rest.ask(who, method, path, **body)
        assert answer.status_code == 404, answer.text
        assert answer.json()["remedy"]


async def test_an_operator_closes_their_own_park_alone(rest):
    answer = await rest.post("operator", "/v1/parks/q/maintenance", window(rest))
    assert (answer.status_code, answer.json()["field"]) == (403, "park")


async def test_an_id_stands_once(rest):
    first = window(rest, id="ups")
    assert (await rest.post("operator", "/v1/parks/p/maintenance", first)).status_code == 201
    again = await rest.post("operator", "/v1/parks/p/maintenance", first)
    assert again.status_code == 409
    assert again.json()["remedy"] == "give it another id"


async def test_with_the_same_key_the_same_window_is_answered(rest):
    key, asked = {"Idempotency-Key": "once"}, window(rest)
    answers = [await rest.post("operator", "/v1/parks/p/maintenance", asked, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await listed(rest)) == 1
    other = await rest.post("operator", "/v1/parks/p/maintenance", window(rest, reason="x"), headers=key)
    assert other.status_code == 409
    await rest.ask("operator", "DELETE", f"/v1/parks/p/maintenance/{answers[0].json()['id']}")
    gone = await rest.post("operator", "/v1/parks/p/maintenance", asked, headers=key)
    assert (gone.status_code, "new key" in gone.json()["remedy"]) == (404, True)


async def test_a_park_has_a_limit_of_windows(rest):
    most = rest.story.service.snapshot.settings.park_windows_max
    for _ in range(most):
        assert (await rest.post("operator", "/v1/parks/p/maintenance", window(rest))).status_code == 201
    answer = await rest.post("operator", "/v1/parks/p/maintenance", window(rest))
    assert (answer.status_code, "200 are allowed" in answer.json()["detail"]) == (429, True)


async def test_windows_of_the_files_are_listed_and_not_called_off(rest, new_document):
    ups = {"id": "ups", "park": "p", **window(rest)}
    await rest.ask("admin", "PUT", "/v1/quotas/document", json=new_document(maintenance=[ups]))
    assert [one["announced_by"] for one in await listed(rest)] == [None]
    answer = await rest.ask("operator", "DELETE", "/v1/parks/p/maintenance/ups")
    assert (answer.status_code, "bostan quotas apply" in answer.json()["remedy"]) == (409, True)


async def test_what_is_over_is_not_listed(rest):
    await rest.post("operator", "/v1/parks/p/maintenance", window(rest))
    rest.story.now += 2 * HOUR
    assert await listed(rest) == []


async def test_parks_tell_what_lies_ahead_and_for_whom_only_to_them(rest, new_document):
    rest.story.connect("p/a", 4)
    always = {"park": "p", "gpu_class": "a100", "gpus": 1, "lend_when_idle": True}
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    daily = {"days": days, "from_minute": 0, "until_minute": 60, "timezone": "Asia/Tehran"}
    reserves = [always, {**always, "when": daily}]
    await rest.ask("admin", "PUT", "/v1/quotas/document", json=new_document(local_reserves=reserves))
    await rest.post("admin", "/v1/reservations", booking(rest, id="contest"))
    await rest.post(
        "operator",
        "/v1/parks/p/maintenance",
        window(rest, id="later", from_at=rest.story.now + 40 * DAY, until_at=rest.story.now + 41 * DAY),
    )
    for who, firm in (("admin", "acme"), ("operator", "acme"), ("member", "acme"), ("rival", None)):
        park, other = (await rest.seen(who, "/v1/parks"))["items"]
        shown = park["windows"]
        (contest,) = (one for one in shown if one["id"] == "contest")
        assert (contest["kind"], contest["firm"], contest["gpus"]) == ("reservation", firm, 2)
        assert (shown[0]["kind"], shown[0]["until_at"], shown[0]["lend_when_idle"]) == (
            "local-reserve",
            None,
            True,
        )
        assert [one["from_at"] for one in shown] == sorted(one["from_at"] for one in shown)
        assert len(shown) == rest.limits.windows_shown_max
        assert "later" not in {one["id"] for one in shown}
        assert other["windows"] == []


async def test_lists_of_windows_are_paged(small):
    for number in range(3):
        asked = window(small, id=f"w{number}")
        assert (await small.post("operator", "/v1/parks/p/maintenance", asked)).status_code == 201
    first = await small.seen("member", "/v1/parks/p/maintenance")
    assert [one["id"] for one in first["items"]] == ["w0", "w1"]
    rest = await small.seen("member", "/v1/parks/p/maintenance", cursor=first["next_cursor"])
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == (["w2"], None)

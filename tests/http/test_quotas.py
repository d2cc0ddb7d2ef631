"""Quotas: a document goes in whole and comes out the same; contradictions are named; use is counted; so is time."""

import pytest

DAY = 86_400_000


async def put(rest, document):
    return await rest.ask("admin", "PUT", "/v1/quotas/document", json=document)


def leaf(name, **changes):
    return {"id": name, "from_at": 0, "until_at": 2**50, "gpus": {"a100": {"guaranteed": 4}}} | changes


async def test_a_document_comes_out_as_it_went_in(rest, new_document):
    root = leaf(
        "province", gpus={"a100": {"guaranteed": 16, "borrow_limit": None, "lend_limit": 2}}, weight=3
    )
    one = leaf("province/acme", parent="province", firm="acme", project="vision", max_queued=7)
    one["max_job"] = {"gpus": 4, "hours": 48}
    document = new_document(quotas=[root, one], gpu_classes={"a100": ["A100", "A100-X"]})
    assert (await put(rest, document)).status_code == 200
    told = await rest.seen("auditor", "/v1/quotas/document")
    assert (await put(rest, told)).status_code == 200
    assert await rest.seen("auditor", "/v1/quotas/document") == told
    assert told["quotas"][0]["gpus"]["a100"] == {"guaranteed": 16, "borrow_limit": None, "lend_limit": 2}
    assert (told["quotas"][1]["max_job"], told["quotas"][1]["max_queued"]) == ({"gpus": 4, "hours": 48}, 7)
    assert told["gpu_classes"] == {"a100": ["A100", "A100-X"]}


HALF_AN_HOUR = {"from_at": DAY, "until_at": DAY + 1_800_000}
UPS = {"id": "ups", "park": "p", **HALF_AN_HOUR}
CONTEST = {
    "id": "contest",
    "park": "p",
    "firm": "acme",
    "gpu_class": "a100/1g.10gb",
    "gpus": 2,
    **HALF_AN_HOUR,
}
FRIDAYS = {"days": ["fri"], "from_minute": 1320, "until_minute": 360, "timezone": "Asia/Tehran"}
OWN = {
    "park": "p",
    "gpu_class": "a100",
    "gpus": 2,
    "lend_when_idle": True,
    "notice_seconds": 600,
    "when": FRIDAYS,
}
ALWAYS = {
    "park": "q",
    "gpu_class": "t4",
    "gpus": 1,
    "lend_when_idle": False,
    "notice_seconds": 900,
    "when": None,
}


async def test_windows_and_classes_come_out_as_they_went_in(rest, new_document):
    ups = {**UPS, "nodes": ["a"], "gpu_classes": ["a100"], "announced_at": 5, "reason": "new UPS"}
    # More than nine of them, so that numbers in ids sort as numbers.
    said = {
        "class_facts": {"a100": {"su_milli": 1000, "speed_milli": 900}},
        "maintenance": [ups],
        "reservations": [CONTEST],
        "local_reserves": [OWN, *[ALWAYS] * 10, OWN],
    }
    assert (await put(rest, new_document(**said))).status_code == 200
    told = await rest.seen("auditor", "/v1/quotas/document")
    assert {key: told[key] for key in said} == said
    assert (await put(rest, new_document())).status_code == 200
    told = await rest.seen("auditor", "/v1/quotas/document")
    assert {key: len(told[key]) for key in said} == dict.fromkeys(said, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quotas": [leaf("a"), leaf("a")]}, "quotas.1.id"),
        ({"quotas": [leaf("a", parent="b")]}, "quotas.0.parent"),
        ({"quotas": [leaf("a", parent="b"), leaf("b", parent="a")]}, "quotas.0.parent"),
        ({"quotas": [leaf("a", firm="nobody")]}, "quotas.0.firm"),
        ({"quotas": [leaf("a", firm="acme", project="poetry")]}, "quotas.0.project"),
        ({"quotas": [leaf("a", project="vision")]}, "quotas.0.project"),
        ({"quotas": [leaf("a", firm="acme"), leaf("b", parent="a")]}, "quotas.1.parent"),
        ({"quotas": [leaf("a", from_at=5000), leaf("b", parent="a")]}, "quotas.1.from_at"),
        ({"quotas": [leaf("a", until_at=5000), leaf("b", parent="a")]}, "quotas.1.until_at"),
        ({"quotas": [leaf("a", firm="acme"), leaf("b", firm="acme")]}, "quotas.1.firm"),
        ({"quotas": [leaf("a", from_at=9, until_at=9)]}, "quotas.0.until_at"),
        ({"quotas": [leaf("a", until_at=2**60)]}, "quotas.0.until_at"),
        ({"quotas": [leaf("a", from_at=-1)]}, "quotas.0.until_at"),
        (
            {"quotas": [leaf("a", gpus={"t4": {"guaranteed": 1, "lend_limit": 2}})]},
            "quotas.0.gpus.t4.lend_limit",
        ),
        (
            {"quotas": [leaf("r"), leaf("a", parent="r"), leaf("b", parent="r", firm="zeta")]},
            "quotas.0.gpus.a100",
        ),
        ({"quotas": [leaf("a", gpus={"a100": {"guaranteed": -1}})]}, "quotas.0.gpus.a100.guaranteed"),
        ({"gpu_classes": {"a": ["X"], "b": ["X"]}}, "gpu_classes.b"),
        ({"parks": [{"id": "p/q"}]}, "parks.0.id"),
        ({"parks": [{"id": "p"}, {"id": "p"}]}, "parks.1.id"),
        ({"firms": [{"id": "acme"}, {"id": "acme"}]}, "firms.1.id"),
        ({"grants": []}, "grants"),
        ({"maintenance": [UPS, UPS]}, "maintenance.1.id"),
        ({"maintenance": [UPS], "reservations": [{**CONTEST, "id": "ups"}]}, "reservations.0.id"),
        ({"maintenance": [{**UPS, "park": "z"}]}, "maintenance.0.park"),
        ({"maintenance": [{**UPS, "until_at": DAY}]}, "maintenance.0.until_at"),
        ({"maintenance": [{**UPS, "until_at": 2**60}]}, "maintenance.0.until_at"),
        ({"maintenance": [{**UPS, "nodes": ["p/a"]}]}, "maintenance.0.nodes.0"),
        ({"maintenance": [{**UPS, "id": "p@1"}]}, "maintenance.0.id"),
        ({"reservations": [{**CONTEST, "firm": "nobody"}]}, "reservations.0.firm"),
        ({"reservations": [{**CONTEST, "gpus": 0}]}, "reservations.0.gpus"),
        ({"local_reserves": [{**OWN, "park": "z"}]}, "local_reserves.0.park"),
        ({"local_reserves": [{**OWN, "notice_seconds": -1}]}, "local_reserves.0.notice_seconds"),
        (
            {"local_reserves": [{**OWN, "when": {**FRIDAYS, "timezone": "Tehran"}}]},
            "local_reserves.0.when.timezone",
        ),
        (
            {"local_reserves": [{**OWN, "when": {**FRIDAYS, "until_minute": 1320}}]},
            "local_reserves.0.when.until_minute",
        ),
        (
            {"local_reserves": [{**OWN, "when": {**FRIDAYS, "days": ["friday"]}}]},
            "local_reserves.0.when.days.0",
        ),
        ({"class_facts": {"a100": {"su_milli": 0}}}, "class_facts.a100.su_milli"),
    ],
)
async def test_a_contradiction_is_named_and_nothing_is_applied(rest, new_document, changes, field):
    before = await rest.seen("admin", "/v1/quotas/document")
    answer = await put(rest, new_document() | changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert answer.json()["remedy"]
    assert await rest.seen("admin", "/v1/quotas/document") == before


@pytest.mark.parametrize("left_out", ["parks", "firms", "quotas"])
async def test_what_was_left_out_is_not_removed_but_asked_for(rest, new_document, left_out):
    before = await rest.seen("admin", "/v1/quotas/document")
    answer = await put(rest, {key: value for key, value in new_document().items() if key != left_out})
    assert (answer.status_code, answer.json()["field"]) == (422, left_out), answer.text
    assert await rest.seen("admin", "/v1/quotas/document") == before


async def test_windows_one_after_the_other_are_promised_once(rest, new_document):
    quotas = [
        leaf("r"),
        *(leaf(f"w{n}", parent="r", from_at=n * DAY, until_at=(n + 1) * DAY) for n in range(3)),
    ]
    assert (await put(rest, new_document(quotas=quotas))).status_code == 200


async def test_two_projects_of_a_firm_have_leaves_of_their_own(rest, new_document):
    quotas = [leaf("a", firm="acme", project="vision"), leaf("b", firm="acme", project="speech")]
    assert (await put(rest, new_document(quotas=quotas))).status_code == 200


async def test_a_firm_with_unfinished_jobs_is_not_removed(rest, new_document):
    await rest.submit()
    answer = await put(rest, new_document(firms=[{"id": "zeta"}], quotas=[]))
    assert answer.status_code == 409
    assert answer.json()["remedy"]


async def test_what_is_used_and_what_is_left(rest):
    rest.story.connect("p/a", 4)
    await rest.run(rank={"gpus": 3})
    (use,) = (await rest.seen("member", "/v1/quotas"))["items"]
    assert (use["quota"], use["guaranteed"], use["used"], use["available"]) == ("acme", 8, 3, 5)
    assert use["in_force"] is True


async def test_what_a_branch_keeps_aside_is_not_used(rest, new_document):
    """Of 8 below it, 2 are never lent: one of them is held, and one kept."""
    quotas = [leaf("all", gpus={"a100": {"guaranteed": 8}})]
    quotas += [
        leaf("acme", parent="all", firm="acme", gpus={"a100": {"guaranteed": 4, "lend_limit": 2}}),
        leaf("zeta", parent="all", firm="zeta", gpus={"a100": {"guaranteed": 4, "lend_limit": 4}}),
    ]
    assert (await put(rest, new_document(quotas=quotas))).status_code == 200
    assert await standing(rest) == {"acme": (0, 0, 8), "all": (0, 2, 6), "zeta": (0, 0, 6)}
    rest.story.connect("p/a", 4)
    await rest.run(rank={"gpus": 1})
    assert await standing(rest) == {"acme": (1, 0, 7), "all": (1, 1, 6), "zeta": (0, 0, 6)}


async def standing(rest):
    uses = (await rest.seen("admin", "/v1/quotas"))["items"]
    return {use["quota"]: (use["used"], use["kept"], use["available"]) for use in uses}


async def test_time_is_counted_by_firm_project_and_class(rest):
    rest.story.connect("p/a", 4)
    for project, seconds in (("vision", 10), ("speech", 5)):
        job_id = await rest.run(rank={"gpus": 2}, project=project)
        rest.story.now += seconds * 1000
        rest.story.exits(f"{job_id}.1/0", seconds=seconds)
    usage = await rest.seen("owner", "/v1/usage")
    times = {
        row["project"]: (row["gpu_milliseconds"], row["jobs"], row["gpu_class"]) for row in usage["rows"]
    }
    assert times == {"vision": (20_000, 1, "a100"), "speech": (10_000, 1, "a100")}
    assert usage["until_at"] - usage["from_at"] == 30 * DAY
    assert [row["project"] for row in (await rest.seen("bound", "/v1/usage"))["rows"]] == ["vision"]
    assert (await rest.seen("rival", "/v1/usage"))["rows"] == []
    window = {"from": rest.story.now - 2000, "until": rest.story.now}
    (row,) = (await rest.seen("admin", "/v1/usage", firm="acme", **window))["rows"]
    assert row["gpu_milliseconds"] == 4000


async def test_a_window_ends_after_it_begins(rest):
    answer = await rest.get("owner", "/v1/usage?from=10&until=5")
    assert (answer.status_code, answer.json()["field"]) == (422, "from")
    assert (await rest.get("owner", "/v1/usage?from=-1")).status_code == 422

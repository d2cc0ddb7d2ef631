"""Events: in pages or as they are committed, for whoever may see them, from where one was cut off."""

import pytest
from bostan import api
from fronts import until


async def kinds(rest, who, **params):
    return [one["kind"] for one in (await rest.seen(who, "/v1/events", **params))["items"]]


async def test_what_happened_to_a_job(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    page = await rest.seen("member", "/v1/events", job=job_id, limit=500)
    events = [api.Event.model_validate(one) for one in page["items"]]
    assert [event.kind for event in events][:2] == ["job-queued", "attempt-offered"]
    assert all(event.firm == "acme" and event.job_id == job_id for event in events)
    assert [event.seq for event in events] == sorted(event.seq for event in events)


async def test_pages_go_on_where_the_last_one_ended(rest):
    for _ in range(5):
        await rest.submit()
    seen, cursor = [], {}
    while cursor is not None:
        page = await rest.seen("admin", "/v1/events", limit=2, **cursor)
        seen += [one["seq"] for one in page["items"]]
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
    assert seen == list(range(1, 7))
    assert len(await kinds(rest, "admin", after=4)) == 2


async def test_nobody_sees_what_happened_to_others(rest):
    rest.story.connect("p/a", 4)
    vision, speech = await rest.run(project="vision"), await rest.submit(project="speech")
    await rest.submit("rival", firm="zeta")
    jobs = {}
    for who in ("admin", "owner", "bound", "rival"):
        page = await rest.seen(who, "/v1/events", limit=500)
        jobs[who] = {one["job_id"] for one in page["items"]}
        if who != "admin":
            assert "node-connected" not in {one["kind"] for one in page["items"]}
    assert jobs["owner"] == {vision, speech}
    assert jobs["bound"] == {vision}
    assert len(jobs["rival"]) == 1
    assert len(jobs["admin"]) == 4  # and None, of nodes and quotas
    assert await kinds(rest, "admin", firm="zeta") == ["job-queued"]
    assert (await rest.get("rival", "/v1/events", params={"job": vision})).status_code == 404


async def test_a_stream_brings_what_was_and_what_is_committed_then(rest):
    first = await rest.submit()
    async with rest.stream("owner", "/v1/events?follow=true") as stream:
        event = await stream.next()
        assert (event.name, event.data["job_id"], event.id) == ("job-queued", first, event.data["seq"])
        await rest.submit("rival", firm="zeta")
        second = await rest.submit()
        rest.news()
        event = await stream.next()
        assert (event.data["job_id"], api.Event.model_validate(event.data).kind) == (second, "job-queued")


async def test_a_stream_goes_on_after_the_last_one_that_was_seen(rest):
    ids = [await rest.submit() for _ in range(3)]
    seqs = [one["seq"] for one in (await rest.seen("owner", "/v1/events"))["items"]]
    async with rest.stream("owner", f"/v1/events?follow=true&after={seqs[0]}") as stream:
        assert (await stream.next()).data["job_id"] == ids[1]
    headers = {"Last-Event-ID": str(seqs[1])}
    async with rest.stream("owner", "/v1/events?follow=true&after=0", headers=headers) as stream:
        assert (await stream.next()).data["job_id"] == ids[2]


async def test_what_no_one_told_this_front_is_seen_soon(small):
    async with small.stream("bound", "/v1/events?follow=true") as stream:
        await small.submit(project="speech")
        job_id = await small.submit(project="vision")
        assert (await stream.next()).data["job_id"] == job_id


async def test_a_quiet_stream_says_that_it_is_alive(small):
    after = small.story.store.counts()["events"]
    async with small.stream("owner", f"/v1/events?follow=true&after={after}") as stream:
        job_id = None

        async def one_more():
            nonlocal job_id
            await until(lambda: len(small.app.state.front.followers) == 1)
            job_id = await small.submit()

        await one_more()
        assert (await stream.next()).data["job_id"] == job_id
    lines = await _raw_lines(small, after + 1)
    assert lines[:2] == [": alive", ""]


async def _raw_lines(small, after):
    async with small.stream("owner", f"/v1/events?follow=true&after={after}") as stream:
        return [line async for line in _first_two(stream.answer)]


async def _first_two(answer):
    count = 0
    async for line in answer.aiter_lines():
        yield line
        count += 1
        if count == 2:
            return


@pytest.fixture
async def forgetful(rest):
    """Ten events, of which those up to 6 are not kept any more."""
    for _ in range(9):
        await rest.submit()
    assert rest.story.store.counts()["events"] == 10
    assert rest.story.store.forget_events(rest.story.now + 1, 6) == 6
    return rest


@pytest.mark.parametrize(
    ("after", "status"),
    [
        pytest.param(0, 200, id="from the beginning: from what is kept"),
        pytest.param(1, 410, id="long gone"),
        pytest.param(5, 410, id="one is missing"),
        pytest.param(6, 200, id="all that follow are here"),
        pytest.param(10, 200, id="none follow"),
    ],
)
async def test_a_watcher_that_was_away_too_long_is_told_so(forgetful, after, status):
    """No page, no cursor and no stream leaves events out in silence."""
    for query in (f"after={after}", f"after={after}&firm=acme", f"after={after}&limit=1"):
        answer = await forgetful.get("admin", f"/v1/events?{query}")
        assert answer.status_code == status, query
    if status == 410:
        assert answer.headers["content-type"] == "application/problem+json"
        told = api.Problem.model_validate(answer.json())
        assert told.detail == f"events up to 6 are not kept any more, and those after {after} were asked for"
        assert (told.field, "after=0" in told.remedy) == ("after", True)
        stream = await forgetful.get("admin", f"/v1/events?follow=true&after={after}")
        assert stream.json() == answer.json()
        headers = {"Last-Event-ID": str(after)}
        stream = await forgetful.get("admin", "/v1/events?follow=true&after=9", headers=headers)
        assert stream.json() == answer.json()


async def test_a_cursor_that_is_too_old(rest):
    for _ in range(5):
        await rest.submit()
    page = await rest.seen("admin", "/v1/events", limit=2)
    assert rest.story.store.forget_events(rest.story.now + 1, 4) == 4
    answer = await rest.get("admin", "/v1/events", params={"cursor": page["next_cursor"]})
    assert (answer.status_code, answer.json()["field"]) == (410, "after")


async def test_a_stream_from_the_beginning_begins_with_the_oldest_that_is_kept(forgetful):
    async with forgetful.stream("admin", "/v1/events?follow=true") as stream:
        assert (await stream.next()).id == 7


async def test_numbers_that_are_none(rest):
    assert (await rest.get("owner", "/v1/events?after=-1")).status_code == 422
    assert (await rest.get("owner", f"/v1/events?after={2**64}")).status_code == 422
    answer = await rest.get("owner", "/v1/events?follow=true", headers={"Last-Event-ID": "x"})
    assert (answer.status_code, answer.json()["field"]) == (422, "Last-Event-ID")

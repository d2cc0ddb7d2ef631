"""Logs: bytes by offset, and followed as they grow, from attempt to attempt, until the job has ended."""

import asyncio
import base64
from contextlib import asynccontextmanager

from bostan_scheduler.core.reports import Exited, Released
from bostan_scheduler.http.follow import is_whole
from fronts import until


def text(event) -> bytes:
    return base64.b64decode(event.data["text64"])


def place(answer):
    headers = answer.headers
    return tuple(headers[f"log-{name}"] for name in ("attempt", "offset", "next-offset", "complete"))


async def running(rest, **changes):
    rest.story.connect("p/a", 4)
    return await rest.run(**changes)


async def test_bytes_by_offset(small):
    job_id = await running(small)
    small.files.logs.append(f"{job_id}.1", 0, 0, b"hello \xff\x00 world")
    path = f"/v1/jobs/{job_id}/logs"
    answer = await small.get("member", path)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (answer.content, place(answer)) == (b"hello \xff\x00", ("1", "0", "8", "false"))
    answer = await small.get("member", f"{path}?offset=8&limit=100")
    assert (answer.content, place(answer)) == (b" world", ("1", "8", "14", "false"))
    answer = await small.get("member", f"{path}?offset=99")
    assert (answer.content, place(answer)) == (b"", ("1", "14", "14", "false"))
    small.files.logs.end(f"{job_id}.1", 0)
    assert place(await small.get("member", f"{path}?offset=10"))[-1] == "true"
    assert place(await small.get("member", f"{path}?offset=10&limit=2"))[-1] == "false"


async def test_a_job_without_an_attempt_has_an_empty_log(rest):
    job_id = await rest.submit()
    answer = await rest.get("owner", f"/v1/jobs/{job_id}/logs")
    assert (answer.content, place(answer)) == (b"", ("0", "0", "0", "false"))


async def test_ranks_and_attempts_that_are_not_there(rest):
    job_id = await running(rest, replicas=2)
    path = f"/v1/jobs/{job_id}/logs"
    assert (await rest.get("owner", f"{path}?rank=1")).status_code == 200
    assert "its ranks are 0 to 1" in (await rest.get("owner", f"{path}?rank=2")).json()["remedy"]
    assert (await rest.get("owner", f"{path}?attempt=2")).status_code == 404
    assert (await rest.get("owner", f"{path}?rank=-1")).status_code == 422
    assert (await rest.get("owner", f"{path}?offset=99999999999999999999")).status_code == 422


async def test_the_log_of_an_earlier_attempt(rest):
    job_id = await running(rest)
    rest.files.logs.append(f"{job_id}.1", 0, 0, b"first")
    again(rest, job_id)
    rest.files.logs.append(f"{job_id}.2", 0, 0, b"second")
    path = f"/v1/jobs/{job_id}/logs"
    assert (await rest.get("owner", path)).content == b"second"
    assert (await rest.get("owner", f"{path}?attempt=1")).content == b"first"


def again(rest, job_id):
    """The attempt's node refuses to go on; the job runs in another attempt."""
    rest.story.exits(f"{job_id}.1/0", cause="start-failed")
    rest.story.plan()
    rest.story.all_run(job_id)


async def test_a_follower_gets_what_is_there_and_what_comes(rest):
    job_id = await running(rest)
    logs, attempt = rest.files.logs, f"{job_id}.1"
    logs.append(attempt, 0, 0, b"one ")
    async with rest.stream("owner", f"/v1/jobs/{job_id}/logs?follow=true&offset=1") as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        event = await stream.next()
        assert (event.name, text(event), event.data["offset"]) == ("data", b"ne ", 1)
        logs.append(attempt, 0, 4, b"two")
        event = await stream.next()
        assert (text(event), event.data["offset"], event.data["attempt"]) == (b"two", 4, 1)
        logs.end(attempt, 0)
        rest.story.exits(f"{attempt}/0", code=3)
        rest.news()
        (end,) = await stream.rest()
        assert (end.name, end.data) == ("end", {"state": "failed", "exit_code": 3})


async def test_a_follower_begins_before_the_first_attempt_and_goes_on_to_the_next(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.submit()
    logs = rest.files.logs
    async with rest.stream("owner", f"/v1/jobs/{job_id}/logs?follow=true") as stream:
        rest.story.plan()
        rest.story.all_run(job_id)
        rest.news()
        logs.append(f"{job_id}.1", 0, 0, b"first")
        assert text(await stream.next()) == b"first"
        logs.end(f"{job_id}.1", 0)
        again(rest, job_id)
        rest.news()
        event = await stream.next()
        assert (event.name, event.data) == ("attempt", {"number": 2})
        logs.append(f"{job_id}.2", 0, 0, b"second")
        event = await stream.next()
        assert (text(event), event.data["attempt"], event.data["offset"]) == (b"second", 2, 0)
        logs.end(f"{job_id}.2", 0)
        rest.story.exits(f"{job_id}.2/0")
        rest.news()
        assert (await stream.rest())[-1].data == {"state": "succeeded", "exit_code": 0}


async def test_the_end_waits_for_the_last_bytes(small):
    job_id = await running(small)
    attempt, now = f"{job_id}.1", small.story.now
    async with small.stream("owner", f"/v1/jobs/{job_id}/logs?follow=true") as stream:
        small.story.reports(f"{attempt}/0", Exited(0, 0, "exited", "", now, now, now, 4), Released())
        small.files.logs.append(attempt, 0, 0, b"la")
        assert text(await stream.next()) == b"la"
        small.files.logs.append(attempt, 0, 2, b"st")
        events = await stream.rest()
    assert [event.name for event in events] == ["data", "end"]


async def test_bytes_that_never_come_are_not_waited_for_without_end(small):
    job_id = await running(small)
    now = small.story.now
    small.story.reports(f"{job_id}.1/0", Exited(0, 0, "exited", "", now, now, now, 9), Released())
    async with small.stream("owner", f"/v1/jobs/{job_id}/logs?follow=true") as stream:
        small.story.now += 5000
        assert [event.name for event in await stream.rest()] == ["end"]
    assert place(await small.get("owner", f"/v1/jobs/{job_id}/logs"))[-1] == "true"


async def test_a_job_that_was_cancelled_before_it_ran_ends_at_once(rest):
    job_id = await rest.submit()
    await rest.post("owner", f"/v1/jobs/{job_id}/cancel")
    async with rest.stream("owner", f"/v1/jobs/{job_id}/logs?follow=true") as stream:
        (end,) = await stream.rest()
    assert end.data == {"state": "cancelled", "exit_code": None}


async def test_a_log_of_many_pieces_arrives_whole_and_in_order(rest):
    job_id = await running(rest)
    data = bytes(range(256)) * 1024
    rest.files.logs.append(f"{job_id}.1", 0, 0, data)
    rest.files.logs.end(f"{job_id}.1", 0)
    rest.story.exits(f"{job_id}.1/0")
    async with rest.stream("owner", f"/v1/jobs/{job_id}/logs?follow=true") as stream:
        *pieces, end = await stream.rest()
    assert b"".join(text(piece) for piece in pieces) == data
    assert len(pieces) > 1
    assert end.name == "end"


async def test_a_quiet_stream_says_that_it_is_alive_and_is_counted_off_when_its_reader_goes(small):
    job_id = await running(small)
    path = f"/v1/jobs/{job_id}/logs?follow=true"
    async with small.stream("owner", path) as stream:
        async with beats(stream, 2):
            refused = await small.get("owner", path)
        assert refused.status_code == 429
        assert refused.json()["remedy"]
        assert "retry-after" in refused.headers
    await until(lambda: not len(small.app.state.front.followers))


@asynccontextmanager
async def beats(stream, count):
    """After so many heartbeats, and with the reader still there: who stops reading hangs up."""
    waiting = asyncio.create_task(stream.next())
    await until(lambda: stream.heartbeats >= count)
    yield
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_all_streams_together_have_a_limit_too(small):
    followers = small.app.state.front.followers

    async def nothing():
        yield b""

    open_ones = [followers.counted(who, nothing()) for who in ("a", "b")]
    refused = await small.get("owner", "/v1/events?follow=true")
    assert refused.status_code == 429
    for one in open_ones:
        await one.aclose()
        await one.aclose()
    assert len(followers) == 0


def test_nothing_is_whole_before_its_attempt_is_known():
    assert not is_whole(None, 0, 0, 0, 0)

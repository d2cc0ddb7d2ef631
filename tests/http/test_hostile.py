"""What strangers and broken programmes send: refused in one clear answer that shows nothing, with the front alive after it."""

import asyncio
import json

import pytest
from fronts import until
from structlog.testing import capture_logs

PROBLEM = "application/problem+json"


def is_problem(answer, *statuses):
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    assert body["remedy"]
    assert "Traceback" not in answer.text
    return True


BODIES = {
    "nothing": b"",
    "not JSON": b"{",
    "not an object": b"[]",
    "null": b"null",
    "a number": b"1" * 1000,
    "bad UTF-8": b'{"name": "\xff\xfe"}',
    "half a surrogate": b'{"name": "\\ud800", "firm": "acme", "command": ["x"]}',
    "a NUL": b'{"name": "a\\u0000", "firm": "acme", "command": ["x"]}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "deep in a field": b'{"name": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "a huge integer": b'{"name":"x","firm":"acme","command":["x"],"replicas":' + b"9" * 5000 + b"}",
    "infinity": b'{"name":"x","firm":"acme","command":["x"],"replicas":Infinity}',
    "a fraction": b'{"name":"x","firm":"acme","command":["x"],"replicas":1.5}',
    "a twin key": b'{"name":"x","name":"","firm":"acme","command":["x"]}',
    "a prototype": b'{"__proto__": {"role": "admin"}, "name":"x","firm":"acme","command":["x"]}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_hostile_bodies(rest, body):
    for path in ("/v1/jobs", "/v1/job-batches"):
        headers = {"Content-Type": "application/json"}
        assert is_problem(await rest.ask("admin", "POST", path, content=body, headers=headers), 422)
    assert (await rest.get(None, "/healthz")).status_code == 200


IDS = [
    "%00",
    "a%00b",
    "%0a",
    "%1b%5b2J",
    "%ff%fe",
    "x" * 65,
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "'%20OR%201=1--",
    "%F0%9F%A4%96",
]


@pytest.mark.parametrize("bad", IDS)
@pytest.mark.parametrize(
    "path", ["/v1/jobs/{}", "/v1/jobs/{}/logs", "/v1/jobs/{}/outputs/0", "/v1/nodes/p/{}", "/v1/nodes/{}/a"]
)
async def test_hostile_ids(rest, path, bad):
    assert is_problem(await rest.get("admin", path.format(bad)), 404, 422)


@pytest.mark.parametrize(
    "query",
    ["firm=%00", "name=", "limit=-1", "limit=1e9", "limit=501", "phase=x", "cursor=%00", "name=" + "x" * 129],
)
async def test_hostile_queries(rest, query):
    assert is_problem(await rest.get("admin", f"/v1/jobs?{query}"), 422)


async def test_what_is_no_path_or_no_method_of_it(rest):
    assert is_problem(await rest.get(None, "/"), 404)
    assert is_problem(await rest.get(None, "/v1/jobs/"), 404)
    assert is_problem(await rest.get(None, "/docs"), 404)
    answer = await rest.ask("admin", "DELETE", "/v1/jobs")
    assert is_problem(answer, 405)
    assert "allow" in answer.headers


async def test_a_body_larger_than_allowed(small, new_job):
    large = new_job(command=["x" * 2000])
    assert is_problem(await small.post("owner", "/v1/jobs", large), 413)
    assert (await small.post("owner", "/v1/job-batches", {"jobs": [large]})).status_code == 201
    assert is_problem(await small.post("owner", "/v1/job-batches", {"jobs": [large] * 2}), 413)


async def test_a_body_that_does_not_say_how_large_it_is(small):
    async def chunks():
        for _ in range(100):
            yield b"x" * 100

    headers = {"Content-Type": "application/json"}
    answer = await small.ask("owner", "POST", "/v1/jobs", content=chunks(), headers=headers)
    assert is_problem(answer, 413)


async def test_a_body_that_lies_about_its_size(small, new_job):
    for length in ("99999999999999999999999", "2001"):
        headers = {"Content-Type": "application/json", "Content-Length": length}
        body = json.dumps(new_job()).encode()
        assert is_problem(await small.ask("owner", "POST", "/v1/jobs", content=body, headers=headers), 413)


async def test_headers_and_urls_larger_than_allowed(small):
    assert is_problem(await small.get("owner", "/v1/jobs", headers={"X-Junk": "x" * 1000}), 431)
    assert is_problem(await small.get("owner", "/v1/jobs?name=" + "x" * 500), 414)


@pytest.mark.parametrize("key", ["", "x" * 129, "a\x7fb"])
async def test_hostile_idempotency_keys(rest, new_job, key):
    answer = await rest.post("owner", "/v1/jobs", new_job(), headers={"Idempotency-Key": key})
    assert is_problem(answer, 422)
    assert answer.json()["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 5000, "bearer bst_\xff", "Bearer bst_a_b c"],
)
async def test_hostile_tokens(rest, value):
    headers = {"Authorization": value.encode("latin-1")}
    assert is_problem(await rest.get(None, "/v1/whoami", headers=headers), 401)


async def test_a_fault_shows_its_number_and_the_log_shows_the_rest(rest, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(rest.story.store, "job", fails)
    with capture_logs() as logged:
        answer = await rest.get("owner", "/v1/jobs/j-1")
    assert is_problem(answer, 500)
    assert "secret" not in answer.text
    assert logged[0]["fault"] in answer.json()["detail"]
    assert logged[0]["exc_info"]


async def test_a_fault_in_the_middle_of_an_answer_breaks_it_off(rest, monkeypatch):
    await rest.submit()

    def fails(*_):
        raise ZeroDivisionError

    with capture_logs():
        async with rest.stream("owner", "/v1/events?follow=true") as stream:
            await stream.next()
            monkeypatch.setattr(rest.story.store, "events", fails)
            rest.news()
            with pytest.raises(Exception, match=r"peer closed|ended"):
                await stream.next()
            assert (await rest.get(None, "/healthz")).status_code == 200


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"A" * 100_000])
async def test_bytes_that_are_no_http(rest, junk):
    async with rest.served() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(junk)
        try:
            async with asyncio.timeout(10):
                assert b" 400 " in await reader.readline()
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    assert (await rest.get(None, "/healthz")).status_code == 200


async def test_a_stream_whose_reader_vanishes_leaves_nothing_behind(rest):
    async with rest.served() as url:
        port = int(url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        token = rest.headers("owner")["Authorization"]
        writer.write(
            f"GET /v1/events?follow=true HTTP/1.1\r\nHost: c\r\nAuthorization: {token}\r\n\r\n".encode()
        )
        followers = rest.app.state.front.followers
        await until(lambda: len(followers) == 1)
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        await until(lambda: len(followers) == 0)

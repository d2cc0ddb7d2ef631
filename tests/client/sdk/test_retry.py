"""When a request is tried again: only where that is safe, ever later, and not for ever."""

import httpx
import pytest
from bostan import AsyncClient, Client, talks
from bostan.api import Batch, NewJob
from bostan.errors import (
    BostanError,
    CannotReach,
    Conflict,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    TooLarge,
)
from bostan.retry import Patience, Retry
from hypothesis import given
from hypothesis import strategies as st

JOB = NewJob(name="train", firm="acme", command=("true",))
BUSY = ServerFault("busy", status=503)


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@given(failures=st.integers(1, 200), draw=st.floats(0, 1))
def test_a_pause_is_drawn_between_nothing_and_a_bound_that_doubles_up_to_a_limit(failures, draw):
    retry = Retry(first_seconds=0.5, longest_seconds=8)
    bound = retry.longest_pause_seconds(failures)
    assert bound == min(8, 0.5 * 2 ** (failures - 1))
    patience = Patience(
        Retry(tries_max=1000, total_seconds_max=1e9, first_seconds=0.5, longest_seconds=8),
        True,
        Clock(),
        lambda: draw,
    )
    patience.failures = failures - 1
    assert patience.pause_after(BUSY) == draw * bound


def test_the_tries_are_limited():
    patience = Patience(Retry(tries_max=3), True, Clock(), lambda: 0)
    assert [patience.pause_after(BUSY), patience.pause_after(BUSY)] == [0, 0]
    with pytest.raises(ServerFault):
        patience.pause_after(BUSY)


def test_the_time_is_limited():
    clock = Clock()
    patience = Patience(Retry(tries_max=1000, total_seconds_max=60), True, clock, lambda: 0)
    patience.pause_after(BUSY)
    clock.at += 60
    patience.pause_after(BUSY)
    clock.at += 0.1
    with pytest.raises(ServerFault):
        patience.pause_after(BUSY)


def test_progress_begins_the_count_anew():
    patience = Patience(Retry(tries_max=2), True, Clock(), lambda: 0)
    for _ in range(10):
        patience.pause_after(BUSY)
        patience.progress()


def test_retry_after_is_waited_for_and_not_beyond_the_limit():
    patience = Patience(Retry(total_seconds_max=60), False, Clock(), lambda: 0)
    assert patience.pause_after(RateLimited("slow down", status=429, retry_after_seconds=7)) == 7
    with pytest.raises(RateLimited):
        patience.pause_after(RateLimited("slow down", status=429, retry_after_seconds=61))


@pytest.mark.parametrize(
    ("failure", "repeatable", "other"),
    [
        (RateLimited(status=429), True, True),
        (CannotReach(), True, False),
        (TimedOut(), True, False),
        (ServerFault(status=502), True, False),
        (ServerFault(status=503), True, False),
        (ServerFault(status=504), True, False),
        (ServerFault(status=500), False, False),
        (NotFound(status=404), False, False),
        (Refused(status=422), False, False),
        (BostanError(), False, False),
    ],
)
def test_what_is_worth_another_try(failure, repeatable, other):
    def tried(safe: bool) -> bool:
        try:
            Patience(Retry(), safe, Clock(), lambda: 0).pause_after(failure)
        except BostanError:
            return False
        return True

    assert (tried(True), tried(False)) == (repeatable, other)


class Flaky:
    """Answers what it is given, in turn; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client_of(flaky: Flaky, quick: Retry) -> Client:
    return Client("http://centre", "t", transport=httpx.MockTransport(flaky), retry=quick)


def good(make_job) -> httpx.Response:
    return httpx.Response(201, json=make_job())


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(503, json={"title": "restarting", "status": 503}),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
    ],
)
def test_a_submission_is_repeated_under_one_key(quick, make_job, failure):
    flaky = Flaky(failure, failure, good(make_job))
    assert client_of(flaky, quick).submit(JOB).id == "job-1"
    assert len({request.headers["Idempotency-Key"] for request in flaky.requests}) == 1
    assert len({request.content for request in flaky.requests}) == 1


ANXIOUS = Retry(tries_max=1)
PATIENT = Retry(tries_max=1000, first_seconds=0.0001, longest_seconds=0.001)
REFUSED = httpx.ConnectError("refused")


def test_a_submission_outlives_a_restart_that_takes_long(make_job):
    """However few tries a single request has, under one key, and whoever waits is told."""
    restarting = [REFUSED] * 20 + [httpx.Response(503, json={"title": "restarting"})] * 20
    flaky, told = Flaky(*restarting, good(make_job)), list[BostanError]()
    transport = httpx.MockTransport(flaky)
    with Client("http://centre", "t", transport=transport, retry=ANXIOUS, follow_retry=PATIENT) as client:
        assert client.submit(JOB, on_trouble=told.append).id == "job-1"
    assert [type(one) for one in told] == [CannotReach] * 20 + [ServerFault] * 20
    assert len({request.headers["Idempotency-Key"] for request in flaky.requests}) == 1


async def test_a_submission_outlives_a_restart_in_asyncio_too(make_job):
    flaky = Flaky(*[REFUSED] * 20, good(make_job), *[REFUSED] * 20, httpx.Response(201, json={"ids": ["j"]}))
    transport, told = httpx.MockTransport(flaky), list[BostanError]()
    async with AsyncClient(
        "http://centre", "t", transport=transport, retry=ANXIOUS, follow_retry=PATIENT
    ) as client:
        assert (await client.submit(JOB, on_trouble=told.append)).id == "job-1"
        assert (await client.send_batch(Batch(jobs=(JOB,)))).ids == ("j",)
    assert len(told) == 20


def test_a_submission_gives_up_on_a_centre_that_stays_away(monkeypatch):
    monkeypatch.setattr(talks, "RESTART_SECONDS_MAX", 0.05)
    flaky, told = Flaky(*[REFUSED] * 5000), list[BostanError]()
    transport = httpx.MockTransport(flaky)
    with (
        Client("http://centre", "t", transport=transport, retry=ANXIOUS, follow_retry=PATIENT) as client,
        pytest.raises(CannotReach, match="refused"),
    ):
        client.submit(JOB, on_trouble=told.append)
    assert len(told) == len(flaky.requests) - 1


def test_two_submissions_have_two_keys(quick, make_job):
    flaky = Flaky(good(make_job), good(make_job))
    client = client_of(flaky, quick)
    client.submit(JOB)
    client.submit(JOB)
    assert len({request.headers["Idempotency-Key"] for request in flaky.requests}) == 2


def test_a_requeue_whose_answer_was_lost_is_not_sent_again(quick):
    flaky = Flaky(httpx.ReadError("reset"))
    with pytest.raises(CannotReach, match="broke"):
        client_of(flaky, quick).requeue("j1")
    assert len(flaky.requests) == 1


def test_a_requeue_that_never_left_is_sent_again(quick, make_job):
    flaky = Flaky(httpx.ConnectError("refused"), good(make_job))
    assert client_of(flaky, quick).requeue("j1").id == "job-1"


def test_patience_ends_with_the_last_failure(quick):
    flaky = Flaky(*[httpx.ConnectError("refused")] * 9)
    with pytest.raises(CannotReach, match=r"Cannot reach the centre at http://centre \(refused\)"):
        client_of(flaky, quick).whoami()
    assert len(flaky.requests) == quick.tries_max


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, NotAuthenticated),
        (403, NotAllowed),
        (404, NotFound),
        (409, Conflict),
        (413, TooLarge),
        (422, Refused),
        (500, ServerFault),
    ],
)
def test_a_problem_becomes_its_exception_with_its_words(quick, status, kind):
    problem = {"title": "No", "status": status, "detail": "because", "remedy": "do so"}
    flaky = Flaky(httpx.Response(status, json=problem))
    with pytest.raises(kind) as raised:
        client_of(flaky, quick).whoami()
    assert type(raised.value) is kind
    assert str(raised.value) == "No: because; do so"
    assert raised.value.status == status


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[1]", b'"x"', b"\xff"])
def test_a_proxys_error_page_is_told_by_its_status(quick, body):
    with pytest.raises(ServerFault, match="HTTP status 500"):
        client_of(Flaky(httpx.Response(500, content=body)), quick).whoami()

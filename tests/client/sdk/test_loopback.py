"""The client against a real HTTP server: work directories, submissions, logs, outputs, and lines that break."""

import asyncio
import base64
import contextlib
import hashlib
import os
from pathlib import Path

import pytest
from bostan import AsyncClient, Client, JobSpec, read_job, talks
from bostan.api import NewJob
from bostan.errors import CannotReach, InvalidFile, NotFound, Refused, ServerFault, TimedOut
from bostan.follow import LogChunk
from bostan.retry import Retry
from bostan.workdir import pack
from fastapi import Response

SPEC = JobSpec(name="train", command=("python", "train.py"), work_dir=None)


@pytest.fixture
def client(centre, quick):
    with Client(centre.url, "secret", retry=quick, follow_retry=quick) as client:
        yield client


@pytest.fixture
def work(tmp_path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "train.py").write_bytes(os.urandom(5_000))
    return folder


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(talks, "PART_BYTES", 1_000)


def busy() -> Response:
    return Response(status_code=503)


def test_a_job_spec_takes_the_logins_firm(client, centre):
    assert client.submit(SPEC).id == "job-1"
    sent = NewJob(**centre.submitted[0])
    assert (sent.firm, sent.command, sent.work_dir) == ("acme", ("python", "train.py"), None)


def test_a_submission_whose_answer_was_lost_makes_one_job(client, centre):
    centre.faults = [lambda: None, lambda: None, busy]  # for whoami, for the request, for its answer
    assert client.submit(SPEC).id == "job-1"
    assert (centre.count("POST"), len(centre.submitted)) == (2, 1)


def test_a_work_directory_is_sent_once(client, centre, work):
    first, second = client.submit(SPEC, work), client.submit(SPEC, work)
    assert (first.id, second.id, centre.count("PATCH")) == ("job-1", "job-2", 1)
    archive = centre.submitted[0]["work_dir"]
    assert hashlib.sha256(centre.blobs[archive["sha256"]]).hexdigest() == archive["sha256"]
    assert centre.submitted[1]["work_dir"] == archive


def test_a_job_files_folder_counts_from_the_file(client, centre, work, tmp_path):
    (tmp_path / "job.yaml").write_text("name: train\ncommand: [python, train.py]\nwork_dir: work\n")
    client.submit(read_job(tmp_path / "job.yaml"))
    assert centre.submitted[0]["work_dir"]["sha256"] in centre.blobs


def test_a_batch_sends_each_folder_once(client, centre, work):
    spec = SPEC.model_copy(update={"work_dir": str(work)})
    assert client.submit_batch([spec, spec]).ids == ("job-1", "job-2")
    assert centre.count("PATCH") == 1


def test_an_upload_goes_on_where_it_was_cut(client, centre, work, small_parts, tmp_path):
    packed = pack(work, tmp_path / "packed")
    centre.blobs[packed.archive.sha256] = packed.path.read_bytes()[:2_500]
    seen: list[tuple[int, int]] = []
    assert client.upload_work_dir(work, lambda *at: seen.append(at)) == packed.archive
    assert centre.blobs[packed.archive.sha256] == packed.path.read_bytes()
    assert seen[0] == (2_500, packed.archive.size_bytes)
    assert seen[-1] == (packed.archive.size_bytes, packed.archive.size_bytes)


def test_a_part_whose_answer_was_lost_is_not_stored_twice(client, centre, work, small_parts, tmp_path):
    packed = pack(work, tmp_path / "packed")
    stored = packed.path.read_bytes()

    def lose_answer() -> Response:
        centre.blobs[packed.archive.sha256] = stored[:1_000]
        return busy()

    centre.faults = [lambda: None, lose_answer]
    client.upload_work_dir(work)
    assert centre.blobs[packed.archive.sha256] == stored


def test_an_upload_that_was_not_checked_yet_is_ended(client, centre, work, tmp_path):
    packed = pack(work, tmp_path / "packed")
    size = packed.archive.size_bytes
    unchecked = Response(status_code=206, headers={"Upload-Offset": str(size)})
    centre.blobs[packed.archive.sha256] = packed.path.read_bytes()
    centre.faults = [lambda: unchecked]
    assert client.upload_work_dir(work) == packed.archive
    assert centre.count("PATCH") == 1


def test_an_upload_that_does_not_get_on_ends(client, centre, work):
    stuck = Response(status_code=409, headers={"Upload-Offset": "0"})
    centre.faults = [lambda: None, *[lambda: stuck] * 20]
    with pytest.raises(ServerFault, match="does not get on"):
        client.upload_work_dir(work)
    assert centre.count("PATCH") == talks.SETBACKS_MAX + 1


def test_an_upload_whose_hash_differs_is_refused(client, centre, work):
    centre.faults = [lambda: None, lambda: Response('{"title": "hash differs"}', status_code=422)]
    with pytest.raises(Refused, match="hash differs"):
        client.upload_work_dir(work)


def test_a_list_is_fetched_page_by_page_as_it_is_read(client, centre):
    jobs = client.jobs()
    assert [next(jobs).id, next(jobs).id] == ["job-0", "job-1"]
    assert len(centre.asked) == 1
    assert [job.id for job in jobs] == ["job-2", "job-3", "job-4", "job-5"]


def test_a_range_of_a_log(client):
    part = client.logs("j1", offset=4)
    assert (part.attempt, part.offset, part.data, part.next_offset, part.complete) == (2, 4, b" 1\n", 7, True)


def test_a_followed_log_loses_and_repeats_nothing_when_the_line_breaks(client, centre, make_log, make_sse):
    centre.streams = [
        [b": heartbeat\n\n", make_sse("attempt", number=1), make_log(1, 0, b"one "), make_log(1, 4, b"two ")],
        [make_log(1, 4, b"two three "), make_sse("attempt", number=2)],
        [make_log(2, 0, b"again"), make_sse("end", state="succeeded", exit_code=0)],
    ]
    chunks = list(client.follow_logs("j1"))
    assert b"".join(chunk.data for chunk in chunks) == b"one two three again"
    assert chunks[-1] == LogChunk(2, 0, 0, b"again")
    assert [query.partition("?")[2] for _, query in centre.asked] == [
        "rank=0&offset=0&follow=true",
        "attempt=1&rank=0&offset=8&follow=true",
        "attempt=2&rank=0&offset=0&follow=true",
    ]


def test_a_followed_log_that_never_comes_back_ends(client, centre, make_log, quick):
    centre.streams = [[make_log(1, 0, b"one")]]
    centre.faults = [lambda: None, *[busy] * 20]
    seen = []
    with pytest.raises(ServerFault):
        seen.extend(client.follow_logs("j1"))
    assert len(seen) == 1
    assert len(centre.asked) == 1 + quick.tries_max - 1


def test_following_a_log_that_is_not_there_says_so_at_once(client, centre):
    centre.faults = [lambda: Response('{"title": "no such job"}', status_code=404)]
    with pytest.raises(NotFound, match="no such job"):
        next(client.follow_logs("j1"))
    assert len(centre.asked) == 1


@pytest.mark.parametrize(
    "stream",
    [
        b"event: data\ndata: {}\n\n",
        b'event: data\ndata: {"attempt":1,"rank":0,"offset":0,"text64":"?"}\n\n',
        b"data: \xff\n\n",
    ],
)
def test_a_stream_that_makes_no_sense_ends(client, centre, stream):
    centre.streams = [[stream]]
    with pytest.raises(ServerFault, match="not understood"):
        list(client.follow_logs("j1"))


def test_events_go_on_from_the_last_one_seen(client, centre, make_sse):
    centre.streams = [
        [make_sse("job", seq=5, at=1, kind="job"), make_sse("job", seq=6, at=1, kind="job")],
        [make_sse("job", seq=6, at=1, kind="job"), make_sse("job", seq=9, at=1, kind="job")],
    ]
    events = client.events(after=4, follow=True)
    assert [next(events).seq for _ in range(3)] == [5, 6, 9]
    assert [query.partition("?")[2] for _, query in centre.asked] == [
        "after=4&follow=true",
        "after=6&follow=true",
    ]


def test_wait_returns_the_finished_job_and_tells_each_change(client, centre, make_job):
    centre.states = [
        make_job(),
        make_job(),
        make_job(phase="active", state="running"),
        make_job(phase="finished", state="failed", exit_code=3),
    ]
    seen: list[str] = []
    assert client.wait("job-1", on_change=lambda job: seen.append(job.state)).exit_code == 3
    assert seen == ["queued", "running", "failed"]


def test_wait_gives_up_at_its_time_limit(client, centre, make_job):
    centre.states = [make_job()]
    with pytest.raises(TimedOut, match="job-1 is still queued; it goes on"):
        client.wait("job-1", timeout_seconds=0.3)


def packed_output(folder: Path, text: bytes) -> bytes:
    folder.mkdir()
    (folder / "model.bin").write_bytes(text)
    return pack(folder, folder.parent / f"{folder.name}.tar.gz").path.read_bytes()


def test_download_of_one_rank_fills_the_folder_itself(client, centre, tmp_path, small_parts):
    model = os.urandom(3_500)
    centre.archives = {0: packed_output(tmp_path / "made", model)}
    client.download("j1", tmp_path / "deep" / "out")
    assert (tmp_path / "deep/out/model.bin").read_bytes() == model
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["out"]
    assert len(centre.asked) == 1 + 4


def test_download_of_a_gang_gives_each_rank_a_folder(client, centre, tmp_path):
    centre.archives = {0: packed_output(tmp_path / "a", b"0"), 2: packed_output(tmp_path / "b", b"2")}
    client.download("j1", tmp_path / "out")
    assert [(tmp_path / f"out/rank-{rank}/model.bin").read_bytes() for rank in (0, 2)] == [b"0", b"2"]


def test_download_of_nothing_says_what_to_do(client, centre, tmp_path):
    with pytest.raises(NotFound, match="BOSTAN_OUTPUT_DIR"):
        client.download("j1", tmp_path / "out")


def test_a_wait_outlives_a_restart_of_the_centre(centre, quick, make_job):
    centre.states = [make_job(), make_job(phase="finished", state="succeeded")]
    centre.faults = [lambda: None, busy, busy, busy]
    with Client(centre.url, "secret", retry=Retry(tries_max=1), follow_retry=quick) as client:
        assert client.wait("job-1").state == "succeeded"


def test_a_wait_gives_up_at_once_on_a_centre_that_was_never_there(centre, quick, make_job):
    centre.states, centre.faults = [make_job()], [busy]
    with (
        Client(centre.url, "secret", retry=Retry(tries_max=1), follow_retry=quick) as client,
        pytest.raises(ServerFault),
    ):
        client.wait("job-1")
    assert len(centre.asked) == 1


def test_a_wait_gives_up_on_a_centre_that_stays_away(centre, quick, make_job):
    centre.states, centre.faults = [make_job()], [lambda: None, *[busy] * 10]
    with (
        Client(centre.url, "secret", retry=Retry(tries_max=1), follow_retry=quick) as client,
        pytest.raises(ServerFault),
    ):
        client.wait("job-1")
    assert len(centre.asked) == 1 + quick.tries_max


async def test_a_wait_outlives_a_restart_of_the_centre_in_asyncio_too(centre, quick, make_job):
    centre.states = [make_job(), make_job(phase="finished", state="succeeded")]
    centre.faults = [lambda: None, busy, busy, busy]
    async with AsyncClient(centre.url, "secret", retry=Retry(tries_max=1), follow_retry=quick) as client:
        assert (await client.wait("job-1")).state == "succeeded"


def test_a_download_waits_for_what_is_still_on_its_way(client, centre, tmp_path, monkeypatch):
    monkeypatch.setattr(talks, "POLL_SECONDS_FIRST", 0.001)
    centre.archives = {0: packed_output(tmp_path / "made", b"model")}
    centre.outputs_news = [{"on_the_way": {"0": "p/n1"}}] * 3
    waited = []
    client.download("j1", tmp_path / "out", on_wait=waited.append)
    assert [told.on_the_way for told in waited] == [{0: "p/n1"}] * 3
    assert (tmp_path / "out/model.bin").read_bytes() == b"model"


def test_a_download_waits_no_longer_than_it_may(client, centre, tmp_path):
    centre.outputs_news = [{"on_the_way": {"0": "p/n1"}}] * 3
    with pytest.raises(TimedOut, match="still on their way from p/n1"):
        client.download("j1", tmp_path / "out", timeout_seconds=0)
    assert len(centre.asked) == 1


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ({"lost": {"0": "the disk is full"}}, "of rank 0 of j1 are lost: the disk is full"),
        ({"job_finished": False}, "no outputs yet"),
    ],
)
def test_a_download_says_why_there_is_nothing(client, centre, tmp_path, news, expected):
    centre.outputs_news = [news]
    with pytest.raises(NotFound, match=expected):
        client.download("j1", tmp_path / "out")


def test_a_download_is_not_begun_when_its_folder_is_taken(client, centre, tmp_path):
    centre.archives = {0: packed_output(tmp_path / "a", b"0")}
    with pytest.raises(InvalidFile, match="name another folder"):
        client.download("j1", tmp_path)
    assert len(centre.asked) == 1


def test_a_damaged_download_leaves_nothing(client, centre, tmp_path):
    good = packed_output(tmp_path / "a", b"0")
    centre.archives = {0: good}
    damaged = Response(bytes(len(good)), 206, {"Content-Range": f"bytes 0-{len(good) - 1}/{len(good)}"})
    centre.faults = [lambda: None, lambda: damaged]
    with pytest.raises(ServerFault, match="damaged"):
        client.download("j1", tmp_path / "new" / "out")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("headers", [{"Content-Range": "bytes 5-9/10"}, {"Content-Range": "lines 0-1/2"}, {}])
def test_a_download_of_other_bytes_than_asked_for_ends(client, centre, tmp_path, headers):
    centre.archives = {0: packed_output(tmp_path / "a", b"0")}
    centre.faults = [lambda: None, lambda: Response(b"12345", 206, headers)]
    with pytest.raises(ServerFault):
        client.download("j1", tmp_path / "out")


async def test_the_asyncio_client_does_all_this_too(
    centre, quick, work, tmp_path, make_log, make_sse, make_job
):
    centre.archives = {0: packed_output(tmp_path / "made", b"model")}
    centre.streams = [[make_log(1, 0, b"one ")], [make_log(1, 4, b"two"), make_sse("end", state="succeeded")]]
    centre.states = [make_job(), make_job(phase="finished", state="succeeded")]
    async with AsyncClient(centre.url, "secret", retry=quick, follow_retry=quick) as client:
        job = await client.submit(SPEC, work)
        log = b"".join([chunk.data async for chunk in client.follow_logs(job.id)])
        done = await client.wait(job.id)
        await client.download(job.id, tmp_path / "out")
        listed = [each.id async for each in client.jobs()]
    assert (log, done.state, len(listed)) == (b"one two", "succeeded", 6)
    assert (tmp_path / "out/model.bin").read_bytes() == b"model"


async def test_a_cancelled_upload_leaves_no_file_behind(centre, quick, work, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    async with AsyncClient(centre.url, "secret", retry=quick) as client:
        upload = asyncio.create_task(client.upload_work_dir(work))
        while not any(scratch.iterdir()):  # noqa: ASYNC110 no event tells of a file
            await asyncio.sleep(0)
        upload.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await upload
    assert upload.cancelled()
    assert not any(scratch.iterdir())


def test_no_centre_at_all(quick):
    with (
        Client("http://127.0.0.1:9", retry=quick) as client,
        pytest.raises(CannotReach, match=r"127\.0\.0\.1:9"),
    ):
        client.whoami()


def test_a_logs_bytes_are_kept_as_they_are(client, centre, make_sse):
    raw = bytes(range(256))
    text64 = base64.b64encode(raw).decode()
    centre.streams = [[make_sse("data", attempt=1, rank=3, offset=7, text64=text64), make_sse("end")]]
    assert list(client.follow_logs("j1", rank=3)) == [LogChunk(1, 3, 7, raw)]

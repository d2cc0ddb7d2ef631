"""Archives on their way in, part by part, and outputs on their way out."""

import asyncio
import hashlib
import os
import time

import pytest
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import OutputLost, OutputStored
from bostan_scheduler.files.blobs import BlobStore, Complete, Partial
from bostan_scheduler.files.settings import BlobLimits
from fronts import job, until
from structlog.testing import capture_logs

DATA = bytes(range(256)) * 5000
SIZE = len(DATA)
SHA256 = hashlib.sha256(DATA).hexdigest()
PATH = f"/v1/blobs/{SHA256}"


async def send(rest, data, offset=0, total=SIZE, path=PATH, who="member", **more):
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(total), **more}
    return await rest.ask(who, "PATCH", path, content=data, headers=headers)


async def head(rest, path=PATH, who="member"):
    answer = await rest.ask(who, "HEAD", path)
    return answer.status_code, answer.headers.get("upload-offset")


async def test_an_archive_comes_in_parts(rest):
    assert await head(rest) == (404, "0")
    answer = await send(rest, DATA[:1000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "1000")
    assert await head(rest) == (206, "1000")
    answer = await send(rest, DATA[1000:], 1000)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(DATA)))
    assert await head(rest) == (200, str(len(DATA)))
    assert rest.files.blobs.read(SHA256, 0, len(DATA)) == DATA


async def test_what_came_before_a_line_broke_is_kept(rest):
    async with rest.served() as url:
        port = int(url.rpartition(":")[2])
        _, line = await asyncio.open_connection("127.0.0.1", port)
        token = rest.headers("member")["Authorization"]
        line.write(
            f"PATCH {PATH} HTTP/1.1\r\nHost: centre\r\nAuthorization: {token}\r\nUpload-Offset: 0\r\n"
            f"Upload-Length: {len(DATA)}\r\nContent-Length: {len(DATA)}\r\n\r\n".encode()
        )
        line.write(DATA[: 1024 * 1024 + 70_000])
        await line.drain()
        with capture_logs() as logged:
            await until(lambda: isinstance(rest.files.blobs.state(SHA256, "acme"), Partial))
            line.close()
            await line.wait_closed()
    assert logged == []
    assert (await head(rest))[0] == 206


async def test_an_archive_of_another_firm_is_as_if_it_were_not_here(rest):
    await send(rest, DATA[:1000])
    for who in ("rival", "admin"):
        assert await head(rest, who=who) == (404, "0")
        answer = await send(rest, DATA[1000:], 1000, who=who)
        assert (answer.status_code, answer.headers["upload-offset"]) == (409, "0")
    await send(rest, DATA[1000:], 1000)
    assert await head(rest, who="owner") == (200, str(SIZE))
    for who in ("rival", "admin"):
        assert await head(rest, who=who) == (404, "0")
        assert (await send(rest, DATA[1000:], 1000, who=who)).status_code == 409
        assert (await send(rest, DATA, who=who)).status_code == 204
        assert await head(rest, who=who) == (200, str(SIZE))


async def test_an_empty_archive(rest):
    path = f"/v1/blobs/{hashlib.sha256(b'').hexdigest()}"
    assert (await send(rest, b"", 0, 0, path)).status_code == 204
    assert await head(rest, path) == (200, "0")


async def test_a_wrong_offset_is_told_the_right_one(rest):
    await send(rest, DATA[:1000])
    answer = await send(rest, DATA[:1000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (409, "1000")
    assert answer.json()["remedy"]


async def test_bytes_of_another_hash_are_dropped(rest):
    answer = await send(rest, DATA[:-1] + b"!")
    assert (answer.status_code, answer.json()["field"]) == (422, "body")
    assert (await head(rest))[0] == 404


async def test_more_than_an_archive_may_be(rest):
    answer = await send(rest, b"x", 0, 2**50)
    assert answer.status_code == 413
    assert (await send(rest, b"xx", 0, 1)).status_code == 413


async def test_a_full_disk_is_said_so(rest, tmp_path):
    full = BlobStore(tmp_path, BlobLimits(free_bytes_min=2**62))
    object.__setattr__(rest.files, "blobs", full)
    answer = await send(rest, DATA[:10])
    assert answer.status_code == 507
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    "headers",
    [{"Upload-Offset": "-1"}, {"Upload-Offset": "x"}, {"Upload-Length": str(2**70)}, {"Upload-Length": ""}],
)
async def test_headers_that_are_no_numbers(rest, headers):
    answer = await send(rest, b"x", **headers)
    assert answer.status_code == 422
    assert answer.json()["field"] in ("Upload-Offset", "Upload-Length")


@pytest.mark.parametrize("name", ["a" * 63, "A" * 64, "..%2f..%2fetc%2fpasswd", "%00" * 64, "%2e%2e"])
async def test_what_is_no_hash_leads_nowhere(rest, name):
    answer = await send(rest, b"x", path=f"/v1/blobs/{name}")
    assert answer.status_code in (404, 422)
    assert (await head(rest, f"/v1/blobs/{name}"))[0] in (404, 422)


async def finished_with_output(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    assert rest.files.blobs.append(SHA256, 0, len(DATA), DATA) == Complete(len(DATA))
    rest.story.reports(f"{job_id}.1/0", OutputStored(Blob(SHA256, len(DATA))))
    rest.story.exits(f"{job_id}.1/0")
    return job_id


async def test_outputs_are_listed_and_given_out(rest):
    job_id = await finished_with_output(rest)
    listed = await rest.seen("member", f"/v1/jobs/{job_id}/outputs")
    assert listed["job_id"] == job_id
    assert listed["archives"] == {"0": {"sha256": SHA256, "size_bytes": len(DATA)}}
    assert (listed["on_the_way"], listed["lost"], listed["job_finished"]) == ({}, {}, True)
    answer = await rest.get("member", f"/v1/jobs/{job_id}/outputs/0")
    assert (answer.status_code, answer.content) == (200, DATA)
    answer = await rest.get("member", f"/v1/jobs/{job_id}/outputs/0", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, DATA[10:20])
    assert answer.headers["content-range"] == f"bytes 10-19/{len(DATA)}"


async def test_outputs_that_have_yet_to_come_and_those_that_never_will(rest):
    rest.story.connect("p/a", 4)
    job_id = await rest.run()
    path = f"/v1/jobs/{job_id}/outputs"
    assert (await rest.seen("member", path))["job_finished"] is False
    rest.story.exits(f"{job_id}.1/0", outputs=True)
    listed = await rest.seen("member", path)
    assert (listed["on_the_way"], listed["archives"], listed["job_finished"]) == ({"0": "p/a"}, {}, True)
    rest.story.reports(f"{job_id}.1/0", OutputLost("it holds more than 3 files"))
    listed = await rest.seen("member", path)
    assert (listed["on_the_way"], listed["lost"]) == ({}, {"0": "it holds more than 3 files"})
    (rank,) = (await rest.seen("member", f"/v1/jobs/{job_id}"))["attempt"]["ranks"]
    assert (rank["outputs"], rank["outputs_detail"]) == ("lost", "it holds more than 3 files")


async def test_outputs_that_are_not_there(rest):
    job_id = await finished_with_output(rest)
    assert (await rest.get("member", f"/v1/jobs/{job_id}/outputs/1")).status_code == 404
    far = {"Range": f"bytes={len(DATA)}-"}
    assert (await rest.get("member", f"/v1/jobs/{job_id}/outputs/0", headers=far)).status_code == 416
    rest.files.blobs.path(SHA256).unlink()
    answer = await rest.get("member", f"/v1/jobs/{job_id}/outputs/0")
    assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")
    told = answer.json()
    assert told["detail"] == f"the output of rank 0 of {job_id} is not kept any more"
    assert told["remedy"] == "run the job again, and fetch its outputs within 30 days of its end"
    assert (await rest.seen("owner", f"/v1/jobs/{await rest.submit()}/outputs"))["archives"] == {}


async def test_a_work_directory_that_is_about_to_go_is_there_for_whoever_was_told_so(rest):
    """Passes between the question, the submission and its commit take nothing away."""
    await send(rest, DATA)
    needed, path = rest.story.store.needed_archives, rest.files.blobs.shelf.path(SHA256)
    work_dir = {"sha256": SHA256, "size_bytes": len(DATA)}

    def a_pass_much_later():
        month_ago = time.time() - 31 * 86_400
        os.utime(path, (month_ago, month_ago))
        return rest.files.tidy(time.time(), needed).archives

    rest.files.tidy(time.time(), needed)
    os.utime(path, (0, 0))
    assert (await head(rest, f"/v1/blobs/{SHA256}"))[0] == 200
    assert rest.files.tidy(time.time(), needed).archives == 0
    await rest.submit("member", work_dir=work_dir)
    assert (a_pass_much_later(), path.exists()) == (0, True)


async def test_a_work_directory_that_is_gone_is_sent_again(rest):
    await send(rest, DATA)
    rest.files.tidy(time.time(), frozenset)
    assert rest.files.tidy(time.time() + 31 * 86_400, frozenset).archives == 1
    assert (await head(rest, f"/v1/blobs/{SHA256}"))[0] == 404
    work_dir = {"sha256": SHA256, "size_bytes": len(DATA)}
    answer = await rest.post("member", "/v1/jobs", job(work_dir=work_dir))
    assert (answer.status_code, answer.json()["field"]) == (422, "work_dir")
    await send(rest, DATA)
    await rest.submit("member", work_dir=work_dir)

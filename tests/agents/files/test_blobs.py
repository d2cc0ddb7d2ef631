"""Files by content: fetched once, verified, resumed, and kept within bounds."""

import asyncio
import hashlib

import pytest
from bostan_agent.files.blobs import BlobCache, push
from bostan_agent.files.errors import BadBlob, BlobRefused, LineCut
from bostan_protos.v1.agent_link_pb2 import BlobStored
from bostan_protos.v1.rank_pb2 import Blob, RankId


class Line:
    """The centre's side of three calls, in memory."""

    def __init__(self, *contents):
        self.blobs = {hashlib.sha256(content).hexdigest(): content for content in contents}
        self.asked = []
        self.cut_after = None
        self.answer = None

    async def fetch_blob(self, sha256, offset):
        self.asked.append((sha256, offset))
        for at in range(offset, len(self.blobs[sha256]), 10):
            if self.cut_after is not None and at >= self.cut_after:
                self.cut_after = None
                raise LineCut("cut")
            yield self.blobs[sha256][at : at + 10]

    async def blob_status(self, sha256):
        return self.answer or BlobStored(sha256=sha256, stored_bytes=len(self.blobs.get(sha256, b"")))

    async def push_blob(self, chunks):
        received = [chunk async for chunk in chunks]
        self.asked = [(chunk.offset, bytes(chunk.data), chunk.sha256) for chunk in received]
        return self.answer or BlobStored(complete=True)


def blob(content, size=None):
    return Blob(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content) if size is None else size)


@pytest.fixture
def cache_of(tmp_path):
    return lambda line, bytes_max=10_000: BlobCache(tmp_path / "blobs", line, bytes_max)


async def held(cache, wanted):
    async with cache.held(wanted) as path:
        return path.read_bytes()


async def test_what_two_ranks_need_is_fetched_once(cache_of):
    line = Line(b"x" * 100)
    cache = cache_of(line)
    both = await asyncio.gather(*(held(cache, blob(b"x" * 100)) for _ in range(2)))
    assert both == [b"x" * 100] * 2
    assert len(line.asked) == 1


async def test_a_broken_fetch_goes_on_where_it_broke(cache_of):
    line = Line(bytes(range(100)))
    line.cut_after = 50
    cache = cache_of(line)
    with pytest.raises(LineCut):
        await held(cache, blob(bytes(range(100))))
    assert await held(cache, blob(bytes(range(100)))) == bytes(range(100))
    assert [offset for _, offset in line.asked] == [0, 50]


@pytest.mark.parametrize("wanted", [blob(b"y" * 50), blob(b"x" * 100, size=99), blob(b"x" * 100, size=101)])
async def test_what_is_not_what_its_name_says_is_refused_and_not_kept(cache_of, tmp_path, wanted):
    line = Line(b"x" * 100)
    line.blobs[wanted.sha256] = b"x" * 100
    with pytest.raises(BadBlob):
        await held(cache_of(line), wanted)
    assert all(path.stat().st_size == 0 for path in (tmp_path / "blobs").iterdir())


async def test_a_name_that_is_no_hash_never_becomes_a_path(cache_of):
    with pytest.raises(BadBlob, match="no SHA-256"):
        await held(cache_of(Line()), Blob(sha256="../../etc/passwd", size_bytes=1))


async def test_the_least_recently_used_leaves_first_and_what_is_in_use_stays(cache_of, tmp_path):
    contents = [bytes([number]) * 100 for number in range(4)]
    line = Line(*contents)
    cache = cache_of(line, bytes_max=200)
    async with cache.held(blob(contents[0])):
        for content in contents[1:]:
            await held(cache, blob(content))
        kept = {path.name for path in (tmp_path / "blobs").iterdir()}
        assert blob(contents[0]).sha256 in kept
        assert blob(contents[1]).sha256 not in kept
    assert len(list((tmp_path / "blobs").iterdir())) == 2


async def test_a_push_sends_only_what_is_missing(tmp_path):
    content = bytes(range(25))
    (tmp_path / "file").write_bytes(content)
    line = Line()
    line.blobs[blob(content).sha256] = content[:10]
    await push(line, tmp_path / "file", blob(content), RankId(attempt_id="a1"), 10)
    assert line.asked == [(10, content[10:20], blob(content).sha256), (20, content[20:], "")]


async def test_a_push_of_what_is_there_sends_nothing(tmp_path):
    line = Line()
    line.answer = BlobStored(complete=True)
    await push(line, tmp_path / "nowhere", blob(b"x"), RankId(), 10)
    assert line.asked == []


async def test_a_centre_that_stays_incomplete_is_told_from_one_that_took_it(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    line = Line()
    line.answer = BlobStored(stored_bytes=0)
    with pytest.raises(BlobRefused, match="incomplete"):
        await push(line, tmp_path / "file", blob(b"x"), RankId(), 10)

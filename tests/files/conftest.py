"""A centre's folder of files with limits small enough to reach, and archives to put into it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from bostan_scheduler.files.blobs import BlobStore
from bostan_scheduler.files.logs import LogBook
from bostan_scheduler.files.settings import BlobLimits, LogLimits

SMALL_BLOBS = BlobLimits(
    blob_bytes_max=1000, part_bytes_max=500, free_bytes_min=0, unfinished_max=3, running_hashes_max=2
)
SMALL_LOGS = LogLimits(segment_bytes=10, rank_bytes_max=30, total_bytes_max=100, poll_seconds=0.01)


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def sha256() -> Callable[[bytes], str]:
    return sha256_of


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", SMALL_BLOBS)


@pytest.fixture
def logs(tmp_path: Path) -> LogBook:
    return LogBook(tmp_path / "logs", SMALL_LOGS)


@pytest.fixture
def again(tmp_path: Path) -> Callable[[], BlobStore]:
    """The same folder, opened by another process."""
    return lambda: BlobStore(tmp_path / "blobs", SMALL_BLOBS)


@pytest.fixture
def logs_again(tmp_path: Path) -> Callable[[], LogBook]:
    return lambda: LogBook(tmp_path / "logs", SMALL_LOGS)

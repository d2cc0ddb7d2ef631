"""A front over a story with two firms, and the same with limits small enough to reach."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fronts
import pytest
from bostan_scheduler.http import HttpLimits
from fronts import RestFront

SMALL = HttpLimits(
    request_bytes_max=2000,
    batch_bytes_max=4000,
    header_bytes_max=1000,
    query_bytes_max=500,
    page_items_default=2,
    page_items_max=3,
    log_bytes_default=8,
    followers_per_token_max=1,
    followers_max=2,
    heartbeat_seconds=0.03,
    poll_seconds=0.02,
    log_end_seconds=5.0,
    failures_per_minute=3,
    addresses_max=2,
    ready_timeout_seconds=0.05,
    metrics_cache_seconds=0.0,
    capacity_cache_seconds=0.0,
)


async def _with_quotas(front: RestFront) -> RestFront:
    answer = await front.ask("admin", "PUT", "/v1/quotas/document", json=fronts.document())
    assert answer.status_code == 200, answer.text
    return front


@pytest.fixture
async def rest(tmp_path: Path) -> RestFront:
    """A front whose centre knows two parks and two firms."""
    return await _with_quotas(RestFront(tmp_path))


@pytest.fixture
async def small(tmp_path: Path) -> RestFront:
    """The same, with small limits."""
    return await _with_quotas(RestFront(tmp_path, SMALL))


@pytest.fixture
def new_job() -> Callable[..., dict[str, Any]]:
    return fronts.job


@pytest.fixture
def new_document() -> Callable[..., dict[str, Any]]:
    return fronts.document

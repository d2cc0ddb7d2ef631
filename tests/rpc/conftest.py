"""A centre with its agents' link on loopback."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from link import Centre


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Centre]:
    """A centre in which firm x may use 8 GPUs in the parks p and q."""
    made = Centre.at(tmp_path)
    await made.start()
    await made.allow()
    yield made
    await made.stop()

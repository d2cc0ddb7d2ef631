"""Running several things at once, none of which should end."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def until_one_fails(*works: Coroutine[Any, Any, None]) -> None:
    """Run all of `works`; when one ends, cancel the others and raise what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancelled(*tasks)
    for task in done:
        task.result()


async def cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel `tasks` and wait until they are over, whatever they raise."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

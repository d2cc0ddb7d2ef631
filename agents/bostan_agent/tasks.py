"""Running several things at once, none of which should end."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
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


@contextlib.contextmanager
def only_own_cancellation(otherwise: Exception) -> Iterator[None]:
    """Raise `otherwise` where a call says "cancelled" and nobody cancelled this task.

    gRPC raises CancelledError from a call whose channel was closed under it, which to asyncio means that the
    task itself was cancelled: whoever waits for it would take the agent's own end for granted.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise otherwise from None

"""One attempt at an answer, as a task.

AttemptFailed   answering raised something; it is tried again
"""

import asyncio


class AttemptFailed(Exception):
    """Answering raised something; it is tried again."""


def failure(task: asyncio.Task[None]) -> BaseException | None:
    return AttemptFailed("it was cancelled from inside") if task.cancelled() else task.exception()


async def cancelled(task: asyncio.Task[None]) -> None:
    """Return when the task has ended, which it does soon."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])

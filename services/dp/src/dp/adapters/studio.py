"""Where pictures are drawn: a few threads off the event loop, and a line before them that is never endless."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from dp.errors import StudioBusy

Result = TypeVar("Result")


class Studio:
    """Bounded room for work that keeps a core busy."""

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="studio")
        # One more than can draw may prepare, so that a thread never waits for a slow upload to be read.
        self._desks = asyncio.Semaphore(threads + 1)
        self._room = threads + 1 + waiting
        self._present = 0

    @asynccontextmanager
    async def desk(self) -> AsyncIterator["Desk"]:
        """A place to work at, in order of arrival. Only whoever has one holds a photo in memory. Raises StudioBusy."""
        if self._present >= self._room:
            raise StudioBusy(retry_after=2)
        self._present += 1
        try:
            async with self._desks:
                yield Desk(self._executor)
        finally:
            self._present -= 1

    def close(self) -> None:
        """Finish what is being drawn and end the threads."""
        self._executor.shutdown()


class Desk:
    """A place in the studio."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor

    async def do(self, work: Callable[[], Result]) -> Result:
        """Do the work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

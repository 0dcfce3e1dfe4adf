"""The connections of one process to its database: opened when needed, kept for the next, the last used first."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from common.postgres.link import Link


class Pool:
    """At most `most` connections at a time; `kept` of them stay open while idle, further ones for a while."""

    def __init__(self, url: str, *, application: str, kept: int, most: int, timeout: float, spare: float) -> None:
        """
        Args:
            url: `postgresql+psycopg://role:password@host:port/database`, as SQLAlchemy writes it.
            application: what the server's own views call us.
            timeout: seconds to wait for a connection when all are in use.
            spare: seconds that one beyond `kept` stays open without use, and until the next is given back. In a rush it
                would be closed only to be opened again at once, which costs both sides as much as many statements.
        """
        self._conninfo = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._application = application
        self._kept = kept
        self._spare = spare
        self._places = asyncio.Semaphore(most)
        self._idle: list[tuple[Link, float]] = []
        """With the moment each was put here, the longest idle first."""
        self.timeout = timeout
        self.observers: list[Callable[[str], None]] = []
        """Told the text of every statement before it is sent: tests look on here."""

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """A connection for this block. Raises SQLAlchemy's TimeoutError when none gets free, OperationalError for no server."""
        await self._take_place()
        try:
            link = await self._open()
            try:
                yield link
            finally:
                self._put_back(link)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close what is idle; what is in use goes when it is given back."""
        self._kept = 0
        while self._idle:
            self._idle.pop()[0].close()

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self.timeout):
                await self._places.acquire()
        except TimeoutError:
            raise PoolTimeout(f"no connection to the database got free within {self.timeout} s") from None

    async def _open(self) -> Link:
        while self._idle:
            link, _ = self._idle.pop()
            if link.usable:
                return link
            link.close()
        try:
            return await Link.open(self._conninfo, self._application, self.observers)
        except psycopg.Error as error:
            raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error

    def _put_back(self, link: Link) -> None:
        now = time.monotonic()
        if self._kept and link.usable:
            self._idle.append((link, now))
        else:
            link.close()
        while len(self._idle) > self._kept and self._idle[0][1] < now - self._spare:
            self._idle.pop(0)[0].close()

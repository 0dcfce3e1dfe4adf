"""One address of a service: its connections, how many requests are under way there, and its standing."""

import asyncio
from collections import deque
from functools import partial
from urllib.parse import urlsplit

from gateway.together import Together
from gateway.upstream.connection import Connection
from gateway.upstream.failures import Cause, NoConnection, OutOfTime
from gateway.upstream.standing import Standing

IDLE_SECONDS = 4.0
"""How long an unused connection is trusted; services keep theirs longer, so the gateway closes first."""
CONNECT_SECONDS = 1.0


class Replica:
    """One address of the service with its idle connections, the newest last."""

    __slots__ = (
        "answered",
        "asked_after_at",
        "eased_at",
        "handicap",
        "heard_at",
        "host",
        "idle",
        "open",
        "port",
        "put_aside",
        "seen",
        "standing",
        "together",
        "trying",
        "under_way",
    )

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"an upstream address is http://host:port, not {url}")
        self.host, self.port = parts.hostname, parts.port or 80
        self.idle: deque[Connection] = deque()
        self.open: set[Connection] = set()
        self.together = Together()
        self.standing = Standing()
        self.under_way = 0
        self.handicap = 0
        """Requests it is taken to have under way beyond those it has: it is slow."""
        self.eased_at = 0.0
        """The loop's time when that was last made less."""
        self.answered = 0
        """Answers of any kind, ever."""
        self.put_aside = 0
        """How often, ever."""
        self.seen = 0
        """`answered` when it was last looked at."""
        self.heard_at = 0.0
        """The loop's time when something was last heard, as far as anyone has looked."""
        self.asked_after_at = 0.0
        """The loop's time when it was last asked whether it is alive."""
        self.trying = False
        """Whether it is being asked so now."""

    def take(self, now: float) -> Connection | None:
        """The connection used last, where one can still be trusted."""
        idle = self.idle
        while idle:
            connection = idle.pop()
            if now - connection.idle_since < IDLE_SECONDS and not connection.closed:
                return connection
            connection.close()
        return None

    def keep(self, connection: Connection, now: float) -> None:
        """Keep a connection for the next request."""
        connection.idle_since = now
        self.idle.append(connection)

    def drop_old(self, now: float) -> None:
        """Close what nobody has needed for long."""
        idle = self.idle
        while idle and (idle[0].closed or now - idle[0].idle_since > IDLE_SECONDS):
            idle.popleft().close()

    def drop_idle(self) -> None:
        """Close all that is idle: what one connection has met, the others may have met too."""
        while self.idle:
            self.idle.pop().close()

    async def connect(self, seconds: float) -> Connection:
        """A new connection.

        Raises:
            NoConnection: there was none to be had.
            OutOfTime: nor was there time to wait for one.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, seconds)):
                _, connection = await loop.create_connection(
                    partial(Connection, self.open, self.together), self.host, self.port
                )
        except TimeoutError:
            if seconds < CONNECT_SECONDS:
                raise OutOfTime from None
            raise NoConnection(Cause.UNANSWERED) from None
        except OSError:
            raise NoConnection(Cause.REFUSED) from None
        return connection

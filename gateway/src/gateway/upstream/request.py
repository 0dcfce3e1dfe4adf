"""One request on its way to a service, and the exchange it becomes."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from gateway.upstream.connection import Connection
from gateway.upstream.replica import Replica

REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""RFC 9110 section 9.2.2, without TRACE."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those of them that change nothing, so that a copy beside a first one still under way does no harm either."""

Upload = Callable[[Connection], Coroutine[None, None, None]]
"""Sends the rest of a body, part by part."""


@dataclass(slots=True)
class Request:
    """One request as it goes over the wire.

    `data` is the head, followed by the whole body when there is no `upload`. The time that is left is added on sending.
    """

    method: str
    data: bytes
    upload: Upload | None = None
    keyed: bool = False
    """Whether it carries the Idempotency-Key its route demands: the service then does once what it is told twice."""
    hedge: str | None = None
    """The route, when a second replica may be asked as soon as the first takes longer than is usual there."""
    insists: bool = False
    """Whether it is sent even while the service is taken for away: the gateway's own few questions."""

    @property
    def repeatable(self) -> bool:
        """Whether a second copy would do no harm once the first has come to an end."""
        return self.method in REPEATABLE_METHODS or self.keyed

    @property
    def safe(self) -> bool:
        """Whether a second copy would do no harm even beside the first."""
        return self.method in SAFE_METHODS

    def data_within(self, seconds: float) -> bytes:
        """What is sent: the service hears how long anybody will wait for its answer."""
        line, rest = self.data.split(b"\r\n", 1)
        return b"%b\r\nx-lanyard-deadline-ms: %d\r\n%b" % (line, max(seconds, 0.0) * 1000, rest)


@dataclass(slots=True)
class Exchange:
    """An answer that has begun. Whoever holds it gives it back with `Pool.finish`."""

    connection: Connection
    replica: Replica
    uploading: asyncio.Task[None] | None = None

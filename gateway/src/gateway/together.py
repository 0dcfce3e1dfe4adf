"""What connections have to send is sent together, once in each turn of the event loop.

A write wakes whoever waits for it, and waking a program that sleeps costs more than the write. Between two answers lies all
the work of a request, so whoever was woken for the first sleeps again when the second comes; written one right behind the
other, all of them wake it once (ADR 23).
"""

import asyncio
from collections import deque


class Outlet:
    """The way out of one connection: every write, and every kind of end, so that none overtakes another."""

    __slots__ = ("_loop", "_together", "_transport", "_unsent")

    def __init__(self, transport: asyncio.Transport, together: "Together", loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._together = together
        self._loop = loop
        self._unsent: list[bytes] = []

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send with what others have to send."""
        if not self._unsent:
            self._together.add(self, self._loop)
        self._unsent.append(data)

    def flush(self) -> None:
        """Send at once what was written."""
        unsent = self._unsent
        if unsent:
            data = unsent[0] if len(unsent) == 1 else b"".join(unsent)
            unsent.clear()
            if not self._transport.is_closing():
                self._transport.write(data)

    def close(self) -> None:
        """Close the connection behind what was written."""
        self.flush()
        self._transport.close()

    def write_eof(self) -> None:
        """Say that nothing follows what was written."""
        self.flush()
        self._transport.write_eof()

    def abort(self) -> None:
        """Cut the connection; what was not sent is not."""
        self._transport.abort()


class Together:
    """The outlets that have something to send in this turn of the event loop."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[Outlet] = deque()

    def add(self, outlet: Outlet, loop: asyncio.AbstractEventLoop) -> None:
        """Have it flushed in a moment."""
        if not self._waiting:
            loop.call_soon(self._flush, loop)
        self._waiting.append(outlet)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while self._waiting:
                self._waiting.popleft().flush()
        finally:
            if self._waiting:  # what went wrong with one is not the others' fault
                loop.call_soon(self._flush, loop)

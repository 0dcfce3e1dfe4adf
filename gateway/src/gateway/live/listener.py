"""One client's stream: what waits to be sent to it, and what is known of its right to be told."""

import asyncio
from collections import deque

from common.capabilities import Scope, holds
from gateway.auth import Caller
from gateway.exchange import Exchange
from gateway.live import frames
from gateway.live.position import Position, Positions, later
from gateway.live.told import Told

MOST_WAITING = 256
MOST_WAITING_BYTES = 256 * 1024
"""What a client may leave unread, beside what its connection holds; more, and it is behind."""


class Listener:
    """A client that listens. The hub puts in, the client's own task takes out; neither waits for the other."""

    __slots__ = (
        "_bytes",
        "_positions",
        "_waiting",
        "_wake",
        "after",
        "authorization",
        "behind",
        "caller",
        "checked_at",
        "due",
        "ending",
        "event_id",
        "exchange",
        "good_until",
        "keys",
        "pinged",
        "reset",
        "seen",
        "slot",
    )

    def __init__(self, exchange: Exchange, event_id: str | None, good_until: float, positions: Positions) -> None:
        """
        Args:
            event_id: whose door counts it asks for.
            good_until: when its token runs out, in Unix seconds.
        """
        self.exchange = exchange
        self.caller: Caller = exchange.caller
        self.authorization = exchange.inbound.authorization
        self.event_id = event_id
        self.good_until = good_until
        subject = exchange.caller.principal.subject or ""
        self.keys = (subject, event_id) if event_id else (subject,)
        self.seen: Scope | None = None
        """Whose door counts it was shown."""
        self.after: Position | None = None
        """Where it is ahead of this replica: what it heard elsewhere it is not told again."""
        self.ending: str | None = None
        """Why it is to be closed."""
        self.behind = self.reset = self.pinged = self.due = False
        self.checked_at = 0.0
        self.slot = 0
        self._positions = positions
        self._waiting: deque[tuple[bytes, Told]] = deque()
        self._bytes = 0
        self._wake: asyncio.Future[None] | None = None

    # --- told by the hub

    def offer(self, told: Told, position: Position, text: bytes) -> None:
        """Here is a message; `text` is the id it leaves a client at that is not ahead of us."""
        if self.after is not None:
            if told.number <= self.after[told.stream]:
                return
            text = self.id_at(position, text)
        if self.behind or self.reset:
            return
        self._bytes += len(told.frame)
        if len(self._waiting) >= MOST_WAITING or self._bytes > MOST_WAITING_BYTES:
            self._forget_waiting()
            self.behind = True
        else:
            self._waiting.append((text, told))
        self.wake()

    def begin_anew(self) -> None:
        """What it missed can no longer be told in order."""
        self._forget_waiting()
        self.after = None
        self.reset = True
        self.wake()

    def end(self, reason: str) -> None:
        """Close it; the first reason counts."""
        self.ending = self.ending or reason
        self.wake()

    def ping(self) -> None:
        """It is time for a sign of life."""
        self.pinged = True
        self.wake()

    def recheck(self) -> None:
        """Ask again who this is."""
        self.due = True
        self.wake()

    def wake(self) -> None:
        """Let its task look."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    # --- its own task

    async def until_woken(self) -> None:
        """Return when there is anything to do."""
        if self._waiting or self.ending or self.behind or self.reset or self.pinged or self.due:
            return
        self._wake = asyncio.get_running_loop().create_future()
        if not self.exchange.wire.closing:
            await self._wake
        self._wake = None

    def take(self, position: Position, text: bytes) -> bytes:
        """Everything to send now. `position` is how far the hub has come, and `text` its id."""
        parts: list[bytes] = []
        while self._waiting:
            where, told = self._waiting.popleft()
            self._bytes -= len(told.frame)
            if self.may_see(told):
                parts.append(frames.at(where, told.frame))
        if self.reset:
            self.reset = False
            parts.append(frames.reset(text))
        if self.pinged and not self.behind:
            parts.append(frames.ping(self.id_at(position, text)))
        self.pinged = False
        return b"".join(parts)

    def may_see(self, told: Told) -> bool:
        """Whether its principal, as it is now, may be shown a message."""
        if told.capability is None or told.scope is None:
            return True
        if not holds(self.caller.principal, told.capability, told.scope):
            return False
        self.seen = told.scope
        return True

    def id_at(self, position: Position, text: bytes) -> bytes:
        """The id to send when the hub stands at `position`."""
        if self.after is None:
            return text
        further = later(self.after, position)
        if further == position:
            self.after = None
            return text
        return self._positions.text(further)

    def _forget_waiting(self) -> None:
        self._waiting.clear()
        self._bytes = 0

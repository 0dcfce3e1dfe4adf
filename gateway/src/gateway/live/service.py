"""`GET /v1/live`: everything of this package put together, and the course of one stream.

A stream is told nothing unless its sign-in is vouched for at that moment: by the cache under its lease, else by identity.
While nobody can vouch, what comes waits; when that lasts, the stream ends and its client connects anew, to be refused
or to go on where it was.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry, Gauge

from common.bus import Bus
from common.capabilities import Capability, holds
from common.clock import Clock, Entropy
from common.ids import EventId, MalformedId
from common.telemetry import logger
from common.topology import Feed
from gateway.auth import Caller, Door
from gateway.errors import (
    CapabilityMissing,
    Draining,
    EventNotNamed,
    IdentityAway,
    LiveAway,
    LiveFull,
    NotSignedIn,
    QuotaExceeded,
    SessionReplaced,
    TokenRefused,
    TooManyStreams,
)
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.live import frames
from gateway.live.endings import DRAINING, NOT_ALLOWED, SESSION_REPLACED, SIGN_IN_ENDED, TOKEN_EXPIRED, UNVERIFIED
from gateway.live.hub import RESUMED_SECONDS, Hub
from gateway.live.keeping import Keeper, Leaving, Wheel
from gateway.live.listener import Listener
from gateway.live.position import Position, moved
from gateway.live.resuming import CannotResume, Resuming
from gateway.routing import Row
from gateway.wire import ClientGone

MOST_PER_SIGN_IN = 6
UNVERIFIED_SECONDS = 5.0
"""How long a stream may wait for someone to vouch for it."""
_ASK_AGAIN_SECONDS = 0.5
_ASKING = 32
"""Look-ups of streams at a time, so that requests get theirs, too."""
_PIECE = 64 * 1024
_DOORS = Capability.EVENTS_CHECK_IN_READ
_HEADERS: list[Header] = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_RETRY_MS, _RETRY_SPREAD_MS = 500, 3000

log = logger("gateway.live")


class Live:
    """The live updates of one gateway process."""

    def __init__(
        self,
        door: Door,
        state: Leaving,
        clock: Clock,
        entropy: Entropy,
        registry: CollectorRegistry,
        feeds: list[Feed],
        *,
        most: int,
        ring_bytes: int,
    ) -> None:
        """
        Args:
            feeds: what the streams are told from.
            most: streams at once.
            ring_bytes: memory for resuming.
        """
        self._door = door
        self._state = state
        self._entropy = entropy
        self._most = most
        self._clock = clock
        self._feeds = feeds
        self.hub = Hub(self._feeds, ring_bytes, self._now)
        self._resuming = Resuming(self.hub, self._feeds, self._now)
        self._wheel = Wheel()
        self._keeper = Keeper(self._wheel, self.hub, door, state, self._now)
        self._by_sign_in: Counter[str] = Counter()
        self._asking = asyncio.Semaphore(_ASKING)
        self._nobody_vouches_until = 0.0
        gauge = Gauge("lanyard_gateway_live_streams", "Live streams that are open", registry=registry)
        gauge.set_function(lambda: float(self.streams))

    @property
    def streams(self) -> int:
        """How many are open."""
        return self._wheel.count

    async def follow(self, bus: Bus) -> None:
        """Read every stream until cancelled, beginning with what a client may still resume from."""
        self._resuming.bus = bus
        since = datetime.fromtimestamp(self._now(), UTC) - timedelta(seconds=RESUMED_SECONDS)
        async with asyncio.TaskGroup() as group:
            for feed in self._feeds:
                group.create_task(bus.follow(feed, since, self.hub.follower(feed.stream)))

    async def keep(self) -> None:
        """Look after the streams until cancelled."""
        await self._keeper.keep()

    async def answer(self, exchange: Exchange, row: Row, client: str) -> None:
        """Serve one stream to its end."""
        event_id = self._event_asked_for(exchange)
        self._demand_room()
        if exchange.method == "HEAD":
            await exchange.answer(200, _HEADERS, b"")
            return
        good_until = self._door.good_until(exchange.inbound.authorization)
        listener = Listener(exchange, event_id, good_until, self.hub.positions)
        async with self._seat(listener):
            await exchange.begin_answer(200, _HEADERS)
            await self._begin(listener)
            await self._go_on(listener, row)

    # --- the beginning

    def _event_asked_for(self, exchange: Exchange) -> str | None:
        """Raises EventNotNamed, CapabilityMissing: with no grant anywhere no count would ever be shown."""
        asked = parse_qs(exchange.query.decode("latin-1"), keep_blank_values=True).get("event")
        if asked is None:
            return None
        try:
            (event_id,) = asked
            event = EventId(event_id)
        except (MalformedId, ValueError):
            raise EventNotNamed() from None
        if not exchange.caller.holds(_DOORS):
            raise CapabilityMissing(capability=_DOORS.value)
        return event

    def _demand_room(self) -> None:
        if self._state.draining:
            raise Draining(retry_after=1)
        if not self.hub.ready:
            raise LiveAway(retry_after=2)
        if self._wheel.count >= self._most:
            raise LiveFull(retry_after=10)

    @asynccontextmanager
    async def _seat(self, listener: Listener) -> AsyncIterator[None]:
        """Count a stream in for as long as it lasts. Raises TooManyStreams."""
        principal = listener.caller.principal
        owner = str(principal.sign_in_id or principal.subject)
        if self._by_sign_in[owner] >= MOST_PER_SIGN_IN:
            raise TooManyStreams(most=MOST_PER_SIGN_IN, retry_after=15)
        self._by_sign_in[owner] += 1
        self._wheel.add(listener)
        try:
            yield
        finally:
            self.hub.forget(listener)
            self._wheel.remove(listener)
            self._by_sign_in[owner] -= 1
            if not self._by_sign_in[owner]:
                del self._by_sign_in[owner]

    async def _begin(self, listener: Listener) -> None:
        """Say where the client is, and what it missed. Between registering and looking back nothing waits: no gap, no repeat."""
        last = listener.exchange.inbound.get(b"last-event-id")
        position = self.hub.positions.read(last) if last else None
        self.hub.register(listener)
        if position is not None:
            try:
                await self._tell_missed(listener, position)
            except CannotResume:
                listener.begin_anew()
            return
        if last:
            listener.begin_anew()
        await listener.exchange.send_body(frames.opening(self.hub.text, self._retry_ms()), more=True)

    async def _tell_missed(self, listener: Listener, position: Position) -> None:
        """Raises CannotResume, before anything is said."""
        text, head = self.hub.positions.text, self.hub.head
        missed = await self._resuming.missed_by(listener, position)
        piece = frames.opening(text(position), self._retry_ms())
        for told in missed:
            position = moved(position, told.stream, told.number)
            if listener.may_see(told):
                piece += frames.at(text(position), told.frame)
            if len(piece) >= _PIECE:
                await listener.exchange.send_body(piece, more=True)
                piece = b""
        await listener.exchange.send_body(piece + frames.ping(listener.id_at(head, text(head))), more=True)

    # --- its course

    async def _go_on(self, listener: Listener, row: Row) -> None:
        """Tell what comes until the stream ends. Raises ClientGone."""
        send = listener.exchange.send_body
        last = b""
        while not last:
            await listener.until_woken()
            if listener.exchange.wire.closing:
                raise ClientGone
            data = b""
            if await self._is_vouched(listener, row):
                data = listener.take(self.hub.head, self.hub.text)
            last = self._last_words(listener)
            if data or last:
                await send(data + last, more=True)
        await send(b"", more=False)

    def _last_words(self, listener: Listener) -> bytes:
        """What a stream that ends now is told; nothing while it goes on."""
        if listener.ending is not None:
            log.info("a stream was closed", reason=listener.ending)
            return frames.closing(listener.ending, self._retry_ms())
        return frames.BEHIND if listener.behind else b""

    async def _is_vouched(self, listener: Listener, row: Row) -> bool:
        """Wait until somebody vouches for the stream's sign-in. False when it has to end without another word."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        caller = None
        while listener.ending in (None, DRAINING) and not listener.exchange.wire.closing:
            caller = self._door.vouches(listener.authorization) or await self._ask(listener, row)
            if caller is not None or listener.ending is not None:
                break
            if loop.time() - began > UNVERIFIED_SECONDS:
                listener.end(UNVERIFIED)
            else:
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
        listener.due = False
        listener.checked_at = loop.time()
        if caller is None:
            return False
        listener.caller = caller
        if self._lost_the_doors(listener):
            listener.end(NOT_ALLOWED)
            return False
        return True

    async def _ask(self, listener: Listener, row: Row) -> Caller | None:
        """Ask identity; None when nobody can tell, or when the reason to end was set."""
        exchange, loop = listener.exchange, asyncio.get_running_loop()
        if loop.time() < self._nobody_vouches_until:
            return None
        try:
            async with self._asking:
                return await self._door.admit(row, "GET", listener.authorization, exchange.network)
        except SessionReplaced:
            listener.end(SESSION_REPLACED)
        except (TokenRefused, NotSignedIn):
            listener.end(TOKEN_EXPIRED if listener.good_until <= self._now() else SIGN_IN_ENDED)
        except (IdentityAway, QuotaExceeded):
            self._nobody_vouches_until = loop.time() + _ASK_AGAIN_SECONDS
        return None

    def _lost_the_doors(self, listener: Listener) -> bool:
        """Whether a stream that asked for door counts may no longer have any."""
        if listener.event_id is None:
            return False
        if not listener.caller.holds(_DOORS):
            return True
        return listener.seen is not None and not holds(listener.caller.principal, _DOORS, listener.seen)

    def _retry_ms(self) -> int:
        """Not the same for all, so that those who were closed together do not come back together."""
        return _RETRY_MS + int.from_bytes(self._entropy.bytes(2)) % _RETRY_SPREAD_MS

    def _now(self) -> float:
        return self._clock.now().timestamp()

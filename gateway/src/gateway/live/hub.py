"""From streams to clients: each message is looked at once, and given to those registered under its keys.

Nothing here waits. A client that does not read fills its own small queue and nothing else.
"""

from collections.abc import Callable, Iterator

from common.bus import Delivery
from common.messages import SignInEnded, message_class
from common.telemetry import logger
from common.topology import Feed
from gateway.live.endings import SESSION_REPLACED, SIGN_IN_ENDED
from gateway.live.listener import Listener
from gateway.live.position import Position, Positions, moved
from gateway.live.ring import Ring
from gateway.live.told import Told, Unreadable, told

log = logger("gateway.live")

RESUMED_SECONDS = 600.0
"""How long after it broke off a stream can be taken up again."""


class Hub:
    """How far this replica has read, what it told lately, and who listens."""

    def __init__(self, feeds: list[Feed], ring_bytes: int, now: Callable[[], float]) -> None:
        """
        Args:
            now: Unix seconds.
        """
        self.positions = Positions([feed.stream for feed in feeds])
        self.ring = Ring(len(feeds), RESUMED_SECONDS, ring_bytes)
        self.head: Position = (0,) * len(feeds)
        self._text: bytes | None = None
        self._now = now
        self._missing: list[int | None] = [None] * len(feeds)
        """For each stream how many stored messages are still to be read before its present; None before it began."""
        self._ready = False
        self._listeners: dict[str, list[Listener]] = {}

    @property
    def ready(self) -> bool:
        """Whether every stream was read up to its present once."""
        self._ready = self._ready or all(missing == 0 for missing in self._missing)
        return self._ready

    @property
    def text(self) -> bytes:
        """How far this replica has read, as an id."""
        if self._text is None:
            self._text = self.positions.text(self.head)
        return self._text

    def follower(self, stream: str) -> "_OfOneStream":
        """What reads a stream into the hub."""
        return _OfOneStream(self, self.positions.streams.index(stream))

    def register(self, listener: Listener) -> None:
        """From here on it is told what is for it."""
        for key in listener.keys:
            self._listeners.setdefault(key, []).append(listener)

    def forget(self, listener: Listener) -> None:
        """It is told nothing more."""
        for key in listener.keys:
            left = [other for other in self._listeners.get(key, ()) if other is not listener]
            if left:
                self._listeners[key] = left
            else:
                self._listeners.pop(key, None)

    def begin(self, stream: int, position: int, waiting: int) -> None:
        """A stream is read from here; one that was made anew leaves nobody a position in it."""
        first = self._missing[stream] is None
        self._missing[stream] = waiting
        if first or position < self.head[stream]:
            self._move(stream, position)
            self.ring.begin(stream, position)
            if not first:
                log.warning("a stream was made anew; everyone reads again", stream=self.positions.streams[stream])
                for listener in self._everyone():
                    listener.begin_anew()

    def hear(self, stream: int, delivery: Delivery) -> None:
        """The next message of a stream."""
        self._move(stream, delivery.position)
        missing = self._missing[stream]
        if missing:
            self._missing[stream] = missing - 1
        kind = message_class(delivery.type)
        if kind is None:
            return
        try:
            if kind is SignInEnded:
                self._end_sign_in(SignInEnded.parse(delivery.body))
            elif kind.audience is not None:
                self._tell(told(kind, kind.audience, stream, delivery))
        except (Unreadable, ValueError) as fault:
            log.error("a message could not be read; nobody is told", type=delivery.type, fault=type(fault).__name__)

    def _tell(self, message: Told) -> None:
        self.ring.add(message, self._now())
        for key in message.keys:
            for listener in self._listeners.get(key, ()):
                listener.offer(message, self.head, self.text)

    def _end_sign_in(self, ended: SignInEnded) -> None:
        """The drop of the sign-in was here before it; this tells the reason, and comes where drops are late."""
        reason = SESSION_REPLACED if ended.reason == SESSION_REPLACED else SIGN_IN_ENDED
        for listener in self._listeners.get(ended.user_id, ()):
            if listener.caller.principal.sign_in_id == ended.sign_in_id:
                listener.end(reason)

    def _move(self, stream: int, position: int) -> None:
        self.head = moved(self.head, stream, position)
        self._text = None

    def _everyone(self) -> Iterator[Listener]:
        for listeners in self._listeners.values():
            yield from listeners


class _OfOneStream:
    """The hub as the follower of one stream."""

    def __init__(self, hub: Hub, stream: int) -> None:
        self._hub = hub
        self._stream = stream

    def begins(self, position: int, waiting: int) -> None:
        """What comes next lies behind `position`."""
        self._hub.begin(self._stream, position, waiting)

    def hears(self, delivery: Delivery) -> None:
        """The next message."""
        self._hub.hear(self._stream, delivery)

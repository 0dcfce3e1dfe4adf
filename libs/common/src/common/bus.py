"""The only module that speaks NATS's language.

What nats-py does by default and we do not: give up after 60 reconnects, notice a dead link after minutes, buffer publishes
while away (they arrive after a timeout was reported), leave a pull parked on a server that restarted, keep a durable
consumer's old settings in silence, close for good when the broker shows it the door, and wait for ever on a wire that takes
no bytes. Each has its guard here and its test in `tests/test_bus.py` or `tests/test_bus_hardening.py`.
"""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from common.telemetry import logger
from common.topology import ACK_WAIT, DUPLICATE_WINDOW, MAX_ACK_PENDING, MAX_AGE, MAX_BYTES, Consumer, Stream

log = logger("bus")

PUBLISH_TIMEOUT = 5.0
_RECONNECT_SECONDS: Any = 0.2
"""The library takes a fraction although it is annotated as an integer."""
_PING_SECONDS: Any = 10
_DEAD_WIRE_SECONDS = 20
_FLUSH_SECONDS: Any = 1
"""How long a full buffer may hold up a publish; the library would wait for ever."""
_LEAVING_SECONDS = 1.5
_PULL_EXPIRES = 10.0
_PULL_HEARTBEAT = 2.0
_STREAM_FULL = 10077
_HEARTBEAT = "100"
_PULL_RAN_OUT = ("404", "408")


class BrokerAway(Exception):
    """The broker did not confirm. It may still have stored the message; the same id makes a repeat harmless."""


class BrokerRefuses(Exception):
    """The broker refuses this message for itself: trying the next one makes sense."""


@dataclass(frozen=True)
class Letter:
    """A message as it crosses the wire: CloudEvents 1.0 in NATS binary mode."""

    message_id: str
    source: str
    subject: str
    type: str
    aggregate_id: str
    sequence: int
    time: str
    body: str
    traceparent: str | None

    def headers(self) -> dict[str, str]:
        """The `ce-` headers, percent-encoded as the binding says, with the de-duplication id and the trace."""
        headers = {
            "Nats-Msg-Id": self.message_id,
            "Content-Type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": self.message_id,
            "ce-source": self.source,
            "ce-type": self.type,
            "ce-subject": self.aggregate_id,
            "ce-sequence": str(self.sequence),
            "ce-time": self.time,
        }
        headers = {name: quote(value, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~") for name, value in headers.items()}
        return {**headers, "traceparent": self.traceparent} if self.traceparent else headers


class Delivery:
    """A message as it reached a consumer, and what can be answered to the broker."""

    def __init__(self, raw: Msg) -> None:
        self._raw = raw
        self.subject = raw.subject
        self.headers: Mapping[str, str] = {name: _text(value) for name, value in (raw.headers or {}).items()}
        self.body: bytes = raw.data

    @property
    def message_id(self) -> str:
        """`ce-id`, or the stream's own position where a stranger published without one."""
        return self.headers.get("ce-id") or f"{self._raw.metadata.stream}:{self._raw.metadata.sequence.stream}"

    @property
    def type(self) -> str:
        """The CloudEvents type with its version."""
        return self.headers.get("ce-type", "")

    @property
    def traceparent(self) -> str | None:
        """The trace of the request that caused the message."""
        return self.headers.get("traceparent")

    @property
    def deliveries(self) -> int:
        """How often the broker has sent this message to this consumer, this time included."""
        return int(self._raw.metadata.num_delivered or 1)

    async def done(self) -> None:
        """Tell the broker never to send it again."""
        await self._raw.ack()

    async def again_in(self, delay: timedelta) -> None:
        """Ask for it again after `delay`."""
        await self._raw.nak(delay.total_seconds())

    async def still_working(self) -> None:
        """Keep the broker from sending it to someone else while a slow action runs."""
        await self._raw.in_progress()


class _Link:
    """The connection to the broker: made, made anew and left. Whoever asks something over it learns when it is replaced."""

    def __init__(self, url: str, user: str, password: str, inbox: str) -> None:
        self.client = Client()
        self.lost = asyncio.Event()
        """Of the present connection: set once another one stands, for what was asked over the old one is gone."""
        self.anew = 0
        """How often the library gave up and we began anew: its subscriptions did not survive that."""
        self.answers: list[Callable[[], Awaitable[object]]] = []
        """What to subscribe to again then."""
        self._leaving = False
        self._options: dict[str, Any] = {
            "servers": url,
            "user": user,
            "password": password,
            "name": f"lanyard-{user}",
            "inbox_prefix": inbox.encode(),
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": _RECONNECT_SECONDS,
            "connect_timeout": 2,
            "ping_interval": _PING_SECONDS,
            "max_outstanding_pings": 2,
            "pending_size": 8 * 1024 * 1024,
            "flush_timeout": _FLUSH_SECONDS,
            "allow_reconnect": True,
            "reconnected_cb": self._on_reconnected,
            "disconnected_cb": self._on_disconnected,
            "closed_cb": self._on_closed,
            "error_cb": self._on_error,
        }

    async def begin(self) -> None:
        """Connect, trying for a second and then in the background. Raises what the library raises within that second."""
        self._connecting = asyncio.create_task(self._connect())
        await asyncio.wait({self._connecting}, timeout=1)
        if self._connecting.done():
            self._connecting.result()

    async def leave(self) -> None:
        """Drain while connected; otherwise just close: what was not sent is still in the outbox.

        Over a wire that takes nothing neither would ever end, and the library swallows cancellation: so the wire is cut.
        """
        self._leaving = True
        self._connecting.cancel()
        for way in (self.client.drain, self.client.close):
            going = asyncio.create_task(way())
            await asyncio.wait({going}, timeout=_LEAVING_SECONDS)
            if going.done() and not going.cancelled() and going.exception() is None:
                return
            if wire := self._wire():
                wire.abort()

    async def _connect(self) -> None:
        await self.client.connect(**self._options)
        self._give_up_on_dead_wires()

    async def _connect_anew(self) -> None:
        await self._connect()
        self.anew += 1
        self._replace()
        for answer in self.answers:
            await answer()

    async def _on_reconnected(self) -> None:
        log.info("broker is back")
        self._give_up_on_dead_wires()
        self._replace()

    async def _on_disconnected(self) -> None:
        log.warning("broker is away")

    async def _on_closed(self) -> None:
        if not self._leaving:
            log.error("the broker closed the connection for good; connecting anew")
            self._connecting = asyncio.create_task(self._connect_anew())

    async def _on_error(self, error: Exception) -> None:
        log.warning("broker connection", error=repr(error))

    def _replace(self) -> None:
        gone, self.lost = self.lost, asyncio.Event()
        gone.set()

    def _give_up_on_dead_wires(self) -> None:
        """Let the system end a connection whose bytes nobody takes.

        The library notices by its pings, but then waits until the last bytes are sent: a quarter of an hour.
        """
        wire = self._wire()
        if wire and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(_DEAD_WIRE_SECONDS * 1000)
            wire.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def _wire(self) -> asyncio.WriteTransport | None:
        """The transport inside the library's transport, which hands it out nowhere."""
        writer = getattr(self.client._transport, "_io_writer", None)  # noqa: SLF001 - there is no other way to it
        return writer.transport if writer else None


class Bus:
    """A connection to NATS that outlives the broker's absences."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._client = link.client
        self._jetstream = link.client.jetstream()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, user: str, password: str, inbox: str | None = None) -> AsyncIterator["Bus"]:
        """Connect as `user`; leaving the block closes the connection.

        While the broker is away at the start, the connection goes on trying in the background: a service starts without it.
        """
        link = _Link(url, user, password, inbox or f"_INBOX_{user}")
        await link.begin()
        try:
            yield cls(link)
        finally:
            await link.leave()

    @property
    def connected(self) -> bool:
        """Whether the broker answers at the moment."""
        return bool(self._client.is_connected)

    async def publish(self, letter: Letter, *, timeout: float = PUBLISH_TIMEOUT) -> bool:
        """Publish and wait until the broker has the message on its disk. True when it already had it.

        Raises:
            BrokerAway: no confirmation; repeat later with the same id.
            BrokerRefuses: this one message is not acceptable to the broker.
        """
        if not self.connected:
            raise BrokerAway("not connected")
        try:
            confirmation = await self._jetstream.publish(
                letter.subject, letter.body.encode(), timeout=timeout, headers=letter.headers()
            )
        except nats.js.errors.APIError as error:
            if error.err_code == _STREAM_FULL or (error.code or 0) >= 500:
                raise BrokerAway(str(error)) from error
            raise BrokerRefuses(str(error)) from error
        except (nats.errors.MaxPayloadError, nats.errors.BadSubjectError, ValueError) as error:
            raise BrokerRefuses(str(error)) from error
        except (TimeoutError, nats.errors.Error, nats.js.errors.Error, OSError) as error:
            raise BrokerAway(repr(error)) from error
        return bool(confirmation.duplicate)

    async def pull(self, consumer: Consumer, free_places: Callable[[], int]) -> AsyncIterator[Delivery]:
        """Yield deliveries for ever, asking for as many as there are free places.

        A pull that stays silent for longer than its heartbeat, or that was sent before a reconnect, is asked again.
        """
        arrived: asyncio.Queue[Msg] = asyncio.Queue()

        async def receive(raw: Msg) -> None:
            arrived.put_nowait(raw)

        inbox, subscribed_at = "", -1
        try:
            for number in itertools.count():
                while (wanted := free_places()) <= 0 or not self.connected:
                    await asyncio.sleep(0.005 if self.connected else 0.05)
                if subscribed_at != self._link.anew:
                    inbox, subscribed_at = self._client.new_inbox(), self._link.anew
                    subscription = await self._client.subscribe(f"{inbox}.*", cb=receive)
                async for delivery in self._one_pull(consumer, f"{inbox}.{number}", wanted, arrived):
                    yield delivery
        finally:
            if self.connected and subscribed_at == self._link.anew:
                await subscription.unsubscribe()

    async def _one_pull(
        self, consumer: Consumer, reply: str, wanted: int, arrived: "asyncio.Queue[Msg]"
    ) -> AsyncIterator[Delivery]:
        lost = self._link.lost
        request = {
            "batch": wanted,
            "expires": int(_PULL_EXPIRES * 1e9),
            "idle_heartbeat": int(_PULL_HEARTBEAT * 1e9),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        try:
            await self._client.publish(subject, json.dumps(request).encode(), reply=reply)
        except (nats.errors.Error, OSError):
            await asyncio.sleep(0.1)
            return
        while wanted:
            raw = await _next(arrived, lost)
            if raw is None:
                return
            status = (raw.headers or {}).get("Status")
            if status is None:
                wanted -= 1
                yield Delivery(raw)
            elif raw.subject == reply and status != _HEARTBEAT:
                if status not in _PULL_RAN_OUT:
                    log.warning("pull ended", consumer=consumer.name, status=status, description=_description(raw))
                    await asyncio.sleep(0.2)
                return

    async def lag(self, consumer: Consumer) -> int:
        """How many messages wait for a consumer, delivered ones not yet answered included. Raises BrokerAway."""
        try:
            info = await self._jetstream.consumer_info(consumer.stream, consumer.name, timeout=2)
        except (TimeoutError, nats.errors.Error, nats.js.errors.Error, OSError) as error:
            raise BrokerAway(repr(error)) from error
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)

    async def ask_everyone(
        self, subject: str, payload: bytes, on_answer: Callable[[bytes], None]
    ) -> Callable[[], Awaitable[None]]:
        """Send a core request that several may answer; `on_answer` gets each. The result ends the listening.

        Both raise BrokerAway.
        """
        inbox = self._client.new_inbox()

        async def receive(raw: Msg) -> None:
            on_answer(raw.data)

        try:
            subscription = await self._client.subscribe(inbox, cb=receive)
            await self._client.publish(subject, payload, reply=inbox)
        except (nats.errors.Error, OSError) as error:
            raise BrokerAway(repr(error)) from error

        async def stop() -> None:
            try:
                await subscription.unsubscribe()
            except (nats.errors.Error, OSError) as error:
                raise BrokerAway(repr(error)) from error

        return stop

    async def answer(self, subject: str, reply: Callable[[bytes], bytes]) -> None:
        """Answer every core request on `subject` for as long as the connection lives."""

        async def receive(raw: Msg) -> None:
            answered = reply(raw.data)
            if raw.reply:
                await self._client.publish(raw.reply, answered)

        while not self.connected:
            await asyncio.sleep(0.05)
        await self._client.subscribe(subject, cb=receive)
        self._link.answers.append(lambda: self._client.subscribe(subject, cb=receive))

    async def provision(self, streams: list[Stream], consumers: list[Consumer]) -> list[str]:
        """Make streams and consumers as declared, changing those that drifted; returns what was done, a line each."""
        done = [line for stream in streams if (line := await self._provision_stream(stream))]
        return done + [line for consumer in consumers if (line := await self._provision_consumer(consumer))]

    async def drift(self, consumers: list[Consumer]) -> list[str]:
        """How the broker's consumers differ from the declared ones: a line each, none when all is well."""
        found: list[str] = []
        for consumer in consumers:
            try:
                info = await self._jetstream.consumer_info(consumer.stream, consumer.name, timeout=5)
            except nats.js.errors.NotFoundError:
                found.append(f"consumer {consumer.name} is missing")
                continue
            except (TimeoutError, nats.errors.Error, nats.js.errors.Error, OSError) as error:
                raise BrokerAway(repr(error)) from error
            found += _differences(f"consumer {consumer.name}", _consumer_settings(consumer), vars(info.config))
        return found

    async def _provision_stream(self, stream: Stream) -> str | None:
        settings = _stream_settings(stream)
        try:
            current = await self._jetstream.stream_info(stream.name)
        except nats.js.errors.NotFoundError:
            await self._jetstream.add_stream(StreamConfig(**settings))
            return f"made stream {stream.name}"
        differences = _differences(f"stream {stream.name}", settings, vars(current.config))
        if not differences:
            return None
        await self._jetstream.update_stream(StreamConfig(**settings))
        return f"changed {'; '.join(differences)}"

    async def _provision_consumer(self, consumer: Consumer) -> str | None:
        settings = _consumer_settings(consumer)
        try:
            current = await self._jetstream.consumer_info(consumer.stream, consumer.name)
        except nats.js.errors.NotFoundError:
            await self._jetstream.add_consumer(consumer.stream, ConsumerConfig(**settings))
            return f"made consumer {consumer.name}"
        differences = _differences(f"consumer {consumer.name}", settings, vars(current.config))
        if not differences:
            return None
        await self._jetstream.add_consumer(consumer.stream, ConsumerConfig(**settings))
        return f"changed {'; '.join(differences)}"


def _stream_settings(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "subjects": list(stream.subjects),
        "storage": StorageType.FILE,
        "retention": RetentionPolicy.LIMITS,
        "discard": DiscardPolicy.NEW,
        "max_age": MAX_AGE.total_seconds(),
        "max_bytes": MAX_BYTES,
        "duplicate_window": DUPLICATE_WINDOW.total_seconds(),
        "num_replicas": 1,
    }


def _consumer_settings(consumer: Consumer) -> dict[str, Any]:
    """No `backoff` (it would replace ack_wait) and no `max_deliver` (it would park in silence): `common.inbox` counts."""
    return {
        "name": consumer.name,
        "durable_name": consumer.name,
        "filter_subjects": list(consumer.subjects),
        "ack_policy": AckPolicy.EXPLICIT,
        "ack_wait": ACK_WAIT.total_seconds(),
        "max_ack_pending": MAX_ACK_PENDING,
        "max_deliver": -1,
    }


def _differences(what: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, value in wanted.items():
        actual = found.get(name)
        if name == "filter_subjects" and not actual and found.get("filter_subject"):
            actual = [found["filter_subject"]]
        same = sorted(actual or []) == sorted(value) if isinstance(value, list) else actual == value
        if not same:
            lines.append(f"{what}: {name} is {actual!r}, should be {value!r}")
    return lines


async def _next(arrived: "asyncio.Queue[Msg]", lost: asyncio.Event) -> Msg | None:
    """The next thing the broker sent, or None when it fell silent or the link it was asked over is gone."""
    getting = asyncio.create_task(arrived.get())
    losing = asyncio.create_task(lost.wait())
    try:
        await asyncio.wait({getting, losing}, timeout=2.5 * _PULL_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
        return getting.result() if getting.done() else None
    finally:
        getting.cancel()
        losing.cancel()


def _description(raw: Msg) -> str:
    return (raw.headers or {}).get("Description", "")


def _text(value: str) -> str:
    """A header's value as text that every database holds."""
    return unquote(value).replace("\x00", "\ufffd")

"""Reading a stream as it grows, in order, for someone who keeps nothing at the broker: an ephemeral push consumer.

The broker numbers what it pushes to a consumer. Whatever breaks the numbers, a wire, a restart, a reader that was too slow,
ends that consumer for us, and the next one begins behind the last message that was heard: nothing is lost and nothing
is heard twice. Consumers are made through the address for nameless ones, which lets the permission for it say the least.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import nats.errors
from nats.aio.msg import Msg

from common.bus.letters import BrokerAway, Delivery
from common.bus.link import Link
from common.telemetry import logger
from common.topology import Feed

log = logger("bus")

_HEARTBEAT_SECONDS = 1.0
_FORGOTTEN_AFTER_SECONDS = 5.0
_ASKING_SECONDS = 2.0
_READ_BACK_SECONDS = 5.0
_PAUSE = 0.2


class TooFarBack(Exception):
    """What lies behind a position is more than may be read again, or the stream never came that far."""


class Follower(Protocol):
    """Whoever follows a feed."""

    def begins(self, position: int, waiting: int) -> None:
        """What is heard next lies behind `position`; `waiting` messages are stored already.

        Said at first and after each interruption. A lower position than before means that the stream was made anew.
        """

    def hears(self, delivery: Delivery) -> None:
        """The next message. It must not wait."""


class Following:
    """One reader of one feed."""

    def __init__(self, link: Link, feed: Feed, since: datetime, follower: Follower) -> None:
        self._link = link
        self._feed = feed
        self._since = since
        self._follower = follower
        self._after: int | None = None

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            try:
                await self._read()
            except (BrokerAway, nats.errors.Error, OSError) as reason:
                if self._link.client.is_connected:
                    log.warning("a feed was interrupted", stream=self._feed.stream, reason=repr(reason))
            await asyncio.sleep(_PAUSE)

    async def _read(self) -> None:
        """Make a consumer and hear it until its numbers break, it falls silent, or the link is replaced."""
        reading = _Reading(self._link, self._hear)
        lost = self._link.lost
        if self._after is not None and self._after > await _last_position(self._link, self._feed.stream):
            self._after = None
        start = _from_moment(self._since) if self._after is None else _from_position(self._after + 1)
        async with contextlib.aclosing(reading):
            made = await reading.begin(self._feed, start)
            position = int(made["delivered"]["stream_seq"])
            self._after = position if self._after is None else self._after
            self._follower.begins(self._after, int(made["num_pending"]))
            reading.started.set()
            await reading.until_broken(lost)

    def _hear(self, delivery: Delivery) -> None:
        self._after = delivery.position
        self._follower.hears(delivery)


class _Reading:
    """One ephemeral consumer from its making to its end."""

    def __init__(self, link: Link, hear: Callable[[Delivery], None]) -> None:
        self._link = link
        self._hear = hear
        self._heard = 0
        self._heard_at = time.monotonic()
        self._broken = asyncio.Event()
        self._anew = link.anew
        self._subscription: Any = None
        self.started = asyncio.Event()

    async def begin(self, feed: Feed, start: dict[str, object]) -> dict[str, Any]:
        """Make the consumer; what the broker says of it. Nothing is heard before `started` is set."""
        inbox = self._link.client.new_inbox()
        self._subscription = await self._link.client.subscribe(inbox, cb=self._receive)
        config = {
            **start,
            "deliver_subject": inbox,
            "filter_subjects": list(feed.subjects),
            "ack_policy": "none",
            "replay_policy": "instant",
            "flow_control": True,
            "idle_heartbeat": int(_HEARTBEAT_SECONDS * 1e9),
            "inactive_threshold": int(_FORGOTTEN_AFTER_SECONDS * 1e9),
            "mem_storage": True,
            "num_replicas": 1,
        }
        request: dict[str, object] = {"stream_name": feed.stream, "config": config}
        return await _ask(self._link, f"$JS.API.CONSUMER.CREATE.{feed.stream}", request)

    async def until_broken(self, lost: asyncio.Event) -> None:
        """Return when this consumer can no longer be trusted to say everything."""
        waiting = {asyncio.create_task(self._broken.wait()), asyncio.create_task(lost.wait())}
        try:
            while time.monotonic() - self._heard_at < 2.5 * _HEARTBEAT_SECONDS:
                done, _ = await asyncio.wait(waiting, timeout=_HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    return
        finally:
            for task in waiting:
                task.cancel()

    async def aclose(self) -> None:
        """Stop listening; the broker then forgets the consumer."""
        self._broken.set()
        if self._subscription is not None and self._link.client.is_connected and self._anew == self._link.anew:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._subscription.unsubscribe()

    async def _receive(self, raw: Msg) -> None:
        await self.started.wait()
        self._heard_at = time.monotonic()
        if self._broken.is_set():
            return
        if raw.headers and "Status" in raw.headers:
            await self._answer_broker(raw)
        elif raw.metadata.sequence.consumer == self._heard + 1:
            self._heard += 1
            self._hear(Delivery(raw))
        else:
            self._broken.set()

    async def _answer_broker(self, raw: Msg) -> None:
        """A heartbeat tells what we must have heard; the other words ask whether more may be sent."""
        headers = raw.headers or {}
        if int(headers.get("Nats-Last-Consumer", self._heard)) != self._heard:
            self._broken.set()
        wanted = raw.reply or headers.get("Nats-Consumer-Stalled")
        if wanted:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._link.client.publish(wanted)


async def read_back(link: Link, feed: Feed, after: int, most: int) -> list[Delivery]:
    """What a feed holds behind a position: see `Bus.read_back`."""
    heard: list[Delivery] = []
    complete = asyncio.Event()
    expected = 0

    def hear(delivery: Delivery) -> None:
        heard.append(delivery)
        if len(heard) >= expected:
            complete.set()

    if after > await _last_position(link, feed.stream):
        raise TooFarBack(f"{feed.stream} never came to {after}")
    reading = _Reading(link, hear)
    try:
        async with asyncio.timeout(_READ_BACK_SECONDS), contextlib.aclosing(reading):
            expected = int((await reading.begin(feed, _from_position(after + 1)))["num_pending"])
            if expected > most:
                raise TooFarBack(f"{expected} messages of {feed.stream}")
            reading.started.set()
            if expected:
                await complete.wait()
    except (TimeoutError, nats.errors.Error, OSError) as error:
        raise BrokerAway(repr(error)) from error
    return heard[:expected]


async def _last_position(link: Link, stream: str) -> int:
    """How far a stream has come. Raises BrokerAway."""
    return int((await _ask(link, f"$JS.API.STREAM.INFO.{stream}", None))["state"]["last_seq"])


async def _ask(link: Link, subject: str, request: dict[str, object] | None) -> dict[str, Any]:
    """One question to JetStream. Raises BrokerAway, also when it refuses: it may be without its streams for a moment."""
    if not link.client.is_connected:
        raise BrokerAway("not connected")
    try:
        body = b"" if request is None else json.dumps(request).encode()
        answer: dict[str, Any] = json.loads((await link.client.request(subject, body, timeout=_ASKING_SECONDS)).data)
    except (TimeoutError, nats.errors.Error, OSError, ValueError) as error:
        raise BrokerAway(repr(error)) from error
    if "error" in answer:
        raise BrokerAway(str(answer["error"]))
    return answer


def _from_moment(since: datetime) -> dict[str, object]:
    return {"deliver_policy": "by_start_time", "opt_start_time": since.isoformat()}


def _from_position(position: int) -> dict[str, object]:
    return {"deliver_policy": "by_start_sequence", "opt_start_seq": position}

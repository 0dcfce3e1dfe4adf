"""What the house asks of the broker, over one connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg

from common.bus.following import Follower, Following, read_back
from common.bus.letters import BrokerAway, BrokerRefuses, Delivery, Letter
from common.bus.link import Link
from common.bus.provisioning import Provisioning
from common.bus.pulling import pull
from common.topology import Consumer, Feed, Stream

PUBLISH_TIMEOUT = 5.0
_STREAM_FULL = 10077


class Bus:
    """A connection to NATS that outlives the broker's absences."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._client = link.client
        self._jetstream = link.client.jetstream()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, user: str, password: str, inbox: str | None = None) -> AsyncIterator["Bus"]:
        """Connect as `user`; leaving the block closes the connection.

        While the broker is away at the start, the connection goes on trying in the background: a service starts without it.
        """
        link = Link(url, user, password, inbox or f"_INBOX_{user}")
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

    def pull(self, consumer: Consumer, free_places: Callable[[], int]) -> AsyncIterator[Delivery]:
        """Deliveries for ever, asking for as many as there are free places.

        A pull that stays silent for longer than its heartbeat, or that was sent before a reconnect, is asked again.
        """
        return pull(self._link, consumer, free_places)

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

    async def follow(self, feed: Feed, since: datetime, follower: Follower) -> None:
        """Read a feed for ever, in order and without a gap, beginning with what was stored `since`.

        Nothing is kept at the broker for it: whoever reads so and ends is forgotten there.
        """
        await Following(self._link, feed, since, follower).run()

    async def read_back(self, feed: Feed, after: int, most: int) -> list[Delivery]:
        """What a feed holds behind position `after`, once, in order.

        Raises:
            TooFarBack: more than `most` messages, or the position is not of this stream.
            BrokerAway: the broker did not say it all in time.
        """
        return await read_back(self._link, feed, after, most)

    async def provision(self, streams: list[Stream], consumers: list[Consumer]) -> list[str]:
        """Make streams and consumers as declared, changing those that drifted; returns what was done, a line each."""
        return await Provisioning(self._jetstream).provision(streams, consumers)

    async def drift(self, consumers: list[Consumer]) -> list[str]:
        """How the broker's consumers differ from the declared ones: a line each, none when all is well. Raises BrokerAway."""
        return await Provisioning(self._jetstream).drift(consumers)

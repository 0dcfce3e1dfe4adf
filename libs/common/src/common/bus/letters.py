"""A message as it crosses the wire, in either direction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from nats.aio.msg import Msg


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
    def position(self) -> int:
        """Where in its stream the broker keeps it."""
        return int(self._raw.metadata.sequence.stream)

    @property
    def stored_at(self) -> datetime:
        """When the broker stored it, by the broker's clock."""
        return self._raw.metadata.timestamp

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


def _text(value: str) -> str:
    """A header's value as text that every database holds."""
    return unquote(value).replace("\x00", "\ufffd")

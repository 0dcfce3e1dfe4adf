"""Streams, consumers and who may publish what: computed from the message catalogue, in one place.

One stream per publisher, one durable consumer per (listener, publisher). `common.provision` makes them, every service
reports drift from them at start-up, and `deploy/nats/nats.conf` is generated from them.
"""

from dataclasses import dataclass
from datetime import timedelta

from common.messages import catalogue
from common.messages.base import SERVICES

MAX_AGE = timedelta(days=14)
MAX_BYTES = 1024**3
DUPLICATE_WINDOW = timedelta(minutes=2)
ACK_WAIT = timedelta(seconds=30)
MAX_ACK_PENDING = 1000


@dataclass(frozen=True)
class Stream:
    """Everything one service says."""

    name: str
    publisher: str
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class Consumer:
    """What one service hears of another."""

    name: str
    listener: str
    stream: str
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class Feed:
    """What every gateway replica reads of one stream for itself, as it comes, keeping nothing at the broker."""

    stream: str
    subjects: tuple[str, ...]


def streams() -> list[Stream]:
    """One stream for each service that says anything."""
    return [Stream(name.upper(), name, subjects) for name in SERVICES if (subjects := _subjects(name))]


def consumers(listener: str | None = None) -> list[Consumer]:
    """The durable consumers of `listener`, or of everyone."""
    return [
        Consumer(f"{ear}-from-{mouth}", ear, mouth.upper(), subjects)
        for ear in SERVICES
        if listener in (None, ear)
        for mouth in SERVICES
        if (subjects := _subjects(mouth, ear))
    ]


def feeds() -> list[Feed]:
    """What a gateway replica follows: all that people are shown live, and what ends their streams."""
    return [Feed(mouth.upper(), subjects) for mouth in SERVICES if (subjects := _subjects(mouth, GATEWAY))]


def follow_permissions() -> list[str]:
    """What the gateway's NATS user may publish to: consumers without a name, its answers to their pace, and how far a
    stream has come. It may say no message, and neither take nor acknowledge another's."""
    allowed: list[str] = []
    for feed in feeds():
        allowed.append(f"$JS.API.CONSUMER.CREATE.{feed.stream}")
        allowed.append(f"$JS.API.STREAM.INFO.{feed.stream}")
        allowed.append(f"$JS.FC.{feed.stream}.>")
    return allowed


def publish_permissions(service: str) -> list[str]:
    """The subjects a service's NATS user may publish to: its own words, and the pulls and acks of its own consumers."""
    allowed = list(_subjects(service))
    for consumer in consumers(service):
        allowed.append(f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}")
        allowed.append(f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.name}")
        allowed.append(f"$JS.ACK.{consumer.stream}.{consumer.name}.>")
        allowed.append(f"$JS.ACK.*.*.{consumer.stream}.{consumer.name}.>")
    if _subjects(service):
        allowed.append(f"$JS.API.STREAM.INFO.{service.upper()}")
    if service == "identity":
        allowed.append(DROP_SUBJECT)
    return allowed


GATEWAY = "gateway"
"""A listener without durable consumers: see `feeds`."""

DROP_SUBJECT = "session_feed.drop"
"""Core NATS, no stream: identity tells every gateway replica to drop a sign-in, and each answers."""


def _subjects(publisher: str, listener: str | None = None) -> tuple[str, ...]:
    chosen = {
        kind.subject
        for kind in catalogue()
        if kind.publisher == publisher and (listener is None or listener in kind.listeners)
    }
    return tuple(sorted(chosen))

"""Streams and consumers as `common.topology` declares them: made, mended, and compared with what the broker has."""

from collections.abc import Mapping
from typing import Any

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from common.bus.letters import BrokerAway
from common.topology import ACK_WAIT, DUPLICATE_WINDOW, MAX_ACK_PENDING, MAX_AGE, MAX_BYTES, Consumer, Stream


class Provisioning:
    """What the provisioner changes and every service looks at."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream

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

"""Spans of requests, written as OTLP when their request ends, gathered here and sent away by a thread of their own.

A span of the SDK costs some eighty microseconds from its beginning until it is packed, most of them in the thread that sends it
and takes the interpreter's lock from requests meanwhile; written at once as what travels, it costs ten (ADR 22).
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Protocol

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

SENT_AFTER_SECONDS = 0.25
MOST_WAITING = 50_000
"""Spans, of about 150 bytes each, that wait for a collector; further ones are left out until it answers again."""
_CLOSING_SECONDS = 3.0


class Sender(Protocol):
    """Takes spans to the collector."""

    def send(self, packed: bytes) -> None:
        """Send an ExportTraceServiceRequest. Runs on a thread of its own, never twice at once, and raises nothing."""
        ...

    def shutdown(self) -> None:
        """Give up what is being sent."""
        ...


class OtlpSender(OTLPSpanExporter):
    """Sends what is packed already as the library sends its own: with its retries, headers, certificates and compression."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint` is the collector's base URL."""
        super().__init__(endpoint=f"{endpoint.rstrip('/')}/v1/traces")

    def send(self, packed: bytes) -> None:
        """Send, trying again for ten seconds; what then was not taken is lost, and the library logs it."""
        self._client.export(packed)


class Spans(Collector):
    """Spans on their way to the collector."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spans")
        self._begin_anew()
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Future[None] | None = None
        self.left_out = 0
        """How many nobody will see, because the collector took none for too long."""

    def add(self, span: Span) -> None:
        """Take one that has ended."""
        if len(self._spans) >= MOST_WAITING:
            self.left_out += 1
            return
        self._spans.append(span)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SENT_AFTER_SECONDS, self._send)

    def collect(self) -> Iterator[Metric]:
        """prometheus_client: what nobody will see."""
        yield CounterMetricFamily(
            "lanyard_gateway_spans_left_out",
            "Spans not kept, because the collector took none for too long",
            self.left_out,
        )

    async def close(self) -> None:
        """Send what waits; give up on a collector that does not take it within moments."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=_CLOSING_SECONDS)
        self._send()
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=_CLOSING_SECONDS)
        self._sender.shutdown()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _send(self) -> None:
        """Hand over what has gathered; what gathers while a collector is slow waits until it has taken the last."""
        self._timer = None
        if self._sending is not None and not self._sending.done():
            self._timer = asyncio.get_running_loop().call_later(SENT_AFTER_SECONDS, self._send)
        elif self._spans:
            full = self._request
            self._begin_anew()
            self._sending = asyncio.get_running_loop().run_in_executor(self._thread, _pack_and, self._sender.send, full)

    def _begin_anew(self) -> None:
        self._request = ExportTraceServiceRequest()
        of_us = self._request.resource_spans.add()
        of_us.resource.attributes.extend(_described())
        scope = of_us.scope_spans.add()
        scope.scope.name = "lanyard"
        self._spans = scope.spans


def _pack_and(send: Callable[[bytes], None], request: ExportTraceServiceRequest) -> None:
    send(request.SerializeToString())


@cache
def _described() -> list[KeyValue]:
    """This process, as the SDK describes it (`OTEL_RESOURCE_ATTRIBUTES` included)."""
    attributes = Resource.create({"service.name": "lanyard-gateway"}).attributes
    return [KeyValue(key=key, value=AnyValue(string_value=str(value))) for key, value in attributes.items()]

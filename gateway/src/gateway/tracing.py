"""The trace of a request: always a new one, because whoever calls from outside is not trusted to name it.

A caller's `traceparent` is kept as a link. A trace that is not recorded is ids alone: they are drawn, so that answers,
logs and services still share one, and that costs a microsecond.
"""

import random
import re
import time
from functools import lru_cache
from typing import Any, Protocol

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status

from gateway.spans import Spans

_RANDOM = random.Random(random.SystemRandom().getrandbits(128))
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_FINE, _FAILED = Status(), Status(code=Status.STATUS_CODE_ERROR)
_OF_ANOTHER = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class RequestTrace(Protocol):
    """What the proxy needs of a trace."""

    trace_id: str

    def to_service(self, service: str, method: str) -> str:
        """The `traceparent` for the call to a service, which begins now."""
        ...

    def end(self, status: int) -> None:
        """The answer is complete."""
        ...


class _Ids:
    """A trace that is not recorded here."""

    __slots__ = ("_flags", "trace_id")

    def __init__(self, flags: str) -> None:
        self._flags = flags
        self.trace_id = f"{_RANDOM.getrandbits(128) or 1:032x}"

    def to_service(self, service: str, method: str) -> str:
        return f"00-{self.trace_id}-{_RANDOM.getrandbits(64) or 1:016x}-{self._flags}"

    def end(self, status: int) -> None:
        """Nothing was recorded."""


class _Recorded:
    """A server span, and a client span for each call to a service."""

    __slots__ = ("_begun", "_caller", "_calls", "_method", "_route", "_span_id", "_spans", "trace_id")

    def __init__(self, spans: Spans, method: str, route: str, caller: bytes | None) -> None:
        self._spans = spans
        self._method = method
        self._route = route
        self._caller = caller
        self._begun = time.time_ns()
        self._calls: list[tuple[str, str, int]] = []
        self.trace_id = f"{_RANDOM.getrandbits(128) or 1:032x}"
        self._span_id = _RANDOM.getrandbits(64) or 1

    def to_service(self, service: str, method: str) -> str:
        span_id = f"{_RANDOM.getrandbits(64) or 1:016x}"
        self._calls.append((service, span_id, time.time_ns()))
        return f"00-{self.trace_id}-{span_id}-01"

    def end(self, status: int) -> None:
        trace_id, span_id, ended = bytes.fromhex(self.trace_id), self._span_id.to_bytes(8, "big"), time.time_ns()
        came: dict[str, Any] = {
            "trace_id": trace_id,
            "end_time_unix_nano": ended,
            "status": _FAILED if status >= 500 else _FINE,
            "flags": SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK,
        }
        method, answer = _text("http.request.method", self._method), _number("http.response.status_code", status)
        for service, call_id, begun in self._calls:
            self._spans.add(
                Span(
                    span_id=bytes.fromhex(call_id),
                    parent_span_id=span_id,
                    name=self._method,
                    kind=Span.SPAN_KIND_CLIENT,
                    start_time_unix_nano=begun,
                    attributes=[method, _text("server.address", service), answer],
                    **came,
                )
            )
        self._spans.add(
            Span(
                span_id=span_id,
                name=f"{self._method} {self._route}",
                kind=Span.SPAN_KIND_SERVER,
                start_time_unix_nano=self._begun,
                attributes=[method, _text("http.route", self._route), answer],
                links=_links_to(self._caller) if self._caller else (),
                **came,
            )
        )


class Tracing:
    """Begins traces: recorded ones where spans are kept and the lot falls on them, bare ids otherwise."""

    def __init__(self, spans: Spans | None = None, share: float = 1.0) -> None:
        """
        Args:
            share: of the traces, how many are recorded, from 0 to 1; the services follow in those they are told of.
        """
        self._spans = spans
        self._share = share

    def begin(self, method: str, route: str, caller: bytes | None) -> RequestTrace:
        """A new trace.

        Args:
            route: the path template, never the path itself.
            caller: the `traceparent` the caller sent, only to be linked.
        """
        if self._spans is None:
            return _Ids("01")  # a service with an exporter of its own still records
        if _RANDOM.random() >= self._share:
            return _Ids("00")
        return _Recorded(self._spans, method, route, caller)

    async def close(self) -> None:
        """Send the last spans."""
        if self._spans is not None:
            await self._spans.close()


def _links_to(traceparent: bytes) -> list[Span.Link]:
    """A link to the span a `traceparent` names; none of what is none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return []
    trace_id, span_id = (bytes.fromhex(part.decode()) for part in found.groups())
    return [Span.Link(trace_id=trace_id, span_id=span_id, flags=_OF_ANOTHER)]


@lru_cache(maxsize=1000)
def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


@lru_cache(maxsize=1000)
def _number(key: str, value: int) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(int_value=value))

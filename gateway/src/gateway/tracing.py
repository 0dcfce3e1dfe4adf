"""The trace of a request: always a new one, because whoever calls from outside is not trusted to name it.

A caller's `traceparent` is kept as a link. Without an exporter no span is made at all: ids are drawn, so that answers,
logs and services still share one, and that costs a microsecond.
"""

import random
from typing import Protocol

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from common.telemetry import link_of

_RANDOM = random.Random(random.SystemRandom().getrandbits(128))


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


class _Spans:
    """A server span, and a client span for the call to the service."""

    __slots__ = ("_clients", "_server", "_tracer", "trace_id")

    def __init__(self, tracer: Tracer, method: str, route: str, caller: str | None) -> None:
        self._tracer = tracer
        self._server = tracer.start_span(
            f"{method} {route}",
            kind=SpanKind.SERVER,
            links=link_of(caller),
            attributes={"http.request.method": method, "http.route": route},
        )
        self._clients: list[Span] = []
        self.trace_id = trace.format_trace_id(self._server.get_span_context().trace_id)

    def to_service(self, service: str, method: str) -> str:
        client = self._tracer.start_span(
            method,
            context=trace.set_span_in_context(self._server),
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": method, "server.address": service},
        )
        self._clients.append(client)
        context = client.get_span_context()
        span_id = trace.format_span_id(context.span_id)
        return f"00-{self.trace_id}-{span_id}-{int(context.trace_flags):02x}"

    def end(self, status: int) -> None:
        for span in (*self._clients, self._server):
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)
            span.end()


class Tracing:
    """Begins traces: recorded ones when a tracer is given and the lot falls on them, bare ids otherwise."""

    def __init__(self, tracer: Tracer | None = None, share: float = 1.0) -> None:
        """
        Args:
            share: of the traces, how many are recorded, from 0 to 1; the services follow in those they are told of.
        """
        self._tracer = tracer
        self._share = share

    def begin(self, method: str, route: str, caller: bytes | None) -> RequestTrace:
        """A new trace.

        Args:
            route: the path template, never the path itself.
            caller: the `traceparent` the caller sent, only to be linked.
        """
        if self._tracer is None:
            return _Ids("01")  # a service with an exporter of its own still records
        if _RANDOM.random() >= self._share:
            return _Ids("00")
        return _Spans(self._tracer, method, route, caller.decode("ascii", "replace") if caller else None)

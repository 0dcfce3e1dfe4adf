"""One span and one measurement for each request, named by the route's template so that ids never become labels.

What no handler knew ends here, inside the span: its answer then carries the trace id that the log has.
"""

import time

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.problems import fault_response
from common.telemetry import context_of, tracer

_SILENT = frozenset({"/healthz", "/readyz", "/metrics"})


class Observed:
    """ASGI middleware around a whole service."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._duration = Histogram(
            "lanyard_request_seconds", "Time to answer a request", ["method", "route", "status"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watching it; what is not HTTP, and the health routes, pass unwatched."""
        if scope["type"] != "http" or scope["path"] in _SILENT:
            await self._app(scope, receive, send)
            return
        started, status, answering = time.perf_counter(), 500, False

        async def observed_send(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status, answering = message["status"], True
            await send(message)

        traceparent = next(
            (value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None
        )
        method = scope["method"]
        span = tracer().start_as_current_span(method, context=context_of(traceparent), kind=trace.SpanKind.SERVER)
        with span as current:
            try:
                await self._app(scope, receive, observed_send)
            except Exception as error:
                if answering:
                    raise
                await fault_response(method, _route(scope), error)(scope, receive, observed_send)
            finally:
                route = _route(scope)
                current.update_name(f"{method} {route}")
                current.set_attributes(
                    {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                )
                if status >= 500:
                    current.set_status(trace.StatusCode.ERROR)
                self._duration.labels(method, route, str(status)).observe(time.perf_counter() - started)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "unmatched"))

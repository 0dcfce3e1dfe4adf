"""Traces, metrics and logs, set up once and alike in every process.

Spans go out by OTLP when `OTEL_EXPORTER_OTLP_ENDPOINT` is set; otherwise they cost almost nothing. Trace context crosses
HTTP and NATS as W3C `traceparent`, and waits in the outbox row meanwhile. Logs are one JSON object a line with the trace id.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_SENT_AFTER_MS, _SENT_AT_ONCE = 250, 128
"""Spans leave in small batches: packing a large one keeps the interpreter's lock from requests for a long time."""
_HIDDEN = frozenset(
    {"authorization", "code", "cookie", "email", "mail", "password", "refresh_token", "secret", "token"}
)


def configure_tracing(service: str, otlp_endpoint: str | None) -> None:
    """Send this process' spans to `otlp_endpoint` (the collector's base URL), where one is given."""
    if not otlp_endpoint:
        return
    provider = TracerProvider(resource=Resource.create({"service.name": f"lanyard-{service}"}))
    exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=_SENT_AFTER_MS, max_export_batch_size=_SENT_AT_ONCE)
    )
    trace.set_tracer_provider(provider)


def tracer() -> trace.Tracer:
    """The tracer everything in the house starts its spans from."""
    return trace.get_tracer("lanyard")


def current_traceparent() -> str | None:
    """The current span as a `traceparent`, to be stored or sent on; None outside any trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def context_of(traceparent: str | None) -> Any:
    """The OpenTelemetry context a `traceparent` stands for (an empty one when absent or malformed)."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})


def link_of(traceparent: str | None) -> list[trace.Link]:
    """A span link to the trace a stored `traceparent` belongs to; none when absent or malformed."""
    span_context = trace.get_current_span(context_of(traceparent)).get_span_context()
    return [trace.Link(span_context)] if span_context.is_valid else []


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in hex that a stored `traceparent` names; None when absent or malformed."""
    span_context = trace.get_current_span(context_of(traceparent)).get_span_context()
    return trace.format_trace_id(span_context.trace_id) if span_context.is_valid else None


def link_current_span_to(traceparent: str | None) -> None:
    """Link the current span to another trace: the payment's to the one that placed the order."""
    for link in link_of(traceparent):
        trace.get_current_span().add_link(link.context)


def current_trace_id() -> str | None:
    """The current trace id in hex, for answers and logs; None outside any trace."""
    span_context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span_context.trace_id) if span_context.is_valid else None


def configure_logs(service: str, log_format: Literal["json", "console"]) -> None:
    """Log to standard output: JSON a line, or coloured text for people. Secrets, codes and mail addresses are masked."""
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("uvicorn.access", "nats", "httpx", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger(name: str) -> Any:
    """A structured logger: `log.info("what happened", key=value)`."""
    return structlog.get_logger(name)


def mask_secrets(_: object, __: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Replace values whose key says they are secret, at any depth of dictionaries."""
    for key, value in entry.items():
        if isinstance(value, dict):
            entry[key] = mask_secrets(None, "", dict(value))
        elif key.lower() in _HIDDEN or key.lower().endswith(("_token", "_secret", "_email", "_code")):
            entry[key] = "***"
    return entry


def _add_trace(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace_id = current_trace_id()
    if trace_id:
        entry["trace_id"] = trace_id
    return entry

"""One trace per request: a server span, a client span, and the service's own below it; the caller's is only linked."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id

from gateway.testing import RunGateway, holds
from gateway.tracing import Tracing

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_request_is_one_trace_that_the_service_continues(run: RunGateway) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with run(tracing=Tracing(provider.get_tracer("test"))) as world:
        answer = await world.ask("GET", "/v1/events/evt_1?q=secret", {"traceparent": CALLER})
        await holds(lambda: len(exporter.get_finished_spans()) == 2, "two spans")
        client, server = exporter.get_finished_spans()
        heard = world["events"].heard[0].one("traceparent")
    assert (server.name, server.kind, client.kind) == ("GET /v1/events/{eventId}", SpanKind.SERVER, SpanKind.CLIENT)
    assert server.context is not None and client.context is not None
    assert server.parent is None and client.parent is not None
    assert client.parent.span_id == server.context.span_id
    trace_id = format_trace_id(server.context.trace_id)
    assert answer.one("x-request-id") == trace_id != CALLER.split("-")[1]
    assert heard == f"00-{trace_id}-{format_span_id(client.context.span_id)}-{int(client.context.trace_flags):02x}"
    assert [format_trace_id(link.context.trace_id) for link in server.links] == [CALLER.split("-")[1]]
    attributes = dict(server.attributes or {})
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/events/{eventId}",
        "http.response.status_code": 200,
    }
    assert "secret" not in server.to_json() + client.to_json()


async def test_a_trace_on_which_no_lot_falls_is_told_and_not_recorded(run: RunGateway) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with run(tracing=Tracing(provider.get_tracer("test"), share=0.0)) as world:
        answer = await world.ask("GET", "/v1/events/evt_1")
        heard = world["events"].heard[0].one("traceparent")
    assert exporter.get_finished_spans() == ()
    version, trace_id, span_id, flags = heard.split("-")
    assert (version, trace_id, len(span_id), flags) == ("00", answer.one("x-request-id"), 16, "00")

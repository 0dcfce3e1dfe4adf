"""One trace per request: a server span, a client span, and the service's own below it; the caller's is only linked."""

import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from gateway import spans as spans_module
from gateway.spans import Spans
from gateway.testing import RunGateway, holds
from gateway.testing.fakes import json_answer
from gateway.tracing import Tracing

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Collector:
    """Keeps what it is sent; it may be told to be slow."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.quick = threading.Event()
        self.quick.set()

    def send(self, packed: bytes) -> None:
        self.quick.wait(10)
        self.requests.append(ExportTraceServiceRequest.FromString(packed))

    def shutdown(self) -> None:
        self.quick.set()

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def attributes(span: Span) -> dict[str, str | int]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


async def test_a_request_is_one_trace_that_the_service_continues(run: RunGateway) -> None:
    collector = Collector()
    async with run(tracing=Tracing(Spans(collector))) as world:
        answer = await world.ask("GET", "/v1/events/evt_1?q=secret", {"traceparent": CALLER})
        await holds(lambda: len(collector.spans) == 2, "two spans")
        heard = world["events"].heard[0].one("traceparent")
    client, server = collector.spans
    assert (server.name, server.kind) == ("GET /v1/events/{eventId}", Span.SPAN_KIND_SERVER)
    assert (client.name, client.kind) == ("GET", Span.SPAN_KIND_CLIENT)
    assert (server.parent_span_id, client.parent_span_id) == (b"", server.span_id)
    assert server.trace_id == client.trace_id
    assert answer.one("x-request-id") == server.trace_id.hex() != CALLER.split("-")[1]
    assert heard == f"00-{server.trace_id.hex()}-{client.span_id.hex()}-01"
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in server.links] == [tuple(CALLER.split("-")[1:3])]
    assert attributes(server) == {
        "http.request.method": "GET",
        "http.route": "/v1/events/{eventId}",
        "http.response.status_code": 200,
    }
    assert attributes(client)["server.address"] == "events"
    assert server.start_time_unix_nano <= client.start_time_unix_nano <= client.end_time_unix_nano
    assert b"secret" not in server.SerializeToString() + client.SerializeToString()
    [resource] = collector.requests[0].resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert names["service.name"] == "lanyard-gateway"


@pytest.mark.parametrize(
    "caller",
    [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "nonsense",
    ],
)
async def test_what_is_no_traceparent_is_linked_to_nothing(run: RunGateway, caller: str) -> None:
    collector = Collector()
    async with run(tracing=Tracing(Spans(collector))) as world:
        await world.ask("GET", "/v1/events/evt_1", {"traceparent": caller})
        await holds(lambda: len(collector.spans) == 2, "two spans")
    assert [len(span.links) for span in collector.spans] == [0, 0]


async def test_a_request_that_failed_is_seen_to_have_failed(run: RunGateway) -> None:
    collector = Collector()
    async with run(tracing=Tracing(Spans(collector))) as world:
        world["events"].reply = lambda _: json_answer({}, "500 Internal Server Error")
        assert (await world.ask("GET", "/v1/events/evt_1")).status == 500
        await holds(lambda: len(collector.spans) >= 2, "spans")
    assert {span.status.code for span in collector.spans} == {Status.STATUS_CODE_ERROR}


async def test_a_trace_on_which_no_lot_falls_is_told_and_not_recorded(run: RunGateway) -> None:
    collector = Collector()
    async with run(tracing=Tracing(Spans(collector), share=0.0)) as world:
        answer = await world.ask("GET", "/v1/events/evt_1")
        heard = world["events"].heard[0].one("traceparent")
    assert collector.spans == []
    version, trace_id, span_id, flags = heard.split("-")
    assert (version, trace_id, len(span_id), flags) == ("00", answer.one("x-request-id"), 16, "00")


async def test_the_last_spans_are_sent_when_the_gateway_ends(run: RunGateway) -> None:
    collector = Collector()
    async with run(tracing=Tracing(Spans(collector))) as world:
        await world.ask("GET", "/v1/events/evt_1")
    assert len(collector.spans) == 2


async def test_a_slow_collector_holds_up_no_request_and_fills_no_memory(
    run: RunGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans_module, "MOST_WAITING", 4)
    monkeypatch.setattr(spans_module, "SENT_AFTER_SECONDS", 0.01)
    collector = Collector()
    collector.quick.clear()
    kept = Spans(collector)
    async with run(tracing=Tracing(kept)) as world:
        await world.ask("GET", "/v1/events/evt_1")
        await holds(lambda: kept._sending is not None, "the first being sent")
        for _ in range(5):
            assert (await world.ask("GET", "/v1/events/evt_1")).status == 200
        assert (collector.spans, kept.left_out) == ([], 6)
        collector.quick.set()
        await holds(lambda: len(collector.spans) == 6, "what was kept arriving")

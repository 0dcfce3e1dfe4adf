"""One trace from the request that caused it all, through outbox and broker, to the last listener; linked to an earlier one."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common.db import Transaction, new_metadata
from common.ids import EventId, TicketTierId
from common.messages import TicketTierAvailabilityChanged
from common.service import Db, Parts, Service, ServiceSettings
from common.telemetry import link_current_span_to
from common.testing import eventually, running
from common.testing.principals import fresh
from common.testing.servers import Servers

WEBHOOK = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PLACING = "00-11111111111111111111111111111111-2222222222222222-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    processor.shutdown()


def webhook_router() -> APIRouter:
    router = APIRouter()

    @router.post("/webhook/{provider}")
    async def webhook(provider: str, db: Db) -> dict[str, str]:
        async with db.transaction() as tx:
            link_current_span_to(PLACING)
            message = TicketTierAvailabilityChanged(
                sequence=1,
                ticket_tier_id=TicketTierId(fresh(TicketTierId)),
                event_id=EventId(fresh(EventId)),
                availability="few",
            )
            tx.publish(message)
        return {}

    return router


async def test_webhook_outbox_broker_and_listener_are_one_trace(servers: Servers, spans: InMemorySpanExporter) -> None:
    heard: list[str] = []

    async def hear(tx: Transaction, message: TicketTierAvailabilityChanged) -> None:
        heard.append(message.aggregate_id)

    def speaking(name: str, parts: Parts) -> Service[ServiceSettings]:
        return Service(name, ServiceSettings, new_metadata(), lambda _: parts)

    speaker = speaking("commerce", Parts(routers=[webhook_router()]))
    listener = speaking("events", Parts(routers=[], handlers={TicketTierAvailabilityChanged: hear}))
    speaker_urls, listener_urls = servers.bare_database("commerce"), servers.bare_database("events")
    async with (
        running(speaker, servers, urls=speaker_urls) as commerce,
        running(listener, servers, urls=listener_urls, broker=commerce.broker),
    ):
        await commerce.post("/webhook/sandbox", headers={"traceparent": WEBHOOK})

        async def processed() -> ReadableSpan | None:
            return next((span for span in spans.get_finished_spans() if span.name.startswith("process")), None)

        last = await eventually(processed)
    assert len(heard) == 1
    by_name = {span.name: span for span in spans.get_finished_spans()}
    server = by_name["POST /webhook/{provider}"]
    send = by_name["send ticket_tier.availability_changed"]
    assert last is not None
    ids = {span.context.trace_id for span in (server, send, last) if span.context}
    assert {trace.format_trace_id(one) for one in ids} == {"0af7651916cd43dd8448eb211c80319c"}
    assert send.parent is not None
    assert server.context is not None
    assert send.parent.span_id == server.context.span_id
    assert last.parent is not None
    assert send.context is not None
    assert last.parent.span_id == send.context.span_id
    assert send.attributes is not None
    assert isinstance(send.attributes["lanyard.outbox.wait_ms"], int)
    linked = [trace.format_trace_id(link.context.trace_id) for link in server.links]
    assert linked == ["11111111111111111111111111111111"]

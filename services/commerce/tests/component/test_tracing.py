"""One trace leads from the provider's webhook to the order that is paid, and is linked to the one that placed it."""

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common.telemetry import tracer
from common.testing import RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_the_webhook_and_what_follows_are_one_trace_linked_to_the_order(
    run: RunService, stall: "Stall", spans: InMemorySpanExporter
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        with tracer().start_as_current_span("buying") as buying:
            traceparent = f"00-{buying.get_span_context().trace_id:032x}-{buying.get_span_context().span_id:016x}-01"
        lines = [{"ticketTierId": tier, "quantity": 1}]
        body = {"eventId": stall.event_id, "lines": lines}
        headers = {"traceparent": traceparent}
        answer = await world.post("/v1/orders", stall.buyer, key="k", json=body, headers=headers)
        await stall.end(world, await stall.pay(world, answer.json()), "succeed")

        async def sent() -> bool:
            return any(span.name == "send order.paid" for span in spans.get_finished_spans())

        await eventually(sent)
        by_name = {span.name: span for span in spans.get_finished_spans()}
        names = [
            "gateway POST",
            "POST /v1/payments/webhooks/{provider}",
            "work off webhook sandbox",
            "send order.paid",
        ]
        chain = [by_name[name] for name in names]
        assert len({span.context.trace_id for span in chain if span.context}) == 1
        parents = [span.parent.span_id for span in chain[1:] if span.parent]
        assert parents == [span.context.span_id for span in chain[:-1] if span.context]
        linked = [link.context.trace_id for link in by_name["work off webhook sandbox"].links]
        assert linked == [buying.get_span_context().trace_id]

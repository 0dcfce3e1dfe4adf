"""Mail addresses and the link to an order's page stay out of logs and traces, also when something breaks."""

import traceback
from typing import TYPE_CHECKING, Any

import psycopg
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from common.testing import Running, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


def secrets_of(order: dict[str, Any]) -> list[str]:
    """What must not be found: the page's token, the buyer's address and an attendee's."""
    return [order["pagePath"].removeprefix("/o/"), "ben@example.org", "ada@example.org", "Ada Lovelace"]


async def placed(world: Running, stall: "Stall") -> dict[str, Any]:
    [tier] = await stall.open(world)
    attendees = [{"name": "Ada Lovelace", "email": "ada@example.org"}]
    answer = await stall.order(world, lines=[{"ticketTierId": tier, "quantity": 1, "attendees": attendees}])
    order: dict[str, Any] = answer.json()
    return order


async def test_no_span_names_a_person_or_a_secret_page(
    run: RunService, stall: "Stall", spans: InMemorySpanExporter
) -> None:
    async with run() as world:
        order = await placed(world, stall)
        await world.get(order["pagePath"])
        await world.get(order["pagePath"][:-1] + "%00")
        await stall.end(world, await stall.pay(world, order), "succeed")
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "/o/{token}" in written
    assert [secret for secret in secrets_of(order) if secret in written] == []


async def test_a_failing_statement_quotes_neither_people_nor_links(
    run: RunService, stall: "Stall", spans: InMemorySpanExporter
) -> None:
    with capture_logs() as logs:
        async with run() as world:
            order = await placed(world, stall)
            payment = await stall.pay(world, order)
            with psycopg.connect(world.urls.superuser) as connection:
                connection.execute("ALTER TABLE outbox ADD CONSTRAINT ck_outbox_full CHECK (false) NOT VALID")
            tier = order["lines"][0]["ticketTierId"]
            assert (await stall.order(world, (tier, 1))).status_code == 500
            await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": "succeed"})

            async def failed() -> bool:
                return bool(await world.rows("SELECT 1 FROM payment_webhooks WHERE outcome IS NOT NULL"))

            await eventually(failed)
            [row] = await world.rows("SELECT outcome FROM payment_webhooks")
    assert "ck_outbox_full" in row["outcome"]
    faults = [traceback.format_exception(entry["exc_info"]) for entry in logs if "exc_info" in entry]
    assert len(faults) == 1
    written = f"{logs} {faults} {row} " + "".join(span.to_json() for span in spans.get_finished_spans())
    assert [secret for secret in secrets_of(order) if secret in written] == []

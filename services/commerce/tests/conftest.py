"""commerce under test: the real service on real servers, a door in front of it as the gateway is, and a stall that sells."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from commerce.actions.check_invariants import check_invariants
from commerce.main import service
from common.ids import CheckInId, EventId, OrganizationId, PassId, PromoCodeId, TicketTierId
from common.messages import CheckInRecorded, EventPublished, MoneyPart, TicketTierSaved
from common.principal import ANONYMOUS, Principal
from common.telemetry import current_traceparent, tracer
from common.testing import Running, RunService, eventually, principals, running
from common.testing.principals import fresh
from common.testing.servers import Servers

WEBHOOK_SECRET = "a-secret-for-the-tests"
SEALING_KEY = "a sealing key for tests only"


@dataclass
class Door:
    """What stands at the public address: like the gateway it begins the trace and says who asks.

    `refusals` are answered first, one to each request, as a gateway with nothing behind it would.
    """

    refusals: list[int] = field(default_factory=list)
    passed: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    world: Running | None = None

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.passed.append((request.path, dict(request.headers), body))
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        assert self.world is not None
        with tracer().start_as_current_span(f"gateway {request.method}"):
            headers = {"Authorization": f"Bearer {self.world.token(ANONYMOUS)}"}
            headers |= {name: value for name, value in request.headers.items() if name.lower() == "sandbox-signature"}
            traceparent = current_traceparent()
            if traceparent is not None:
                headers["traceparent"] = traceparent
            answer = await self.world.client.request(request.method, request.path, content=body, headers=headers)
        return web.Response(status=answer.status_code, body=answer.content)


@pytest.fixture
def door() -> Door:
    """The public address of this test."""
    return Door()


@pytest.fixture
def run(servers: Servers, door: Door) -> RunService:
    """Runs commerce with the sandbox on; its webhooks come back through the door."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", door.pass_on)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        settings = {
            "sandbox_payments": "on",
            "sandbox_webhook_secret": WEBHOOK_SECRET,
            "webhook_sealing_keys": SEALING_KEY,
            "tax_authority_url": "",
            "public_url": f"http://127.0.0.1:{runner.addresses[0][1]}",
            **options.pop("settings", {}),
        }
        try:
            async with running(service, servers, settings=settings, **options) as world:
                door.world = world
                yield world
        finally:
            await runner.cleanup()

    return start


@dataclass
class Stall:
    """An organiser's event, on sale from now for thirty days, and a buyer."""

    event_id: EventId = field(default_factory=lambda: EventId(fresh(EventId)))
    organization_id: OrganizationId = field(default_factory=lambda: OrganizationId(fresh(OrganizationId)))
    buyer: Principal = field(default_factory=lambda: principals.user("ben@example.org", "Ben"))
    sequence: int = 0

    def event(self, now: datetime, **changes: Any) -> EventPublished:
        """The usual event, as events says it."""
        self.sequence += 1
        values = {
            "sequence": self.sequence,
            "event_id": self.event_id,
            "organization_id": self.organization_id,
            "workspace_id": None,
            "name": "Lagos Jazz Night",
            "slug": "lagos-jazz-night",
            "description": None,
            "status": "published",
            "starts_at": now + timedelta(days=30),
            "ends_at": now + timedelta(days=30, hours=4),
            "timezone": "Africa/Lagos",
            "venue": None,
            "currency": "NGN",
        }
        return EventPublished(**{**values, **changes})

    def tier(self, now: datetime, **changes: Any) -> TicketTierSaved:
        """A tier of a hundred tickets at 1,500 naira."""
        self.sequence += 1
        values = {
            "sequence": self.sequence,
            "ticket_tier_id": TicketTierId(fresh(TicketTierId)),
            "event_id": self.event_id,
            "organization_id": self.organization_id,
            "workspace_id": None,
            "name": "Regular",
            "price": MoneyPart(amount=150_000, currency="NGN"),
            "capacity": 100,
            "sales_start_at": None,
            "sales_end_at": None,
            "min_per_order": 1,
            "max_per_order": 10,
            "event_status": "published",
            "event_ends_at": now + timedelta(days=30, hours=4),
            "retired": False,
        }
        return TicketTierSaved(**{**values, **changes})

    async def open(self, world: Running, *tiers: dict[str, Any]) -> list[TicketTierId]:
        """Put the event and its tiers on sale; their ids."""
        now = world.clock.now()
        said = [self.tier(now, **changes) for changes in tiers or ({},)]
        await world.hear(self.event(now), *said)
        return [tier.ticket_tier_id for tier in said]

    async def order(
        self,
        world: Running,
        *wanted: tuple[TicketTierId, int],
        by: Principal | None = None,
        key: str | None = None,
        **changes: object,
    ) -> httpx.Response:
        """Ask for so many tickets of each tier."""
        lines = [{"ticketTierId": tier, "quantity": quantity} for tier, quantity in wanted]
        body = {"eventId": self.event_id, "lines": lines, **changes}
        return await world.post("/v1/orders", by or self.buyer, key=key or uuid4().hex, json=body)

    async def placed(self, world: Running, *wanted: tuple[TicketTierId, int]) -> dict[str, Any]:
        """An order that waits for its payment."""
        return _body(await self.order(world, *wanted), 201)

    async def pay(self, world: Running, order: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """A payment begun at the sandbox."""
        path = f"/v1/orders/{order['id']}/payments"
        answer = await world.post(path, self.buyer, key=key or uuid4().hex, json={"provider": "sandbox"})
        return _body(answer, 201)

    async def end(self, world: Running, payment: dict[str, Any], outcome: str) -> None:
        """Let the payment end so at the sandbox, and wait until commerce has worked off what it was told."""
        before = await self.told(world)
        answer = await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": outcome})
        assert answer.status_code == 202, answer.text

        async def worked_off() -> bool:
            return await self.told(world) > before

        await eventually(worked_off, what="the webhook being worked off")

    async def paid(self, world: Running, *wanted: tuple[TicketTierId, int]) -> dict[str, Any]:
        """An order that was paid at the sandbox."""
        order = await self.placed(world, *wanted)
        await self.end(world, await self.pay(world, order), "succeed")
        return await self.show(world, order)

    async def refund(
        self, world: Running, order: dict[str, Any], *, key: str | None = None, by: Principal | None = None, **body: Any
    ) -> httpx.Response:
        """Ask, as the organisation's finance, for money to go back."""
        staff = by or principals.member_of(self.organization_id, "finance")
        body = {"reason": "asked by phone", **body}
        return await world.post(f"/v1/orders/{order['id']}/refunds", staff, key=key or uuid4().hex, json=body)

    async def refunded(self, world: Running, order: dict[str, Any], **body: Any) -> dict[str, Any]:
        """A refund that was recorded."""
        return _body(await self.refund(world, order, **body), 201)

    async def refunds(self, world: Running, order: dict[str, Any]) -> list[tuple[str, int]]:
        """Every refund of an order, its status and amount, once none is under way any more."""

        async def settled() -> list[dict[str, Any]] | None:
            answer = await world.get(f"/v1/orders/{order['id']}/refunds", self.buyer)
            shown: list[dict[str, Any]] = _body(answer, 200)["items"]
            return None if any(each["status"] == "pending" for each in shown) else [*shown, {}]

        *items, _ = await eventually(settled, what="the refunds being settled") or [{}]
        return [(each["status"], each["amount"]["amount"]) for each in items]

    async def used(self, world: Running, order: dict[str, Any], ordinal: int) -> None:
        """Somebody came in with this ticket of the order's first line."""
        self.sequence += 1
        scan = CheckInRecorded(
            sequence=self.sequence,
            check_in_id=fresh(CheckInId),
            pass_id=fresh(PassId),
            event_id=self.event_id,
            order_id=order["id"],
            order_line_id=order["lines"][0]["id"],
            ordinal=ordinal,
            direction="in",
            inside=True,
            gate_id=None,
            scanned_at=world.clock.now(),
        )
        await world.hear(scan)

    async def told(self, world: Running) -> int:
        """How many webhooks were worked off."""
        return len(await world.rows("SELECT 1 FROM payment_webhooks WHERE handled_at IS NOT NULL"))

    async def show(self, world: Running, order: dict[str, Any]) -> dict[str, Any]:
        """The order as its buyer sees it now."""
        return _body(await world.get(f"/v1/orders/{order['id']}", self.buyer), 200)

    async def is_paid(self, world: Running, order: dict[str, Any]) -> bool:
        """Whether the order is paid by now."""
        return bool((await self.show(world, order))["status"] == "paid")

    @property
    def manager(self) -> Principal:
        """Who may sell for the organisation."""
        return principals.member_of(self.organization_id, "manager")

    async def sell_by(self, world: Running, **settings: Any) -> dict[str, Any]:
        """Say how the event is sold; all else is as usual."""
        path = f"/v1/events/{self.event_id}/sale-settings"
        return _body(await world.call("PUT", path, self.manager, json=settings, headers={"If-Match": "*"}), 200)

    async def sell_tier_by(self, world: Running, tier: TicketTierId, **settings: Any) -> dict[str, Any]:
        """Say how a tier is sold; all else is as usual."""
        path = f"/v1/ticket-tiers/{tier}/sale-settings"
        return _body(await world.call("PUT", path, self.manager, json=settings, headers={"If-Match": "*"}), 200)

    async def promo(self, world: Running, **values: Any) -> dict[str, Any]:
        """A promo code of ten percent, or as `values` say."""
        body: dict[str, Any] = {"name": "Early", "code": "EARLY", "kind": "percent", "rate": 10_000, **values}
        if body["kind"] != "percent":
            del body["rate"]
        path = f"/v1/events/{self.event_id}/promo-codes"
        return _body(await world.post(path, self.manager, key=uuid4().hex, json=body), 201)

    async def promo_counts(self, world: Running, promo: dict[str, Any]) -> tuple[int, int, int, int]:
        """Uses held and used, money held and used."""
        query = "SELECT held_uses, used_uses, held_amount, used_amount FROM promo_codes WHERE id = :id"
        [row] = await world.rows(query, id=PromoCodeId(promo["id"]).uuid)
        return row["held_uses"], row["used_uses"], row["held_amount"], row["used_amount"]

    async def quote(self, world: Running, *wanted: tuple[TicketTierId, int], **changes: object) -> httpx.Response:
        """Ask what so many tickets of each tier would come to, without a sign-in."""
        lines = [{"ticketTierId": tier, "quantity": quantity} for tier, quantity in wanted]
        return await world.post("/v1/orders/quote", json={"eventId": self.event_id, "lines": lines, **changes})

    async def stock(self, world: Running, tier: TicketTierId) -> tuple[int, int]:
        """How many are held and sold."""
        query = "SELECT held, sold FROM stock WHERE ticket_tier_id = :tier"
        [row] = await world.rows(query, tier=tier.uuid)
        return row["held"], row["sold"]

    async def books(self, world: Running) -> list[tuple[str, str, str, int]]:
        """Every entry of the ledger, once the invariants were found to hold."""
        await check_invariants(world.database)
        rows = await world.rows("SELECT kind, debit, credit, amount FROM ledger_transfers ORDER BY id")
        return [(row["kind"], row["debit"], row["credit"], row["amount"]) for row in rows]

    async def job(self, world: Running, name: str) -> None:
        """Run a job now."""
        answer = await world.post(f"/v1/cron/commerce.{name}", headers={"X-Cron-Secret": "cron-secret"})
        assert answer.json() == {"ran": True}, answer.text


def _body(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def stall() -> Stall:
    """Somebody who sells, and somebody who buys."""
    return Stall()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Every span of this test."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()

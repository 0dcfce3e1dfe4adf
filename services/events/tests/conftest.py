"""events under test: the real service on real servers, and a small stage of people, an event and orders for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import pytest

from common.clock import SystemClock
from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PassId, TicketTierId, UserId
from common.messages import AdmissionPart, MoneyPart, OrderPaid, OrderRefunded
from common.principal import Principal
from common.testing import Running, RunService, principals, running
from common.testing.principals import fresh
from common.testing.servers import Servers
from common.tokens import SigningKey
from events.main import service

PASS_CODE_KEY = SigningKey.generate()


@pytest.fixture
def pass_code_key() -> SigningKey:
    """What signs pass codes in these tests."""
    return PASS_CODE_KEY


@pytest.fixture
def run(servers: Servers) -> RunService:
    """Runs events."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        settings = {"pass_code_key": PASS_CODE_KEY.private_json(), **options.pop("settings", {})}
        async with running(service, servers, settings=settings, **options) as world:
            yield world

    return start


def _organization() -> OrganizationId:
    return OrganizationId(fresh(OrganizationId))


@dataclass
class Stage:
    """An organisation with its people, a buyer, and what they usually do. The clock of the tests stands at 18:00 UTC on
    20 November 2026; the usual event runs from 19:00 to 23:00 that evening in Lagos."""

    organization_id: OrganizationId = field(default_factory=_organization)
    buyer: Principal = field(default_factory=lambda: principals.user("ben@example.org", "Ben"))

    def member(self, role: str) -> Principal:
        """Somebody of the team."""
        return principals.member_of(self.organization_id, role)

    def new_event(self, **changes: object) -> dict[str, object]:
        """The body of the usual event."""
        return {
            "organizationId": self.organization_id,
            "name": "Lagos Jazz Night",
            "startsAt": "2026-11-20T20:00:00+01:00",
            "endsAt": "2026-11-21T00:00:00+01:00",
            "timezone": "Africa/Lagos",
            "venue": {"name": "Terra Kulture", "city": "Lagos", "country": "NG"},
            **changes,
        }

    async def draft(self, world: Running, **changes: object) -> dict[str, Any]:
        """A draft event."""
        return _body(await world.post("/v1/events", self.member("owner"), json=self.new_event(**changes)), 201)

    async def tier(self, world: Running, event: dict[str, Any], **changes: object) -> dict[str, Any]:
        """A tier of 1,500 naira."""
        body = {"name": "Regular", "price": {"amount": 150_000, "currency": "NGN"}, "capacity": 100, **changes}
        path = f"/v1/events/{event['id']}/ticket-tiers"
        return _body(await world.post(path, self.member("owner"), json=body), 201)

    async def publish(self, world: Running, event: dict[str, Any]) -> dict[str, Any]:
        """The event, public."""
        return _body(await world.post(f"/v1/events/{event['id']}/publish", self.member("owner")), 200)

    async def on_sale(self, world: Running, **changes: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """A published event and its one tier."""
        event = await self.draft(world, **changes)
        tier = await self.tier(world, event)
        return await self.publish(world, event), tier

    def admissions(self, tier: dict[str, Any], *attendees: tuple[str | None, str | None]) -> list[AdmissionPart]:
        """Admissions of one order line, one for each (name, email)."""
        line = OrderLineId(fresh(OrderLineId))
        return [
            AdmissionPart(
                line_id=line,
                ordinal=ordinal,
                ticket_tier_id=TicketTierId(tier["id"]),
                ticket_tier_name=tier["name"],
                attendee_name=name,
                attendee_email=email,
                live=True,
            )
            for ordinal, (name, email) in enumerate(attendees, 1)
        ]

    def paid(
        self,
        event: dict[str, Any],
        admissions: list[AdmissionPart],
        *,
        buyer: Principal | None = None,
        sequence: int = 2,
    ) -> OrderPaid:
        """What commerce says of a paid order."""
        who = buyer or self.buyer
        return OrderPaid(
            sequence=sequence,
            order_id=OrderId(fresh(OrderId)),
            event_id=EventId(event["id"]),
            event_name=event["name"],
            organization_id=self.organization_id,
            buyer_user_id=UserId(str(who.subject)),
            buyer_email=str(who.email),
            buyer_name=who.name,
            status="paid",
            disputed=False,
            total=MoneyPart(amount=150_000 * len(admissions), currency="NGN"),
            lines=[],
            admissions=admissions,
            page_path="/o/secret",
            placed_at=datetime(2026, 11, 1, tzinfo=UTC),
            paid_at=datetime(2026, 11, 1, 0, 1, tzinfo=UTC),
        )

    def refunded(self, paid: OrderPaid, *, back: set[int] | None = None, sequence: int = 3) -> OrderRefunded:
        """The same order after the refund of the ordinals in `back`, or of all."""
        admissions = [
            part.model_copy(update={"live": back is not None and part.ordinal not in back}) for part in paid.admissions
        ]
        status: Literal["partially_refunded", "refunded"] = "refunded" if back is None else "partially_refunded"
        changed = {"sequence": sequence, "status": status, "admissions": admissions}
        return OrderRefunded.model_validate(paid.model_copy(update=changed).model_dump())

    async def buy(
        self, world: Running, event: dict[str, Any], tier: dict[str, Any], *attendees: tuple[str | None, str | None]
    ) -> list[dict[str, Any]]:
        """The passes of a fresh paid order, as its buyer reads them, by ordinal."""
        paid = self.paid(event, self.admissions(tier, *attendees))
        await world.hear(paid)
        page = _body(await world.get("/v1/passes", self.buyer, params={"orderId": paid.order_id}), 200)
        places = await world.rows("SELECT id, ordinal FROM passes")
        ordinals = {row["id"]: row["ordinal"] for row in places}
        return sorted(page["items"], key=lambda item: int(ordinals[PassId(item["id"]).uuid]))

    async def scan(
        self, world: Running, event: dict[str, Any], code: str, *, by: Principal | None = None, **changes: object
    ) -> httpx.Response:
        """A scan at a door by somebody of the team."""
        nonce = SystemClock().now().isoformat() + str(fresh(UserId))
        body = {"code": code, "eventId": event["id"], "nonce": nonce, **changes}
        return await world.post("/v1/check-ins", by or self.member("scanner"), json=body)


def _body(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
def stage() -> Stage:
    """The usual people."""
    return Stage()

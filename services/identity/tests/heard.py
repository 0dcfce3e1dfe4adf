"""What commerce says of orders and payments, and what people were told of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PaymentId, TicketTierId, UserId
from common.messages import LinePart, MoneyPart, OrderPaid, PaymentFailed, PaymentReviewNeeded
from common.testing import Running
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.identity.tests.conftest import People, Person

PAID_AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def paid_order(buyer: UserId, email: str = "ada@example.org") -> OrderPaid:
    """Two early birds for a concert."""
    money = MoneyPart(amount=150000, currency="NGN")
    line = LinePart(
        line_id=OrderLineId(fresh(OrderLineId)),
        ticket_tier_id=TicketTierId(fresh(TicketTierId)),
        ticket_tier_name="Early bird",
        quantity=2,
        unit_price=money,
    )
    return OrderPaid(
        sequence=2,
        order_id=OrderId(fresh(OrderId)),
        event_id=EventId(fresh(EventId)),
        event_name="Jazz & Co",
        organization_id=OrganizationId(fresh(OrganizationId)),
        buyer_user_id=buyer,
        buyer_email=email,
        buyer_name="Ada",
        status="paid",
        disputed=False,
        total=MoneyPart(amount=300000, currency="NGN"),
        lines=[line],
        admissions=[],
        page_path="/o/secret-token",
        placed_at=PAID_AT,
        paid_at=PAID_AT,
    )


def payment(
    kind: type[PaymentFailed] | type[PaymentReviewNeeded], buyer: UserId, team: OrganizationId
) -> PaymentFailed | PaymentReviewNeeded:
    """A payment that did not go as it should."""
    return kind(
        sequence=3,
        payment_id=PaymentId(fresh(PaymentId)),
        order_id=OrderId(fresh(OrderId)),
        organization_id=team,
        buyer_user_id=buyer,
        provider="sandbox",
        status="failed",
        total=MoneyPart(amount=300000, currency="NGN"),
        reason=None,
    )


async def told_to(world: Running, people: People, person: Person) -> list[tuple[str, str]]:
    """Kind and title of each notification."""
    answer = await world.get("/v1/notifications", await people.seen(world, person))
    return [(item["kind"], item["title"]) for item in answer.json()["items"]]

"""An order as plain as can be, so that a test of a rule says only what matters to it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from commerce.domain.order import NO_CANCELLATION, Charge, Order, Sums
from common.ids import EventId, OrderId, OrganizationId, UserId
from common.money import Money
from common.testing.clock import SeededEntropy

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
_DRAW = SeededEntropy()


def bare_charge(price: Money) -> Charge:
    """Nothing off, and no tax."""
    nothing = Money.zero(price.currency)
    return Charge(nothing, 0, nothing, price)


def bare_sums(currency: str) -> Sums:
    """Nothing but prices."""
    nothing = Money.zero(currency)
    return Sums(
        discount=nothing,
        tax=nothing,
        service_fee=nothing,
        platform_fee=nothing,
        platform_fee_passed_on=False,
        prices_include_tax=True,
        rounding="line",
    )


def placed_order(total: Money, **changes: Any) -> Order:
    """Placed at NOW and not paid yet, without lines."""
    order = Order(
        id=OrderId.new(NOW, _DRAW),
        version=1,
        event_id=EventId.new(NOW, _DRAW),
        event_name="Lagos Jazz Night",
        organization_id=OrganizationId.new(NOW, _DRAW),
        buyer_user_id=UserId.new(NOW, _DRAW),
        buyer_email="ben@example.org",
        buyer_name="Ben",
        status="awaiting_payment",
        disputed=False,
        holding="held",
        total=total,
        sums=bare_sums(total.currency),
        captured=Money.zero(total.currency),
        refunded=Money.zero(total.currency),
        promo_code_id=None,
        promo_code=None,
        origin="buyer",
        capture="automatic",
        cancellation=NO_CANCELLATION,
        reserved_until=NOW,
        page_token="x" * 22,
        traceparent=None,
        placed_at=NOW,
        paid_at=None,
        review_reason=None,
        lines=(),
        add_ons=(),
    )
    return replace(order, **changes)


def paid_order(total: Money, **changes: Any) -> Order:
    """The same, paid at once."""
    paid = {"status": "paid", "holding": "sold", "captured": total, "paid_at": NOW, "reserved_until": None}
    return placed_order(total, **(paid | {"version": 2} | changes))

"""Places an order: all its tickets are held, or none."""

import base64
from collections.abc import Sequence

from commerce.actions.announce import announce_order
from commerce.actions.take_stock import take_stock
from commerce.domain.basket import Choice, Wish, choose, enough_left, left_of, sold_out, total_of
from commerce.domain.order import HOLD, NO_CANCELLATION, Admission, Buyer, Charge, Line, Order, Sums, paid
from commerce.domain.sale import Event
from commerce.errors import UnknownEvent, VerifiedEmailNeeded
from commerce.store import copies, orders
from common.db import Transaction
from common.ids import EventId, OrderId, OrderLineId
from common.money import Money
from common.principal import Principal
from common.telemetry import current_traceparent


async def place_order(tx: Transaction, principal: Principal, event_id: EventId, wishes: Sequence[Wish]) -> Order:
    """Hold the tickets for 15 minutes; an order that costs nothing is paid at once.

    The stock is changed last, so that the one row everybody wants is locked no longer than it takes to commit.
    """
    buyer = principal.require_user()
    if principal.email is None:
        raise VerifiedEmailNeeded()
    wanted = {wish.ticket_tier_id: wish.quantity for wish in wishes}
    event, tiers, stock = await copies.find_offered(tx, event_id, wanted)
    if event is None:
        raise UnknownEvent(retry_after=1)
    choices = choose(event, tiers, wishes, tx.now)
    left = left_of(stock, {})
    if not enough_left(wanted, left):
        raise sold_out(wanted, left)
    order = _new_order(tx, Buyer(buyer, principal.email, principal.name), event, choices)
    if not order.total:
        order = paid(order, tx.now)
    await orders.add_order(tx, order)
    await take_stock(tx, order)
    announce_order(tx, order)
    return order


def _new_order(tx: Transaction, buyer: Buyer, event: Event, choices: Sequence[Choice]) -> Order:
    currency = choices[0].unit_price.currency
    return Order(
        id=tx.new_id(OrderId),
        version=1,
        event_id=event.id,
        event_name=event.name,
        organization_id=event.organization_id,
        buyer_user_id=buyer.user_id,
        buyer_email=buyer.email,
        buyer_name=buyer.name,
        status="awaiting_payment",
        disputed=False,
        holding="held",
        total=total_of(choices),
        sums=Sums.plain(currency),
        captured=Money.zero(currency),
        refunded=Money.zero(currency),
        promo_code_id=None,
        promo_code=None,
        origin="buyer",
        capture="automatic",
        cancellation=NO_CANCELLATION,
        reserved_until=tx.now + HOLD,
        page_token=base64.urlsafe_b64encode(tx.entropy.bytes(16)).rstrip(b"=").decode(),
        traceparent=current_traceparent(),
        placed_at=tx.now,
        paid_at=None,
        review_reason=None,
        lines=tuple(_new_line(tx, choice) for choice in choices),
        add_ons=(),
    )


def _new_line(tx: Transaction, choice: Choice) -> Line:
    names = [(attendee.name, attendee.email) for attendee in choice.wish.attendees]
    unnamed = [(None, None)] * (choice.wish.quantity - len(names))
    return Line(
        id=tx.new_id(OrderLineId),
        ticket_tier_id=choice.tier.id,
        ticket_tier_name=choice.tier.name,
        unit_price=choice.unit_price,
        charge=Charge.plain(choice.unit_price * choice.wish.quantity),
        admissions=tuple(
            Admission(ordinal, name, email, live=True, admitted_at=None)
            for ordinal, (name, email) in enumerate([*names, *unnamed], start=1)
        ),
    )

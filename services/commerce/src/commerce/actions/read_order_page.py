"""Shows an order on its secret page: whoever has the link may look, and sees no codes."""

from dataclasses import dataclass

from commerce.domain.order import Order
from commerce.domain.order_pass import OrderPass
from commerce.domain.order_words import Words, words_for
from commerce.domain.payment import Payment
from commerce.domain.refund import Refund
from commerce.domain.sale import Event, why_event_is_closed
from commerce.errors import UnknownPage
from commerce.store import approvals, copies, orders, passes, payments, refunds
from common.db import Transaction


@dataclass(frozen=True, slots=True)
class OrderPage:
    """All the page says. `under_way` is a payment that was begun and can be gone on with."""

    order: Order
    event: Event | None
    words: Words
    under_way: Payment | None
    payable: bool
    passes: tuple[OrderPass, ...]
    refunds: tuple[Refund, ...]

    @property
    def passes_to_come(self) -> int:
        """How many live admissions have no pass that can be put on a phone yet."""
        if self.order.holding != "sold":
            return 0
        live = sum(self.order.places().values())
        return max(0, live - sum(each.status == "ready" for each in self.passes))

    @property
    def moves(self) -> bool:
        """Whether something is about to change, so that looking again is worth while."""
        return self.passes_to_come > 0 or self.order.status in ("awaiting_payment", "awaiting_approval")


async def read_order_page(tx: Transaction, token: str) -> OrderPage:
    """What the secret page shows. Raises UnknownPage."""
    order = await orders.find_order_by_page_token(tx, token)
    if order is None:
        raise UnknownPage()
    reason = await approvals.reason_of_rejection(tx, order.id) if order.status == "cancelled" else None
    event = await copies.find_event(tx, order.event_id)
    closed = None if event is None else why_event_is_closed(event, tx.now)
    in_time = order.reserved_until is None or tx.now < order.reserved_until
    waits = order.status == "awaiting_payment" and in_time and closed is None
    begun = [each for each in await payments.payments_of_order(tx, order.id) if _can_go_on(each)] if waits else []
    return OrderPage(
        order=order,
        event=event,
        words=words_for(order, tx.now, reason, closed=closed is not None),
        under_way=begun[-1] if begun else None,
        payable=waits,
        passes=tuple(await passes.passes_of_order(tx, order.id)),
        refunds=tuple(await refunds.refunds_of_order(tx, order.id)),
    )


def _can_go_on(payment: Payment) -> bool:
    return payment.status == "pending" and payment.wanted is None and payment.checkout_url is not None

"""Records money that goes back: in one transaction with the tickets, the stock and the ledger; the provider is called later."""

from collections.abc import Sequence
from dataclasses import dataclass

from commerce.actions.announce import announce_refund
from commerce.actions.give_back_promo import give_back_promo
from commerce.actions.return_stock import return_sold
from commerce.domain.ledger import refund_due, refund_sent
from commerce.domain.order import Order
from commerce.domain.refund import Origin, ProviderRefund, Refund, settled
from commerce.domain.refunding import Pot, Taken, fee_given_up, given_back, goods_of, take_nothing
from commerce.store import ledger, orders
from commerce.store import refunds as refunds_store
from common.db import Transaction
from common.ids import RefundId
from common.money import Money


@dataclass(frozen=True, slots=True)
class Cause:
    """Why money goes back, and who wanted it. Of causes with the same `key` only one is ever recorded."""

    origin: Origin
    reason: str
    requested_by: str
    forced: bool = False
    keeps_fees: bool = False
    key: str | None = None


async def refund_own(
    tx: Transaction, order: Order, pot: Pot | None, taken: Taken, amount: Money, cause: Cause
) -> tuple[Order, Refund]:
    """Give back some of what the order was paid with, and what it bought. The caller holds the order's lock.

    Where nothing is to be sent through a provider it is done at once: the order cost nothing, or was paid at the door.
    """
    before = await refunds_store.own_refunded(tx, order.id, order.total.currency)
    fee = Money.zero(amount.currency) if cause.keeps_fees else fee_given_up(order, before, amount)
    refund = _refund(tx, order, pot, taken, amount, fee, cause)
    return await _record(tx, order, taken, refund, cause.key), refund


async def refund_surplus(
    tx: Transaction, order: Order, pots: Sequence[Pot], cause: Cause
) -> tuple[Order, list[Refund]]:
    """Give all money back that came for the order and fits none. A payment's surplus goes back once."""
    made = []
    for pot in pots:
        nothing = Money.zero(pot.left.currency)
        refund = _refund(tx, order, pot, take_nothing(order), pot.left, nothing, cause)
        order = await _record(tx, order, take_nothing(order), refund, f"surplus:{pot.payment_id}")
        made.append(refund)
    return order, made


async def record_sent(
    tx: Transaction, order: Order, pot: Pot, taken: Taken, told: ProviderRefund, cause: Cause
) -> tuple[Order, Refund]:
    """Record money that is gone already: sent back at the provider's own pages, or by a bank. The caller holds the lock."""
    fee = Money.zero(told.amount.currency)
    if pot.source == "organiser_payable":
        before = await refunds_store.own_refunded(tx, order.id, order.total.currency)
        fee = fee_given_up(order, before, told.amount)
    refund = settled(_refund(tx, order, pot, taken, told.amount, fee, cause), told, tx.now)
    return await _record(tx, order, taken, refund, cause.key), refund


def _refund(
    tx: Transaction, order: Order, pot: Pot | None, taken: Taken, amount: Money, fee: Money, cause: Cause
) -> Refund:
    payment_id = None if pot is None or not amount else pot.payment_id
    return Refund(
        id=tx.new_id(RefundId),
        order_id=order.id,
        payment_id=payment_id,
        provider=None if payment_id is None or pot is None else pot.provider,
        status="done" if payment_id is None else "pending",
        source="organiser_payable" if pot is None else pot.source,
        origin=cause.origin,
        amount=amount,
        fee_returned=fee,
        reason=cause.reason,
        forced=cause.forced,
        requested_by=cause.requested_by,
        admissions=taken.admissions,
        add_ons=taken.add_ons,
        reference=None,
        failure=None,
        tries=1,
        created_at=tx.now,
        settled_at=tx.now if payment_id is None else None,
    )


async def _record(tx: Transaction, order: Order, taken: Taken, refund: Refund, key: str | None) -> Order:
    """The stock changes last: what many want is locked no longer than it takes to commit."""
    after = given_back(order, taken, [refund])
    orders.save_order(tx, after)
    if refund.amount.currency == order.refunded.currency:
        await orders.add_refunded(tx, order.id, refund.amount.amount)
    await refunds_store.add_refund(tx, refund, key)
    booked = refund_due(order, refund)
    ledger.add_transfers(tx, booked if refund.status == "pending" else (*booked, *refund_sent(order, refund)))
    if after.version != order.version:
        announce_refund(tx, after)
    if order.holding == "sold" and after.holding == "released":
        await give_back_promo(tx, [order])
    goods = goods_of(order, taken)
    if goods.tiers or goods.add_ons:
        await return_sold(tx, order, goods.tiers, goods.add_ons)
    return after

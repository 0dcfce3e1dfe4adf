"""Begins a payment of an order: the intent is recorded, then the provider is called with its id as the key, then the
outcome is recorded. Whatever stops this in between, `check_payments` takes up the intent again."""

from collections.abc import Callable

from commerce.adapters.providers import PaymentProvider, Providers
from commerce.domain.order import Order, require_payable
from commerce.domain.payment import MOST_PER_ORDER, Payment, never_begun, opened
from commerce.domain.provider_money import require_chargeable
from commerce.domain.sale import why_event_is_closed
from commerce.errors import (
    EventNotOnSale,
    ProviderAway,
    ProviderCannotHold,
    ProviderRefused,
    TooManyPayments,
    UnknownOrder,
)
from commerce.store import copies, orders, payments
from common.db import Database, Transaction
from common.idempotency import OnceOnly
from common.ids import OrderId, PaymentId
from common.principal import Principal
from common.refusals import Refusal
from common.telemetry import link_current_span_to


async def start_payment(
    database: Database,
    providers: Providers,
    once: OnceOnly,
    principal: Principal,
    order_id: OrderId,
    provider_name: str,
    body_of: Callable[[Payment], str],
) -> str:
    """The answer's body. A payment already under way at that provider is handed out again, so that an impatient buyer
    does not pay twice.

    Raises ProviderNotConfigured, UnknownOrder, OrderNotAwaitingPayment, ReservationOver, EventNotOnSale, TooManyPayments,
    CurrencyNotTaken, AmountNotTaken, ProviderCannotHold, ProviderRefused, ProviderAway.
    """
    async with database.transaction() as tx:
        await once.begin(tx)
        provider = providers.require(provider_name)
        order, payment, is_new = await _record_intent(tx, principal, order_id, provider)
    link_current_span_to(order.traceparent)
    try:
        try:
            payment = await ask_provider(database, provider, payment, order)
        except ProviderRefused:
            if is_new:
                raise
            # What was under way turned out to be nothing; the buyer has waited long enough.
            async with database.transaction() as tx:
                order, payment, _ = await _record_intent(tx, principal, order_id, provider)
            payment = await ask_provider(database, provider, payment, order)
        body = body_of(payment)
        async with database.transaction() as tx:
            await once.finish(tx, 201, body)
    except Exception:
        # Nothing runs under this key any more: a retry must get on, not wait for the lease of a crash to end.
        async with database.transaction() as tx:
            await once.release(tx)
        raise
    return body


async def ask_provider(database: Database, provider: PaymentProvider, payment: Payment, order: Order) -> Payment:
    """Whatever kept the provider from answering, to the buyer it is away; only its own no is told apart."""
    try:
        return await open_at_provider(database, provider, payment, order)
    except ProviderRefused:
        raise
    except Refusal:
        raise ProviderAway() from None


async def open_at_provider(database: Database, provider: PaymentProvider, payment: Payment, order: Order) -> Payment:
    """Call the provider for an intent and record what it answered. Raises the provider's refusal."""
    if payment.checkout_url is not None:
        return payment
    try:
        answer = await provider.open(payment, order)
    except ProviderRefused as refused:
        await _record_refusal(database, payment, str(refused.details["reason"]))
        raise
    async with database.transaction() as tx:
        await orders.lock_order(tx, order.id)
        current = await _require_payment(tx, payment.id)
        if current.checkout_url is None:
            current = opened(current, answer)
            payments.save_payment(tx, current)
    return current


async def _record_refusal(database: Database, payment: Payment, reason: str) -> None:
    """There is nothing at the provider. If a webhook says otherwise it is believed, then as before."""
    async with database.transaction() as tx:
        await orders.lock_order(tx, payment.order_id)
        current = await _require_payment(tx, payment.id)
        if current.status == "created":
            payments.save_payment(tx, never_begun(current, reason))


async def _record_intent(
    tx: Transaction, principal: Principal, order_id: OrderId, provider: PaymentProvider
) -> tuple[Order, Payment, bool]:
    """The order, its payment, and whether that is a new one."""
    buyer = principal.require_user()
    order = await orders.lock_order(tx, order_id)
    if order is None or order.buyer_user_id != buyer:
        raise UnknownOrder()
    return await record_intent(tx, order, provider)


async def record_intent(tx: Transaction, order: Order, provider: PaymentProvider) -> tuple[Order, Payment, bool]:
    """For whoever may pay for it, which the caller has decided; the caller holds the order's lock."""
    require_payable(order, tx.now)
    event = await copies.find_event(tx, order.event_id)
    closed = None if event is None else why_event_is_closed(event, tx.now)
    if closed is not None:
        raise EventNotOnSale(reason=closed)
    if order.capture == "manual" and not provider.can_hold:
        raise ProviderCannotHold(provider=provider.name, pointer="/provider")
    require_chargeable(provider.name, order.total, "/provider")
    under_way = await payments.open_payment(tx, order.id, provider.name)
    if under_way is not None:
        return order, under_way, False
    if len(await payments.payments_of_order(tx, order.id)) >= MOST_PER_ORDER:
        raise TooManyPayments(limit=MOST_PER_ORDER)
    payment = Payment(
        id=tx.new_id(PaymentId),
        version=1,
        order_id=order.id,
        provider=provider.name,
        status="created",
        amount=order.total,
        reference=None,
        checkout_url=None,
        reason=None,
        created_at=tx.now,
        capture=order.capture,
    )
    await payments.add_payment(tx, payment)
    return order, payment, True


async def _require_payment(tx: Transaction, payment_id: PaymentId) -> Payment:
    payment = await payments.find_payment(tx, payment_id)
    assert payment is not None, "payments are never deleted"
    return payment

"""Places an order: all its tickets are held, or none."""

import base64
from dataclasses import replace

from commerce.actions.announce import announce_order
from commerce.actions.take_promo import take_promo
from commerce.actions.take_stock import take_stock
from commerce.domain.add_on import AddOnChoice
from commerce.domain.basket import Basket, Choice
from commerce.domain.order import AddOnLine, Admission, Buyer, Charge, Line, Order, paid_if_free
from commerce.domain.quote import Offered, Quote, quote, quote_choices, require_expected
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.stock import sold_out
from commerce.domain.vat_check import VatCheck
from commerce.errors import UnknownEvent, VerifiedEmailNeeded
from commerce.store import documents, orders
from commerce.store.offered import find_offered
from common.db import Transaction
from common.ids import OrderId, OrderLineId
from common.money import Money
from common.principal import Principal
from common.telemetry import current_traceparent


async def place_order(
    tx: Transaction, principal: Principal, platform: PlatformFee, basket: Basket, check: VatCheck | None
) -> Order:
    """Hold the tickets and a use of the promo code; an order that costs nothing is paid at once. `check` is what became of
    the buyer's VAT number a moment ago.

    The stock is changed last, so that the one row everybody wants is locked no longer than it takes to commit.
    """
    buyer = buyer_of(principal)
    offered, quoted = await offer_and_quote(tx, platform, basket, check)
    quoted = await with_its_promo(tx, offered, quoted, platform, basket.promo_code)
    require_expected(quoted, basket)
    order = new_order(tx, buyer, quoted)
    await orders.add_order(tx, order)
    if basket.billing is not None:
        documents.save_buyer_details(tx, order.id, replace(basket.billing, vat_check=check))
    announce_order(tx, order)
    await take_stock(tx, order, offered.stock)
    return order


def buyer_of(principal: Principal) -> Buyer:
    """Who orders. Raises what `require_user` raises, and VerifiedEmailNeeded."""
    user = principal.require_user()
    if principal.email is None:
        raise VerifiedEmailNeeded()
    return Buyer(user, principal.email, principal.name)


async def quote_order(tx: Transaction, platform: PlatformFee, basket: Basket, check: VatCheck | None) -> Quote:
    """What placing it now would come to, or raises what that would raise. Nothing is kept for anybody."""
    _, quoted = await offer_and_quote(tx, platform, basket, check)
    require_expected(quoted, basket)
    return quoted


async def with_its_promo(
    tx: Transaction, offered: Offered, quoted: Quote, platform: PlatformFee, promo_code: str | None
) -> Quote:
    """The quote, once a use of its promo code is taken. An automatic discount that others used up meanwhile is passed over."""
    while not await take_promo(tx, quoted.discount, quoted.use):
        offered = offered.without(quoted.discount.promo)
        quoted = quote_choices(offered, quoted.choices, promo_code, platform, tx.now, quoted.add_ons)
    return quoted


def new_order(tx: Transaction, buyer: Buyer, quoted: Quote) -> Order:
    """An order as quoted that nobody has heard of yet; paid if it costs nothing."""
    nothing = Money.zero(quoted.currency)
    promo = quoted.discount.promo
    order = Order(
        id=tx.new_id(OrderId),
        version=1,
        event_id=quoted.event.id,
        event_name=quoted.event.name,
        organization_id=quoted.event.organization_id,
        buyer_user_id=buyer.user_id,
        buyer_email=buyer.email,
        buyer_name=buyer.name,
        status="awaiting_payment",
        disputed=False,
        holding="held",
        total=quoted.priced.total,
        sums=quoted.priced.sums,
        captured=nothing,
        refunded=nothing,
        promo_code_id=None if promo is None else promo.id,
        promo_code=None if promo is None else promo.code,
        origin="buyer",
        capture=quoted.capture,
        cancellation=quoted.cancellation,
        reserved_until=tx.now + quoted.hold,
        page_token=base64.urlsafe_b64encode(tx.entropy.bytes(16)).rstrip(b"=").decode(),
        traceparent=current_traceparent(),
        placed_at=tx.now,
        paid_at=None,
        review_reason=None,
        lines=tuple(
            _new_line(tx, choice, charge) for choice, charge in zip(quoted.choices, quoted.priced.tickets, strict=True)
        ),
        add_ons=tuple(
            _new_add_on(tx, choice, charge)
            for choice, charge in zip(quoted.add_ons, quoted.priced.add_ons, strict=True)
        ),
    )
    return paid_if_free(order, tx.now)


async def offer_and_quote(
    tx: Transaction, platform: PlatformFee, basket: Basket, check: VatCheck | None
) -> tuple[Offered, Quote]:
    """Refuses early, without a lock, what cannot be had; whoever passes may still find that others were faster."""
    goods = basket.goods()
    found = await find_offered(tx, basket.event_id, goods, basket.promo_code)
    if found is None or found.event.status == "draft":
        raise UnknownEvent(retry_after=1)
    offered = found.to(check)
    quoted = quote(offered, basket, platform, tx.now)
    if not offered.left.covers(goods):
        raise sold_out(goods, offered.left)
    return offered, quoted


def _new_line(tx: Transaction, choice: Choice, charge: Charge) -> Line:
    names = [(attendee.name, attendee.email) for attendee in choice.wish.attendees]
    unnamed = [(None, None)] * (choice.wish.quantity - len(names))
    return Line(
        id=tx.new_id(OrderLineId),
        ticket_tier_id=choice.tier.id,
        ticket_tier_name=choice.tier.name,
        unit_price=choice.unit_price,
        charge=charge,
        admissions=tuple(
            Admission(ordinal, name, email, live=True, admitted_at=None)
            for ordinal, (name, email) in enumerate([*names, *unnamed], start=1)
        ),
    )


def _new_add_on(tx: Transaction, choice: AddOnChoice, charge: Charge) -> AddOnLine:
    return AddOnLine(
        id=tx.new_id(OrderLineId),
        add_on_id=choice.add_on.id,
        add_on_name=choice.add_on.name,
        unit_price=choice.unit_price,
        quantity=choice.quantity,
        returned=0,
        charge=charge,
    )

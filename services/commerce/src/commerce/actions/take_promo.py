"""Takes a use of a promo code, and what it takes off from its budget."""

from commerce.domain.order import Order
from commerce.domain.promo import POINTER, Discount, UseOf
from commerce.errors import PromoCodeUsedUp
from commerce.store import promo_codes
from common.db import Transaction


async def take_promo(tx: Transaction, discount: Discount, use: UseOf) -> bool:
    """For one order. False when an automatic discount was used up meanwhile: it is as if there were none.

    Raises PromoCodeUsedUp for a code that somebody typed: they must know before they pay more.
    """
    promo = discount.promo
    if promo is None or await promo_codes.take(tx, promo.id, use, discount.amount):
        return True
    if promo.code is not None:
        raise PromoCodeUsedUp(pointer=POINTER)
    return False


async def take_promo_again(tx: Transaction, order: Order) -> bool:
    """For an order that gave its use back and was paid late. False when others have it now. Before its stock is taken."""
    if order.promo_code_id is None:
        return True
    return await promo_codes.take(tx, order.promo_code_id, "used", order.sums.discount.amount)


async def undo_promo(tx: Transaction, order: Order) -> None:
    """Its stock is gone after all: what `take_promo_again` took goes back."""
    if order.promo_code_id is not None:
        await promo_codes.give_back(tx, order.promo_code_id, "used", 1, order.sums.discount.amount)

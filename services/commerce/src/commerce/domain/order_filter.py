"""Which orders someone looks for."""

from dataclasses import dataclass
from datetime import datetime

from commerce.domain.order import Status
from common.ids import MalformedId, OrderId, TicketTierId

_LETTERS = 26


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the orders asked for have in common; what is not named is not asked for.

    `sought` is what a person typed: the beginning of an order's number, of a mail address (anything with an @ inside), or
    any part of a name or address of the buyer or of an attendee.
    """

    statuses: tuple[Status, ...] = ()
    ticket_tier_id: TicketTierId | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None
    promo_code: str | None = None
    sought: str | None = None


def orders_that_begin_with(text: str) -> tuple[OrderId, OrderId] | None:
    """The first and the last possible order number that begins so, or None when none can."""
    wanted = text.lower()
    head, separator, suffix = wanted.partition("_")
    if not separator or head != OrderId.prefix or not suffix:
        return None
    try:
        return OrderId(wanted + "0" * (_LETTERS - len(suffix))), OrderId(wanted + "z" * (_LETTERS - len(suffix)))
    except MalformedId:
        return None

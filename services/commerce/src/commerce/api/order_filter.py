"""How the address of a list names the orders that are wanted."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, StringConstraints

from commerce.domain.order import Status
from commerce.domain.order_filter import OrderFilter
from common.ids import TicketTierId
from common.schemas import Moment


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("contains characters that cannot be seen")
    return text


_Typed = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]


async def order_filter(
    status: Annotated[list[Status], Query(max_length=8, description="only orders that stand so; may be repeated")] = [],  # noqa: B006 - never changed
    ticket_tier_id: Annotated[
        TicketTierId | None, Query(alias="ticketTierId", description="only orders that hold a ticket of this kind")
    ] = None,
    placed_from: Annotated[
        Moment | None, Query(alias="placedFrom", description="placed at this moment or later")
    ] = None,
    placed_until: Annotated[Moment | None, Query(alias="placedUntil", description="placed before this moment")] = None,
    promo_code: Annotated[_Typed | None, Query(alias="promoCode", description="ordered with this code")] = None,
    q: Annotated[
        _Typed | None,
        Query(
            description="the beginning of an order's number or of a mail address (with its @), or any part of a name or "
            "address of the buyer or an attendee; upper and lower case are alike"
        ),
    ] = None,
) -> OrderFilter:
    """Which orders are wanted."""
    return OrderFilter(tuple(status), ticket_tier_id, placed_from, placed_until, promo_code, q)


WantedOrders = Annotated[OrderFilter, Depends(order_filter)]

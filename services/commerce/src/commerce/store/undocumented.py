"""Orders whose documents are due, with all that those documents name: so many of them in three round trips."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Table, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from commerce.domain.document import Document
from commerce.domain.order import Order
from commerce.domain.party import Party
from commerce.domain.refund import Refund
from commerce.domain.sale import Event
from commerce.store.copies import EVENT, event_of
from commerce.store.documents import buyer_of, document_of, seller_of
from commerce.store.orders import order_of, whole_orders
from commerce.store.refunds import refund_of, whole_refunds
from commerce.tables import (
    UNDOCUMENTED,
    buyer_details,
    documents,
    events,
    orders,
    organizations,
    refunds,
    seller_details,
)
from common.db import Transaction
from common.ids import OrderId


@dataclass(frozen=True, slots=True)
class Undocumented:
    """An order, what was written about it before, and what else its documents name. `event` is None where we do not know it,
    `buyer` where nobody named one."""

    order: Order
    event: Event | None
    seller: Party
    buyer: Party | None
    documents: Sequence[Document]
    refunds: Sequence[Refund]


async def some_undocumented(tx: Transaction, after: OrderId | None, limit: int) -> list[OrderId]:
    """Orders that moved since their documents were written, oldest first."""
    query = select(orders.c.id).where(UNDOCUMENTED).order_by(orders.c.id).limit(limit)
    return [row.id for row in await tx.all(query if after is None else query.where(orders.c.id > after))]


async def lock_undocumented(tx: Transaction, order_ids: Sequence[OrderId]) -> list[Order]:
    """Those of them that still are, oldest first, locked; those others work on are left out."""
    free = [row.id for row in await tx.all(_LOCK, {"orders": list(order_ids)})]
    return [order_of(row) for row in await tx.all(_WHOLE, {"orders": free})] if free else []


async def with_what_they_name(tx: Transaction, locked: Sequence[Order]) -> list[Undocumented]:
    """All that decides about documents of these orders. The caller holds their locks."""
    ours = {"orders": [order.id for order in locked]}
    sellers = {"organizations": list({order.organization_id for order in locked})}
    known_events = {"events": list({order.event_id for order in locked})}
    event = tx.ask(_EVENTS, known_events, lambda found: {row.id: event_of(row) for row in found})
    named = tx.ask(_NAMES, sellers, lambda found: {row.id: Party(row.name) for row in found if row.name})
    seller = tx.ask(_SELLERS, sellers, lambda found: {row.organization_id: seller_of(row) for row in found})
    buyer = tx.ask(_BUYERS, ours, lambda found: {row.order_id: buyer_of(row) for row in found})
    written = tx.ask(_DOCUMENTS, ours, lambda found: _by_order(map(document_of, found)))
    refunded = _by_order(map(refund_of, await tx.all(_REFUNDS, ours)))
    sold_by = named.answer() | seller.answer()
    return [
        Undocumented(
            order=order,
            event=event.answer().get(order.event_id),
            seller=sold_by.get(order.organization_id) or Party(str(order.organization_id)),
            buyer=buyer.answer().get(order.id),
            documents=written.answer().get(order.id, ()),
            refunds=refunded.get(order.id, ()),
        )
        for order in locked
    ]


def _by_order(found: Iterable[Any]) -> Mapping[OrderId, Sequence[Any]]:
    """What was read in the order of their orders, apart."""
    return {order_id: tuple(its) for order_id, its in groupby(found, key=lambda each: each.order_id)}


def _any_of(name: str, table: Table, column: str) -> Any:
    return table.c[column] == any_(bindparam(name, type_=ARRAY(table.c[column].type)))


_LOCK: Final = (
    select(orders.c.id)
    .where(UNDOCUMENTED, _any_of("orders", orders, "id"))
    .order_by(orders.c.id)
    .with_for_update(skip_locked=True)
)
_WHOLE: Final = whole_orders(_any_of("orders", orders, "id")).order_by(orders.c.id)
_EVENTS: Final = EVENT.where(_any_of("events", events, "id"))
_NAMES: Final = select(organizations.c.id, organizations.c.name).where(_any_of("organizations", organizations, "id"))
_SELLERS: Final = select(seller_details).where(_any_of("organizations", seller_details, "organization_id"))
_BUYERS: Final = select(buyer_details).where(_any_of("orders", buyer_details, "order_id"))
_DOCUMENTS: Final = (
    select(documents).where(_any_of("orders", documents, "order_id")).order_by(documents.c.order_id, documents.c.number)
)
_REFUNDS: Final = whole_refunds(_any_of("orders", refunds, "order_id")).order_by(refunds.c.order_id, refunds.c.id)

"""Everything that decides about an order, in one round trip, or two with add-ons: what a rush of buyers asks for most."""

from typing import Any, Final

from sqlalchemy import Row, bindparam, select

from commerce.domain.quote import Offered
from commerce.domain.stock import Goods, left_of
from commerce.store import promo_codes
from commerce.store.add_ons import find_offered_add_ons
from commerce.store.copies import EVENT_COLUMNS, event_of, tier_of
from commerce.store.event_capacity import shared_of
from commerce.store.sale_settings import event_settings_of, tier_settings_of
from commerce.store.stock import stock_of
from commerce.tables import (
    event_capacity,
    event_sale_settings,
    events,
    organizations,
    stock,
    ticket_tiers,
    tier_sale_settings,
)
from common.db import Transaction
from common.ids import EventId

_OFFERED: Final = (
    select(
        *EVENT_COLUMNS,
        organizations.c.backer_tiers,
        promo_codes.AUTOMATIC.label("automatic"),
        promo_codes.TYPED.label("typed"),
        *(column.label(f"settings_{column.name}") for column in event_sale_settings.c),
        *(column.label(f"tier_{column.name}") for column in ticket_tiers.c),
        *(column.label(f"terms_{column.name}") for column in tier_sale_settings.c),
        *(column.label(f"stock_{column.name}") for column in stock.c),
        *(column.label(f"shared_{column.name}") for column in event_capacity.c),
    )
    .join_from(
        events,
        ticket_tiers,
        (ticket_tiers.c.event_id == events.c.id) & ticket_tiers.c.id.in_(bindparam("tiers", expanding=True)),
        isouter=True,
    )
    .join(stock, stock.c.ticket_tier_id == ticket_tiers.c.id, isouter=True)
    .join(tier_sale_settings, tier_sale_settings.c.ticket_tier_id == ticket_tiers.c.id, isouter=True)
    .join(event_sale_settings, event_sale_settings.c.event_id == events.c.id, isouter=True)
    .join(event_capacity, event_capacity.c.event_id == events.c.id, isouter=True)
    .join(organizations, organizations.c.id == events.c.organization_id, isouter=True)
    .where(events.c.id == bindparam("event", type_=events.c.id.type))
)


async def find_offered(tx: Transaction, event_id: EventId, goods: Goods, code: str | None = None) -> Offered | None:
    """An event, those of the named things that are its own, what is left at this moment, and what makes prices of it.

    `code` is a promo code as they are kept. None when the event was not published or we have not heard of it yet. Add-ons,
    which few orders hold, are a further question.
    """
    rows = (await tx.execute(_OFFERED, {"event": event_id, "tiers": list(goods.tiers), "code": code})).all()
    if not rows:
        return None
    first, found = rows[0], [row for row in rows if row.tier_id is not None]
    shared = None if first.shared_event_id is None else shared_of(first, "shared_")
    extras = await find_offered_add_ons(tx, goods.add_ons) if goods.add_ons else {}
    counts = {row.tier_id: stock_of(row, "stock_") for row in found}
    return Offered(
        event=event_of(first),
        tiers={row.tier_id: tier_of(row, "tier_") for row in found},
        add_ons={add_on: found_one for add_on, (found_one, _) in extras.items()},
        stock=counts,
        left=left_of(counts, {add_on: its_counts for add_on, (_, its_counts) in extras.items()}, shared),
        settings=event_settings_of(first, "settings_"),
        tier_settings={row.tier_id: tier_settings_of(row, "terms_") for row in found},
        promo_codes=tuple(promo_codes.promo_of(value) for value in _promos(first)),
        backer_tiers=tuple(first.backer_tiers or ()),
    )


def _promos(row: Row[Any]) -> list[dict[str, Any]]:
    return [*(row.automatic or ()), *(() if row.typed is None else (row.typed,))]

"""Ticket tiers as configured here, with commerce's word about what is left."""

from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction, refusing
from common.ids import EventId, TicketTierId
from common.money import Money
from events.domain.ticket_tier import Availability, TicketTier
from events.errors import OtherCurrency
from events.tables import availabilities, ticket_tiers

_TIER_NAMES = select(ticket_tiers.c.id, ticket_tiers.c.name).where(ticket_tiers.c.event_id == bindparam("event"))


class OfferedTier(NamedTuple):
    """A tier and what commerce last said of it; None while it said nothing."""

    tier: TicketTier
    availability: Availability | None


async def add_ticket_tier(tx: Transaction, tier: TicketTier, event_currency: str | None) -> None:
    """Add a tier. Refuses one of another currency than its event's, whatever was decided before."""
    with refusing({"fk_ticket_tiers_one_currency_per_event": lambda: OtherCurrency(currency=event_currency)}):
        await tx.execute(insert(ticket_tiers).values(**_values(tier)))


async def save_ticket_tier(tx: Transaction, tier: TicketTier) -> None:
    """Write a changed tier, whose row the caller has locked."""
    await tx.execute(update(ticket_tiers).where(ticket_tiers.c.id == tier.id).values(**_values(tier)))


async def lock_ticket_tier(tx: Transaction, event_id: EventId, tier_id: TicketTierId) -> TicketTier | None:
    """A tier of that event, locked."""
    query = select(ticket_tiers).where(ticket_tiers.c.id == tier_id, ticket_tiers.c.event_id == event_id)
    row = await tx.one(query.with_for_update(key_share=True))
    return None if row is None else _tier(row)


async def offered_tiers(tx: Transaction, event_id: EventId, *, retired: bool) -> list[OfferedTier]:
    """The tiers of an event in the order they were made; `retired` ones only where asked for."""
    query = (
        select(ticket_tiers, availabilities.c.availability)
        .outerjoin(availabilities, availabilities.c.ticket_tier_id == ticket_tiers.c.id)
        .where(ticket_tiers.c.event_id == event_id)
        .order_by(ticket_tiers.c.id)
    )
    rows = await tx.all(query if retired else query.where(~ticket_tiers.c.retired))
    return [OfferedTier(_tier(row), row.availability) for row in rows]


async def find_tier(tx: Transaction, event_id: EventId, tier_id: TicketTierId) -> OfferedTier | None:
    """One tier of that event."""
    offered = await offered_tiers(tx, event_id, retired=True)
    return next((each for each in offered if each.tier.id == tier_id), None)


async def tier_names(tx: Transaction, event_id: EventId) -> dict[TicketTierId, str]:
    """What the tiers of an event are called."""
    return {row.id: row.name for row in await tx.all(_TIER_NAMES, {"event": event_id})}


async def renew_versions(tx: Transaction, event_id: EventId) -> list[TicketTier]:
    """Count a change of every tier of an event, because what is told of a tier says something of its event, too."""
    statement = (
        update(ticket_tiers)
        .where(ticket_tiers.c.event_id == event_id)
        .values(version=ticket_tiers.c.version + 1)
        .returning(ticket_tiers)
    )
    rows = (await tx.execute(statement)).all()
    return sorted((_tier(row) for row in rows), key=lambda tier: tier.id)


def _values(tier: TicketTier) -> dict[str, Any]:
    values = {name: getattr(tier, name) for name in TicketTier.__slots__ if name != "price"}
    return {
        **values,
        "price_amount": tier.price.amount,
        "price_currency": tier.price.currency,
        "charged_currency": tier.price.currency if tier.price else None,
    }


def _tier(row: Row[Any]) -> TicketTier:
    values = {name: getattr(row, name) for name in TicketTier.__slots__ if name != "price"}
    return TicketTier(price=Money(row.price_amount, row.price_currency), **values)

"""Copies of what events and identity say. A message older than what is held changes nothing."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, bindparam, false, func, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.sale import Event, Organization, TicketTier
from commerce.tables import admissions, events, organizations, ticket_tiers
from common.db import Transaction
from common.ids import EventId, OrderLineId, OrganizationId, TicketTierId
from common.money import Money

_TIER_COLUMNS: Final = tuple(column.name for column in ticket_tiers.c)
_SUSPENDED: Final = func.coalesce(organizations.c.suspended, false()).label("organization_suspended")
EVENT_COLUMNS: Final = (*events.c, _SUSPENDED)
"""What `event_of` reads. Beside them a query joins the event's organisation."""
EVENT: Final = select(*EVENT_COLUMNS).join_from(
    events, organizations, organizations.c.id == events.c.organization_id, isouter=True
)
"""What `event_of` reads a row of."""
_FIND_EVENT: Final = EVENT.where(events.c.id == bindparam("event", type_=events.c.id.type))


async def save_event(tx: Transaction, event: Event, sequence: int) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(
        tx,
        events,
        {
            "id": event.id,
            "sequence": sequence,
            "organization_id": event.organization_id,
            "workspace_id": event.workspace_id,
            "name": event.name,
            "status": event.status,
            "starts_at": event.starts_at,
            "ends_at": event.ends_at,
            "timezone": event.timezone,
            "venue_name": event.venue_name,
            "currency": event.currency,
        },
    )


async def save_ticket_tier(tx: Transaction, tier: TicketTier, sequence: int) -> bool:
    """Make our copy equal to the message and lock its row. False when what we hold is as new."""
    return await _save(
        tx,
        ticket_tiers,
        {
            "id": tier.id,
            "sequence": sequence,
            "event_id": tier.event_id,
            "name": tier.name,
            "price_amount": None if tier.price is None else tier.price.amount,
            "price_currency": None if tier.price is None else tier.price.currency,
            "sales_start_at": tier.sales_start_at,
            "sales_end_at": tier.sales_end_at,
            "min_per_order": tier.min_per_order,
            "max_per_order": tier.max_per_order,
            "retired": tier.retired,
        },
    )


async def save_organization(tx: Transaction, organization: Organization, sequence: int) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(
        tx,
        organizations,
        {
            "id": organization.id,
            "sequence": sequence,
            "name": organization.name,
            "suspended": organization.suspended,
            "backer_tiers": list(organization.backer_tiers),
        },
    )


async def record_admitted(tx: Transaction, line_id: OrderLineId, ordinal: int, scanned_at: datetime) -> bool:
    """Remember the earliest time an admission was used, in whatever order scans are told. False when there is none."""
    earliest = func.least(admissions.c.admitted_at, scanned_at)
    statement = (
        update(admissions)
        .where(admissions.c.line_id == line_id, admissions.c.ordinal == ordinal)
        .values(admitted_at=earliest)
    )
    return (await tx.execute(statement)).rowcount == 1


async def find_event(tx: Transaction, event_id: EventId) -> Event | None:
    """The event, or None when it was not published or we have not heard of it yet."""
    row = await tx.one(_FIND_EVENT, {"event": event_id})
    return None if row is None else event_of(row)


async def find_organization(tx: Transaction, organization_id: OrganizationId) -> Organization | None:
    """The organisation, or None when we have not heard of it yet."""
    row = await tx.one(select(organizations).where(organizations.c.id == organization_id))
    return None if row is None else Organization(row.id, row.name, row.suspended, tuple(row.backer_tiers))


async def find_ticket_tier(tx: Transaction, ticket_tier_id: TicketTierId) -> TicketTier | None:
    """The tier, or None when we have not heard of it yet."""
    row = await tx.one(select(ticket_tiers).where(ticket_tiers.c.id == ticket_tier_id))
    return None if row is None else tier_of(row)


async def currency_of_tiers(tx: Transaction, event_id: EventId) -> str | None:
    """The currency of an event's prices, where it has any: its own message may come after those of its tiers."""
    priced = ticket_tiers.c.price_currency.is_not(None) & (ticket_tiers.c.event_id == event_id)
    found: str | None = await tx.scalar(select(ticket_tiers.c.price_currency).where(priced).limit(1))
    return found


async def tiers_of(tx: Transaction, event_id: EventId) -> list[TicketTier]:
    """Every tier of an event, retired ones included, oldest first."""
    query = select(ticket_tiers).where(ticket_tiers.c.event_id == event_id).order_by(ticket_tiers.c.id)
    return [tier_of(row) for row in await tx.all(query)]


def event_of(row: Row[Any]) -> Event:
    """An event from a row that holds its columns."""
    return Event(
        id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        name=row.name,
        status=row.status,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        timezone=row.timezone,
        venue_name=row.venue_name,
        currency=row.currency,
        organization_suspended=row.organization_suspended,
    )


def tier_of(row: Row[Any], prefix: str = "") -> TicketTier:
    """A tier from a row that holds its columns, perhaps under a prefix."""
    value = {name: getattr(row, prefix + name) for name in _TIER_COLUMNS}
    price = None if value["price_amount"] is None else Money(value["price_amount"], value["price_currency"])
    return TicketTier(
        id=value["id"],
        event_id=value["event_id"],
        name=value["name"],
        price=price,
        sales_start_at=value["sales_start_at"],
        sales_end_at=value["sales_end_at"],
        min_per_order=value["min_per_order"],
        max_per_order=value["max_per_order"],
        retired=value["retired"],
    )


async def _save(tx: Transaction, table: Table, values: dict[str, Any]) -> bool:
    statement = insert(table).values(**values)
    changed = {name: statement.excluded[name] for name in values if name != "id"}
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_=changed, where=table.c.sequence < statement.excluded.sequence
    )
    return await tx.scalar(statement.returning(table.c.id)) is not None

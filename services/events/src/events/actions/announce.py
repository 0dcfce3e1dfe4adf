"""What is said of events, tiers, passes and check-ins: always their whole public state."""

from dataclasses import asdict

from common.db import Transaction
from common.messages import (
    CheckInRecorded,
    DoorCounted,
    EventCancelled,
    EventPublished,
    EventUpdated,
    MoneyPart,
    PassIssued,
    PassUpdated,
    PassVoided,
    TicketTierSaved,
    VenuePart,
)
from events.domain.door import CheckIn
from events.domain.entry_pass import Pass
from events.domain.event import Event
from events.domain.ticket_tier import TicketTier, price_in
from events.store import ticket_tiers
from events.store.door_counts import ToldCount

EventMessage = EventPublished | EventUpdated | EventCancelled
PassMessage = PassIssued | PassUpdated | PassVoided


def event_message(kind: type[EventMessage], event: Event) -> EventMessage:
    """What is said of an event."""
    return kind(
        sequence=event.version,
        event_id=event.id,
        organization_id=event.organization_id,
        workspace_id=event.workspace_id,
        name=event.name,
        slug=event.slug,
        description=event.description,
        status=event.status,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        timezone=event.timezone,
        venue=None if event.venue is None else VenuePart(**asdict(event.venue)),
        currency=event.currency,
    )


def tier_message(tier: TicketTier, event: Event) -> TicketTierSaved:
    """What is said of a ticket tier, with what of its event decides whether it can be sold."""
    price = price_in(event.currency, tier.price)
    return TicketTierSaved(
        sequence=tier.version,
        ticket_tier_id=tier.id,
        event_id=event.id,
        organization_id=event.organization_id,
        workspace_id=event.workspace_id,
        name=tier.name,
        price=None if price is None else MoneyPart(amount=price.amount, currency=price.currency),
        capacity=tier.capacity,
        sales_start_at=tier.sales_start_at,
        sales_end_at=tier.sales_end_at,
        min_per_order=tier.min_per_order,
        max_per_order=tier.max_per_order,
        event_status=event.status,
        event_ends_at=event.ends_at,
        retired=tier.retired,
    )


def pass_message(kind: type[PassMessage], entry: Pass, event: Event, tier_name: str) -> PassMessage:
    """What is said of a pass."""
    return kind(
        sequence=entry.version,
        pass_id=entry.id,
        order_id=entry.order_id,
        order_line_id=entry.line_id,
        ordinal=entry.ordinal,
        event_id=entry.event_id,
        organization_id=event.organization_id,
        ticket_tier_id=entry.ticket_tier_id,
        ticket_tier_name=tier_name,
        status=entry.status,
        generation=entry.generation,
        code=entry.code,
        attendee_name=entry.attendee.name,
        holder_user_id=entry.holder.user_id,
        holder_email=entry.holder.email,
        buyer_user_id=entry.buyer_user_id,
    )


def check_in_message(check_in: CheckIn, entry: Pass) -> CheckInRecorded:
    """What is said of somebody who was let through a door. Its sequence is the pass', whose state it tells."""
    return CheckInRecorded(
        sequence=entry.version,
        check_in_id=check_in.id,
        pass_id=entry.id,
        event_id=entry.event_id,
        order_id=entry.order_id,
        order_line_id=entry.line_id,
        ordinal=entry.ordinal,
        direction=check_in.direction,
        inside=entry.inside,
        gate_id=check_in.gate_id,
        scanned_at=check_in.scanned_at,
    )


def door_message(told: ToldCount, event: Event) -> DoorCounted:
    """What is said of an event's doors."""
    return DoorCounted(
        sequence=told.sequence,
        event_id=told.event_id,
        organization_id=event.organization_id,
        workspace_id=event.workspace_id,
        issued=told.count.issued,
        admitted=told.count.admitted,
        inside=told.count.inside,
        counted_at=told.counted_at,
    )


async def tell_tiers_again(tx: Transaction, event: Event) -> None:
    """Say every tier of an event anew, because what is told of a tier includes its event's status, end and currency."""
    for tier in await ticket_tiers.renew_versions(tx, event.id):
        tx.publish(tier_message(tier, event))

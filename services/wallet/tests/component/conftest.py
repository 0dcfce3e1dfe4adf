"""What events and identity say of one evening and one ticket, and who is who."""

from datetime import UTC, datetime

import pytest

from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PassId, TicketTierId, UserId
from common.messages import EventPublished, OrganizationCreated, PassIssued, TicketTierSaved, VenuePart
from common.principal import Principal
from common.testing import principals
from common.testing.principals import fresh


@pytest.fixture
def buyer() -> Principal:
    """Bought the ticket."""
    return principals.user("ben@example.org", "Ben")


@pytest.fixture
def holder() -> Principal:
    """Will use the ticket."""
    return principals.user("ada@example.org", "Ada Lovelace")


@pytest.fixture
def organization() -> OrganizationCreated:
    """Who invites."""
    return OrganizationCreated(
        sequence=1,
        organization_id=OrganizationId(fresh(OrganizationId)),
        name="Kino Světozor",
        slug="svetozor",
        suspended=False,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def event(organization: OrganizationCreated) -> EventPublished:
    """An evening in Prague, published."""
    return EventPublished(
        sequence=3,
        event_id=EventId(fresh(EventId)),
        organization_id=organization.organization_id,
        workspace_id=None,
        name='Žižkov "& <b>',
        slug="zizkov",
        description=None,
        status="published",
        starts_at=datetime(2027, 6, 5, 18, 0, tzinfo=UTC),
        ends_at=datetime(2027, 6, 5, 22, 30, tzinfo=UTC),
        timezone="Europe/Prague",
        venue=VenuePart(
            name="Světozor", address="Vodičkova 41", city="Praha", country="CZ", latitude=50.0815, longitude=14.4244
        ),
        currency="CZK",
    )


@pytest.fixture
def ticket(event: EventPublished, buyer: Principal, holder: Principal) -> PassIssued:
    """Ada's pass, bought by Ben."""
    return PassIssued(
        sequence=1,
        pass_id=PassId(fresh(PassId)),
        order_id=OrderId(fresh(OrderId)),
        order_line_id=OrderLineId(fresh(OrderLineId)),
        ordinal=1,
        event_id=event.event_id,
        organization_id=event.organization_id,
        ticket_tier_id=TicketTierId(fresh(TicketTierId)),
        ticket_tier_name="Early bird",
        status="issued",
        generation=1,
        code="LYD1.first-code",
        attendee_name="Ada Lovelace",
        holder_user_id=UserId(str(holder.subject)),
        holder_email="ada@example.org",
        buyer_user_id=UserId(str(buyer.subject)),
    )


@pytest.fixture
def tier(ticket: PassIssued, event: EventPublished) -> TicketTierSaved:
    """The tier of Ada's pass, under a new name."""
    return TicketTierSaved(
        sequence=2,
        ticket_tier_id=ticket.ticket_tier_id,
        event_id=event.event_id,
        organization_id=event.organization_id,
        workspace_id=None,
        name="Very early bird",
        price=None,
        capacity=100,
        sales_start_at=None,
        sales_end_at=None,
        min_per_order=1,
        max_per_order=10,
        event_status="published",
        event_ends_at=event.ends_at,
        retired=False,
    )

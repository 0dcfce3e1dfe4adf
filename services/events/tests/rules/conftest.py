"""An event and a pass for it, for rules about them."""

from datetime import UTC, datetime

import pytest

from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PassId, TicketTierId, UserId
from common.testing.principals import fresh
from events.domain.entry_pass import Attendee, Holder, Pass
from events.domain.event import Event


@pytest.fixture
def event() -> Event:
    """An evening in Lagos, 19:00 to 23:00 UTC on 20 November 2026, published."""
    return Event(
        id=EventId(fresh(EventId)),
        version=2,
        organization_id=OrganizationId(fresh(OrganizationId)),
        workspace_id=None,
        name="Lagos Jazz Night",
        slug="lagos-jazz-night",
        description=None,
        status="published",
        starts_at=datetime(2026, 11, 20, 19, tzinfo=UTC),
        ends_at=datetime(2026, 11, 20, 23, tzinfo=UTC),
        doors_open_at=None,
        timezone="Africa/Lagos",
        venue=None,
        currency="NGN",
        published_at=datetime(2026, 10, 1, tzinfo=UTC),
    )


@pytest.fixture
def entry(event: Event) -> Pass:
    """A fresh pass of the first generation."""
    return Pass(
        id=PassId(fresh(PassId)),
        version=1,
        order_id=OrderId(fresh(OrderId)),
        line_id=OrderLineId(fresh(OrderLineId)),
        ordinal=1,
        event_id=event.id,
        ticket_tier_id=TicketTierId(fresh(TicketTierId)),
        status="issued",
        generation=1,
        code="code",
        attendee=Attendee("Ada", None),
        holder=Holder(UserId(fresh(UserId)), None),
        buyer_user_id=UserId(fresh(UserId)),
        inside=False,
        first_admitted_at=None,
        first_gate_id=None,
    )

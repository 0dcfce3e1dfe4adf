"""What this service listens to: message → action."""

from common.inbox import Handlers
from common.messages import (
    EventCancelled,
    EventPublished,
    EventUpdated,
    OrganizationCreated,
    OrganizationSuspended,
    OrganizationUpdated,
    PassIssued,
    PassUpdated,
    PassVoided,
    TicketTierSaved,
)
from wallet.actions.record_event import record_event
from wallet.actions.record_look import record_organization, record_ticket_tier
from wallet.actions.record_pass import record_pass

HANDLERS: Handlers = {
    OrganizationCreated: record_organization,
    OrganizationUpdated: record_organization,
    OrganizationSuspended: record_organization,
    EventPublished: record_event,
    EventUpdated: record_event,
    EventCancelled: record_event,
    TicketTierSaved: record_ticket_tier,
    PassIssued: record_pass,
    PassUpdated: record_pass,
    PassVoided: record_pass,
}

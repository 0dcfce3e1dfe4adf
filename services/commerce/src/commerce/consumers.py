"""What this service listens to: message → action."""

from commerce.actions.record_check_in import record_check_in
from commerce.actions.record_event import record_event
from commerce.actions.record_ticket_tier import record_ticket_tier
from common.inbox import Handlers
from common.messages import CheckInRecorded, EventCancelled, EventPublished, EventUpdated, TicketTierSaved

HANDLERS: Handlers = {
    EventPublished: record_event,
    EventUpdated: record_event,
    EventCancelled: record_event,
    TicketTierSaved: record_ticket_tier,
    CheckInRecorded: record_check_in,
}

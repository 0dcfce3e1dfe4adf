"""What this service listens to: message → action."""

from commerce.actions.record_check_in import record_check_in
from commerce.actions.record_event import record_event
from commerce.actions.record_organization import record_organization
from commerce.actions.record_ticket_tier import record_ticket_tier
from commerce.actions.record_wallet_pass import record_wallet_pass
from common.inbox import Handlers
from common.messages import (
    CheckInRecorded,
    EventCancelled,
    EventPublished,
    EventUpdated,
    OrganizationCreated,
    OrganizationSuspended,
    OrganizationUpdated,
    TicketTierSaved,
    WalletPassCreated,
    WalletPassUpdated,
    WalletPassVoided,
)

HANDLERS: Handlers = {
    EventPublished: record_event,
    EventUpdated: record_event,
    EventCancelled: record_event,
    TicketTierSaved: record_ticket_tier,
    CheckInRecorded: record_check_in,
    OrganizationCreated: record_organization,
    OrganizationUpdated: record_organization,
    OrganizationSuspended: record_organization,
    WalletPassCreated: record_wallet_pass,
    WalletPassUpdated: record_wallet_pass,
    WalletPassVoided: record_wallet_pass,
}

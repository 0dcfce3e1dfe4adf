"""What this service listens to: message → action."""

from common.inbox import Handlers
from common.messages import (
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderRefunded,
    TicketTierAvailabilityChanged,
    UserCreated,
    UserUpdated,
)
from events.actions.attach_passes import attach_passes
from events.actions.match_passes import MatchPasses
from events.actions.record_availability import record_availability
from events.formats.pass_code import PassCodes


def handlers(codes: PassCodes) -> Handlers:
    """The table. Passes are signed when they are made, which takes the key."""
    match_passes = MatchPasses(codes)
    return {
        UserCreated: attach_passes,
        UserUpdated: attach_passes,
        TicketTierAvailabilityChanged: record_availability,
        OrderPaid: match_passes,
        OrderRefunded: match_passes,
        OrderCancelled: match_passes,
        OrderExpired: match_passes,
    }

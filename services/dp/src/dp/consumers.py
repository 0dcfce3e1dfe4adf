"""What dp listens to: message → action."""

from common.inbox import Handlers
from common.messages import (
    EventCancelled,
    EventPublished,
    EventUpdated,
    OrganizationCreated,
    OrganizationSuspended,
    OrganizationUpdated,
)
from dp.actions.keep_event import keep_event
from dp.actions.keep_organization import keep_organization

HANDLERS: Handlers = {
    EventPublished: keep_event,
    EventUpdated: keep_event,
    EventCancelled: keep_event,
    OrganizationCreated: keep_organization,
    OrganizationUpdated: keep_organization,
    OrganizationSuspended: keep_organization,
}

"""A message of the bus as people may see it: for whom it is, and its frame with the fields its class shows."""

import json
from dataclasses import dataclass
from functools import cache

from pydantic.alias_generators import to_camel

from common.bus import Delivery
from common.capabilities import Capability, Scope
from common.ids import OrganizationId, WorkspaceId
from common.messages import Audience, Message, Team
from gateway.live import frames


@dataclass(frozen=True, slots=True)
class Told:
    """One message on its way to clients."""

    stream: int
    """Index of its stream."""
    number: int
    """Its position there."""
    at: float
    """When the broker stored it, in Unix seconds."""
    keys: tuple[str, ...]
    """Ids of users, or of the event, that clients are registered under."""
    frame: bytes
    capability: Capability | None = None
    scope: Scope | None = None
    """Whose row it is, where a capability is asked for."""


class Unreadable(Exception):
    """A message that does not hold what its class promises."""


def told(kind: type[Message], audience: Audience, stream: int, delivery: Delivery) -> Told:
    """What is shown of a message, and to whom. Raises Unreadable."""
    try:
        fields = json.loads(delivery.body)
        shown = {name: fields[name] for name in _names(audience.shown) if name in fields}
        capability = scope = None
        keys: tuple[str, ...]
        if isinstance(audience, Team):
            workspace = fields.get("workspaceId")
            scope = Scope(OrganizationId(fields["organizationId"]), WorkspaceId(workspace) if workspace else None)
            keys, capability = (str(fields["eventId"]),), audience.capability
        else:
            keys = tuple({str(fields[name]): None for name in _names(audience.named_by) if fields.get(name)})
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Unreadable(repr(fault)) from fault
    frame = frames.message(kind.subject, shown)
    return Told(stream, delivery.position, delivery.stored_at.timestamp(), keys, frame, capability, scope)


@cache
def _names(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(to_camel(field) for field in fields)

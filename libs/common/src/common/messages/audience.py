"""Who is shown a message live, and what of it: declared on the message class, obeyed by the gateway.

What is shown is a list of fields, so that a field nobody thought of stays inside.
"""

from dataclasses import dataclass

from common.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Users:
    """The people whose ids these fields hold."""

    named_by: tuple[str, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """Those who ask for the event by its id and hold a capability for its organisation or workspace.

    The message has `event_id`, `organization_id` and `workspace_id`.
    """

    capability: Capability
    shown: tuple[str, ...]


Audience = Users | Team

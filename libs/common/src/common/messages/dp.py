"""What dp says."""

from datetime import datetime
from typing import ClassVar, Literal

from common.ids import DpCampaignId, DpId, EventId, OrganizationId, UserId
from common.messages.base import Message


class _DpMessage(Message):
    publisher: ClassVar[str] = "dp"
    about: ClassVar[str] = "dp_id"

    dp_id: DpId
    campaign_id: DpCampaignId
    event_id: EventId
    organization_id: OrganizationId
    maker_user_id: UserId | None
    """None when somebody made it without signing in, and once it is removed."""
    status: Literal["ready", "held", "rejected", "removed"]
    share_path: str
    created_at: datetime


class DpGenerated(_DpMessage):
    """Someone made a display picture; it is shown, or held for a moderator."""

    subject: ClassVar[str] = "dp.generated"


class DpHeld(_DpMessage):
    """A display picture that was shown is hidden until a moderator looks, because people reported it."""

    subject: ClassVar[str] = "dp.held"


class DpApproved(_DpMessage):
    """A moderator let everyone see a display picture."""

    subject: ClassVar[str] = "dp.approved"


class DpRejected(_DpMessage):
    """A moderator decided that a display picture is not shown."""

    subject: ClassVar[str] = "dp.rejected"


class DpRemoved(_DpMessage):
    """Its maker or a moderator deleted a display picture; image and photo are gone."""

    subject: ClassVar[str] = "dp.removed"

"""What wallet says."""

from typing import ClassVar, Literal

from common.ids import EventId, PassId, UserId, WalletPassId
from common.messages.base import Message


class _WalletPassMessage(Message):
    publisher: ClassVar[str] = "wallet"
    about: ClassVar[str] = "wallet_pass_id"

    wallet_pass_id: WalletPassId
    pass_id: PassId
    generation: int
    event_id: EventId
    holder_user_id: UserId | None
    apple: Literal["ready", "voided"]
    google: Literal["available", "saved", "voided"]


class WalletPassCreated(_WalletPassMessage):
    """A pass can now be put on a phone."""

    subject: ClassVar[str] = "wallet_pass.created"


class WalletPassUpdated(_WalletPassMessage):
    """A wallet pass got a holder or another name on it."""

    subject: ClassVar[str] = "wallet_pass.updated"


class WalletPassVoided(_WalletPassMessage):
    """A wallet pass lost its pass, or its event was cancelled."""

    subject: ClassVar[str] = "wallet_pass.voided"

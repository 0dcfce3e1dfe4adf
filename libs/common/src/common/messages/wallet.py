"""What wallet says."""

from typing import ClassVar, Literal

from common.ids import EventId, OrderId, PassId, UserId, WalletPassId
from common.messages.audience import Audience, Users
from common.messages.base import Message


class _WalletPassMessage(Message):
    publisher: ClassVar[str] = "wallet"
    about: ClassVar[str] = "wallet_pass_id"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "gateway")
    audience: ClassVar[Audience | None] = Users(
        ("holder_user_id", "buyer_user_id"),
        ("sequence", "wallet_pass_id", "pass_id", "generation", "event_id", "apple", "google"),
    )

    wallet_pass_id: WalletPassId
    pass_id: PassId
    generation: int
    event_id: EventId
    holder_user_id: UserId | None
    buyer_user_id: UserId | None = None
    """The buyer may fetch the wallet passes of the whole order."""
    order_id: OrderId | None = None
    ticket_tier_name: str | None = None
    attendee_name: str | None = None
    """commerce shows whose pass it is on the order's secret page, beside the buttons."""
    link_key: str | None = None
    """Opens the pass without a sign-in: only for the order's secret page, and only until the pass is handed on."""
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

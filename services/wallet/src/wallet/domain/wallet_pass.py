"""A wallet pass: the copy of one generation of a pass on its holder's phone, and who may fetch it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from common.ids import EventId, OrganizationId, PassId, UserId, WalletPassId
from wallet.domain.face import Face

FIRST_GENERATION = 1


class Entropy(Protocol):
    """A source of unguessable bytes."""

    def bytes(self, count: int) -> bytes:
        """`count` bytes nobody can predict."""
        ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a wallet pass has of its own, drawn once and never changed: Apple forbids it.

    `serial` names it to both vendors, `auth_token` lets its phone ask for updates, `link_key` opens it in a browser.
    """

    serial: str
    auth_token: str
    link_key: str


def draw_secrets(entropy: Entropy) -> Secrets:
    """Three independent draws of 128 bits or more, in hexadecimal digits."""
    return Secrets(entropy.bytes(16).hex(), entropy.bytes(24).hex(), entropy.bytes(24).hex())


@dataclass(frozen=True, slots=True)
class WalletPass:
    """A wallet pass with all it shows. `modified_at` is the last change of anything shown."""

    wallet_pass_id: WalletPassId
    pass_id: PassId
    generation: int
    event_id: EventId
    organization_id: OrganizationId
    holder_user_id: UserId | None
    buyer_user_id: UserId
    auth_token: str
    link_key: str
    face: Face
    modified_at: datetime

    @property
    def apple(self) -> Literal["ready", "voided"]:
        """The word for it in Apple's wallet."""
        return "voided" if self.face.voided else "ready"

    @property
    def google(self) -> Literal["available", "voided"]:
        """The word for it in Google's wallet."""
        return "voided" if self.face.voided else "available"


def belongs_to(wallet_pass: WalletPass, user_id: UserId | None) -> bool:
    """Whether this is one's own: the holder's, and the buyer's as long as the pass was never handed on.

    After a transfer the buyer must not see the new code (CONTRACTS.md, "Transfer").
    """
    if user_id is None:
        return False
    bought = wallet_pass.generation == FIRST_GENERATION and wallet_pass.buyer_user_id == user_id
    return bought or wallet_pass.holder_user_id == user_id

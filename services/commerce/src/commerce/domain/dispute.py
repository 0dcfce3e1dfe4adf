"""A buyer's bank asks for the money back: what the provider tells of it, and what is held because of it."""

from dataclasses import dataclass
from typing import Literal

from commerce.domain.refund import Source
from common.ids import OrderId, PaymentId
from common.money import Money

Status = Literal["open", "won", "lost"]


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """The provider's view of a dispute of a payment. Won and lost are meant from our side."""

    reference: str
    status: Status
    amount: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as we know it. `held` is what of `amount` lay on the account `source` when it was opened: of what went back
    before there is nothing to hold."""

    id: int
    order_id: OrderId
    payment_id: PaymentId
    provider: str
    reference: str
    status: Status
    amount: Money
    source: Source
    held: Money

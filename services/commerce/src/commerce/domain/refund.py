"""Money that goes back: what was asked for, and what the provider says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from commerce.errors import RefundNotFailed
from common.ids import OrderId, OrderLineId, PaymentId, RefundId
from common.money import Money

Status = Literal["pending", "done", "failed"]
Source = Literal["organiser_payable", "unallocated"]
"""The account the money goes back from: what the order cost, or money that fitted no order."""
Origin = Literal["organiser", "buyer", "late_payment", "surplus", "review", "event_cancelled", "external", "dispute"]
"""Who or what set it off. `external` was made at the provider's own pages, `dispute` is a dispute that was lost."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of one payment that goes back. `payment_id` is None where nothing was paid through a provider.

    `fee_returned` is what the platform gives up of its fee; `tries` counts how often it was asked for anew after the
    provider had said no.
    """

    id: RefundId
    order_id: OrderId
    payment_id: PaymentId | None
    provider: str | None
    status: Status
    source: Source
    origin: Origin
    amount: Money
    fee_returned: Money
    reason: str
    forced: bool
    requested_by: str
    admissions: tuple[tuple[OrderLineId, int], ...]
    add_ons: tuple[tuple[OrderLineId, int], ...]
    reference: str | None
    failure: str | None
    tries: int
    created_at: datetime
    settled_at: datetime | None

    @property
    def key(self) -> str:
        """What the provider is given to know it by: called again with it, it makes no second refund."""
        return str(self.id) if self.tries == 1 else f"{self.id}-{self.tries}"


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """The provider's own view of a refund. `key` is what we gave it; None for one that we did not ask for."""

    reference: str
    key: str | None
    status: Status
    amount: Money
    reason: str | None = None


def done_by_hand(
    refund: Refund, ours: Sequence[Refund], at_provider: Sequence[ProviderRefund]
) -> ProviderRefund | None:
    """What somebody sent back at the provider's own pages in place of this one: as much, and none of `ours` yet."""
    known = {each.reference for each in ours}
    return next(
        (
            each
            for each in at_provider
            if each.key is None
            and each.status == "done"
            and each.amount == refund.amount
            and each.reference not in known
        ),
        None,
    )


def settled(refund: Refund, at_provider: ProviderRefund, now: datetime) -> Refund:
    """The provider said how it ended. A failure is still money that is due; it is asked for anew by a person."""
    return replace(
        refund,
        status=at_provider.status,
        reference=at_provider.reference,
        failure=at_provider.reason,
        settled_at=now,
    )


def again(refund: Refund) -> Refund:
    """A failed refund is asked for anew, under a key of its own: the provider would repeat its no under the old one.

    Raises RefundNotFailed.
    """
    if refund.status != "failed":
        raise RefundNotFailed(status=refund.status)
    return replace(refund, status="pending", reference=None, failure=None, settled_at=None, tries=refund.tries + 1)

"""Refunds: what shall go back, and how that stands."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from commerce.domain.basket import MOST_ADMISSIONS
from commerce.domain.refund import Origin, Refund, Status
from commerce.domain.refund_run import Progress
from commerce.domain.refund_run import Status as RunStatus
from commerce.domain.refunding import LineWish, RefundWish
from common.ids import OrderId, OrderLineId, PaymentId, RefundId
from common.schemas import Body, MoneyBody, MoneyView, Name, View


class RefundLine(Body):
    """So many of one line: the named ordinals, or the last tickets not used."""

    line_id: OrderLineId
    quantity: int = Field(ge=1, le=10_000, strict=True)
    ordinals: list[Annotated[int, Field(ge=1, le=MOST_ADMISSIONS, strict=True)]] = Field(
        default=[], max_length=MOST_ADMISSIONS
    )

    def wish(self) -> LineWish:
        """The value the domain works with."""
        return LineWish(self.line_id, self.quantity, tuple(self.ordinals))


class RefundAmount(MoneyBody):
    """Something."""

    amount: int = Field(ge=1, le=10**15, strict=True)


class NewRefund(Body):
    """What shall go back: lines, or an amount that leaves the tickets as they are, or without both the whole order.

    `force` also takes back tickets that were used.
    """

    lines: list[RefundLine] | None = Field(default=None, min_length=1, max_length=50)
    amount: RefundAmount | None = None
    reason: Name
    force: bool = Field(default=False, strict=True)

    def wish(self) -> RefundWish:
        """The value the domain works with."""
        lines = None if self.lines is None else tuple(line.wish() for line in self.lines)
        return RefundWish(lines, None if self.amount is None else self.amount.money(), self.reason, self.force)


class RefundedAdmission(View):
    """A ticket that is no longer live."""

    line_id: OrderLineId
    ordinal: int


class RefundedAddOn(View):
    """So many pieces that went back."""

    line_id: OrderLineId
    quantity: int


class RefundView(View):
    """Money that goes back, and what it took back. `failure` is what the provider said when it refused."""

    id: RefundId
    order_id: OrderId
    payment_id: PaymentId | None
    status: Status
    amount: MoneyView
    origin: Origin
    reason: str
    forced: bool
    failure: str | None
    admissions: list[RefundedAdmission]
    add_ons: list[RefundedAddOn]
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        """From the domain's value."""
        return cls(
            id=refund.id,
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            status=refund.status,
            amount=MoneyView.of(refund.amount),
            origin=refund.origin,
            reason=refund.reason,
            forced=refund.forced,
            failure=refund.failure,
            admissions=[RefundedAdmission(line_id=line, ordinal=ordinal) for line, ordinal in refund.admissions],
            add_ons=[RefundedAddOn(line_id=line, quantity=count) for line, count in refund.add_ons],
            created_at=refund.created_at,
            settled_at=refund.settled_at,
        )


class RefundAnswer(RefundView):
    """A refund just recorded. `surplus` is money that had come too much for the order and goes back with it."""

    surplus: list[RefundView]

    @classmethod
    def of_all(cls, refunds: list[Refund]) -> "RefundAnswer":
        """From the domain's values, the order's own first."""
        first, *others = refunds
        return cls(**dict(RefundView.of(first)), surplus=[RefundView.of(refund) for refund in others])


class RefundList(View):
    """All refunds of an order, oldest first."""

    items: list[RefundView]


class RefundRunView(View):
    """How far the refunds of a cancelled event are. `left` orders are still to be refunded; `disputed` ones wait for a bank.

    `amounts` is what goes back in all, in each currency.
    """

    status: RunStatus
    refunded: int
    left: int
    disputed: int
    refunds_pending: int
    refunds_done: int
    refunds_failed: int
    fees_kept: bool
    amounts: list[MoneyView]
    begun_at: datetime

    @classmethod
    def of(cls, progress: Progress) -> "RefundRunView":
        """From the domain's value."""
        return cls(
            status=progress.status,
            refunded=progress.run.refunded,
            left=progress.left,
            disputed=progress.disputed,
            refunds_pending=progress.pending,
            refunds_done=progress.done,
            refunds_failed=progress.failed,
            fees_kept=progress.run.keeps_fees,
            amounts=[MoneyView.of(amount) for amount in progress.amounts],
            begun_at=progress.run.begun_at,
        )

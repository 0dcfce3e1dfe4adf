"""Payouts to organisers and the account they come from."""

from datetime import datetime

from commerce.domain.payout import Balance, Payout, StatementLine
from common.ids import EventId, OrganizationId, PayoutId
from common.schemas import Body, CurrencyCode, Moment, MoneyView, View


class BalanceView(View):
    """An organisation's account in one currency, in minor units. `available` is what could be paid out now."""

    currency: str
    available: int
    payable: int
    at_door: int
    held_for_disputes: int
    refunds_due: int
    paid_out: int

    @classmethod
    def of(cls, balance: Balance) -> "BalanceView":
        """From the domain's value."""
        return cls(
            currency=balance.currency,
            available=balance.available,
            payable=balance.payable,
            at_door=balance.at_door,
            held_for_disputes=balance.held,
            refunds_due=balance.refunds_due,
            paid_out=balance.paid_out,
        )


class BalanceList(View):
    """An organisation's accounts, one for each currency it ever sold in."""

    items: list[BalanceView]


class NewPayout(Body):
    """Up to when is paid out; now, where it is left out."""

    currency: CurrencyCode
    until: Moment | None = None


class StatementLineView(View):
    """What an event brought in the period, in minor units."""

    event_id: EventId
    event_name: str
    sales: int
    fees: int
    refunds: int
    held_for_disputes: int
    at_door: int
    amount: int

    @classmethod
    def of(cls, line: StatementLine) -> "StatementLineView":
        """From the domain's value."""
        return cls(
            event_id=line.event_id,
            event_name=line.event_name,
            sales=line.sales,
            fees=line.fees,
            refunds=line.refunds,
            held_for_disputes=line.held,
            at_door=line.at_door,
            amount=line.amount,
        )


class PayoutView(View):
    """A payout with its statement. The period begins where the one before ended."""

    id: PayoutId
    organization_id: OrganizationId
    number: int
    amount: MoneyView
    period_start: datetime | None
    period_end: datetime
    made_at: datetime
    lines: list[StatementLineView]

    @classmethod
    def of(cls, payout: Payout) -> "PayoutView":
        """From the domain's value."""
        return cls(
            id=payout.id,
            organization_id=payout.organization_id,
            number=payout.number,
            amount=MoneyView.of(payout.amount),
            period_start=payout.period_start,
            period_end=payout.period_end,
            made_at=payout.made_at,
            lines=[StatementLineView.of(line) for line in payout.lines],
        )

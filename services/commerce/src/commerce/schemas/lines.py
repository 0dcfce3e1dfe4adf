"""The lines of an order, and how its total comes about."""

from datetime import datetime
from typing import Any

from commerce.domain.order import AddOnLine, Admission, CancellationTerms, Charge, Line, Rounding, Sums
from common.ids import AddOnId, OrderLineId, TicketTierId
from common.schemas import MoneyView, View


def charge_views(charge: Charge) -> dict[str, Any]:
    """What a line of any kind comes to, as its views show it."""
    return {
        "discount": MoneyView.of(charge.discount),
        "tax_rate": charge.tax_rate,
        "tax": MoneyView.of(charge.tax),
        "total": MoneyView.of(charge.gross),
    }


class AdmissionView(View):
    """One person's right to enter."""

    ordinal: int
    attendee_name: str | None
    attendee_email: str | None
    live: bool
    admitted_at: datetime | None

    @classmethod
    def of(cls, admission: Admission, *, kept: bool) -> "AdmissionView":
        """From the domain's value. None of an order that gave its places back is live."""
        return cls(
            ordinal=admission.ordinal,
            attendee_name=admission.attendee_name,
            attendee_email=admission.attendee_email,
            live=admission.live and kept,
            admitted_at=admission.admitted_at,
        )


class LineView(View):
    """So many tickets of one tier, at the price they were reserved for. `total` is what is paid for them, `tax` what of
    that is tax; `discount` came off before. `taxRate` is in thousandths of a percent."""

    id: OrderLineId
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    quantity: int
    unit_price: MoneyView
    discount: MoneyView
    tax_rate: int
    tax: MoneyView
    total: MoneyView
    admissions: list[AdmissionView]

    @classmethod
    def of(cls, line: Line, *, kept: bool) -> "LineView":
        """From the domain's value."""
        return cls(
            id=line.id,
            ticket_tier_id=line.ticket_tier_id,
            ticket_tier_name=line.ticket_tier_name,
            quantity=line.quantity,
            unit_price=MoneyView.of(line.unit_price),
            **charge_views(line.charge),
            admissions=[AdmissionView.of(admission, kept=kept) for admission in line.admissions],
        )


class AddOnLineView(View):
    """So many of one add-on, read as a line of tickets is. `returned` is how many of them were refunded."""

    id: OrderLineId
    add_on_id: AddOnId
    add_on_name: str
    quantity: int
    returned: int
    unit_price: MoneyView
    discount: MoneyView
    tax_rate: int
    tax: MoneyView
    total: MoneyView

    @classmethod
    def of(cls, line: AddOnLine) -> "AddOnLineView":
        """From the domain's value."""
        return cls(
            id=line.id,
            add_on_id=line.add_on_id,
            add_on_name=line.add_on_name,
            quantity=line.quantity,
            returned=line.returned,
            unit_price=MoneyView.of(line.unit_price),
            **charge_views(line.charge),
        )


class SumsView(View):
    """How the total comes about: the lines' totals, the service fee, and the platform's where it is passed on to the buyer
    (otherwise null). `tax` is what of it is tax: nothing where `reverseCharge` says that the buyer owes it instead."""

    discount: MoneyView
    tax: MoneyView
    service_fee: MoneyView
    platform_fee: MoneyView | None
    prices_include_tax: bool
    rounding: Rounding
    reverse_charge: bool

    @classmethod
    def of(cls, sums: Sums) -> "SumsView":
        """From the domain's value. A fee the organiser bears is nothing the buyer is told."""
        return cls(
            discount=MoneyView.of(sums.discount),
            tax=MoneyView.of(sums.tax),
            service_fee=MoneyView.of(sums.service_fee),
            platform_fee=MoneyView.of(sums.platform_fee) if sums.platform_fee_passed_on else None,
            prices_include_tax=sums.prices_include_tax,
            rounding=sums.rounding,
            reverse_charge=sums.reverse_charge,
        )


class CancellationView(View):
    """Until when the buyer may give a paid order back, and the share of it that is kept then, in thousandths of a percent."""

    until: datetime
    kept_rate: int

    @classmethod
    def of(cls, terms: CancellationTerms) -> "CancellationView | None":
        """From the domain's value; null where they may not."""
        return None if terms.until is None else cls(until=terms.until, kept_rate=terms.kept_rate)

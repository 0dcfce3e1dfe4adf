"""What a finance person files: an invoice or a receipt for an order, and a credit note for each refund of it.

All that a document says is frozen when it gets its number: whatever is renamed or changed later, it reads the same for ever.
A seller who named billing details writes invoices; one who did not writes receipts. Either way every paid order has exactly
one of them, and each series of an organisation is numbered 1, 2, 3 … without a gap.
Sources: ticketing anchors 24, 37 and 38; numbering as article 226 of the EU's VAT directive asks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal

from commerce.domain.order import AddOnLine, Order, Sums
from commerce.domain.party import Party
from commerce.domain.pricing import Share, share_of, share_of_add_on
from commerce.domain.refund import Refund
from commerce.domain.vat_check import REVERSE_CHARGE_NOTE
from common.ids import DocumentId, OrderId, OrderLineId, OrganizationId, RefundId
from common.money import Money

Kind = Literal["invoice", "receipt", "credit_note"]
_SERIES: Final[Mapping[Kind, str]] = {"invoice": "INV", "receipt": "R", "credit_note": "CN"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `gross` is what it comes to, `tax` what of it is tax, both less `discount`; the rate as in an order."""

    text: str
    quantity: int | None
    unit_price: Money | None
    discount: Money
    tax_rate: int
    tax: Money
    gross: Money


@dataclass(frozen=True, slots=True)
class RateSum:
    """What of the total is taxed at one rate."""

    tax_rate: int
    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        """Net and tax."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Paper:
    """What a document says, but for its number. `corrects` is the number of the document a credit note is about."""

    kind: Kind
    order_id: OrderId
    event_name: str
    seller: Party
    buyer: Party
    issued_on: date
    supplied_on: date | None
    prices_include_tax: bool
    entries: tuple[Entry, ...]
    total: Money
    notes: tuple[str, ...]
    corrects: str | None = None

    def rates(self) -> list[RateSum]:
        """By rate, the highest first; together exactly the total."""
        nothing = Money.zero(self.total.currency)
        found: dict[int, RateSum] = {}
        for entry in self.entries:
            at = found.get(entry.tax_rate, RateSum(entry.tax_rate, nothing, nothing))
            found[entry.tax_rate] = replace(at, net=at.net + entry.gross - entry.tax, tax=at.tax + entry.tax)
        return [found[rate] for rate in sorted(found, reverse=True)]


@dataclass(frozen=True, slots=True)
class Document:
    """A paper with its number. `refund_id` is that of a credit note's refund."""

    id: DocumentId
    organization_id: OrganizationId
    order_id: OrderId
    refund_id: RefundId | None
    number: int
    issued_at: datetime
    paper: Paper

    @property
    def name(self) -> str:
        """The number as people write it: `INV-000042`."""
        return number_of(self.paper.kind, self.number)


def number_of(kind: Kind, number: int) -> str:
    """The series and at least six digits."""
    return f"{_SERIES[kind]}-{number:06d}"


def needs_document(order: Order) -> bool:
    """Whoever paid something gets it in writing."""
    return order.paid_at is not None and bool(order.total)


def needs_credit_note(refund: Refund) -> bool:
    """A refund takes back part of the sale from when it is decided on. Money that was never part of it was never billed."""
    return refund.source == "organiser_payable" and bool(refund.amount)


def paper_of_sale(order: Order, seller: Party, buyer: Party, issued_on: date, supplied_on: date | None) -> Paper:
    """The invoice, or without the seller's billing details the receipt. Its entries are exactly the order's total."""
    nothing = Money.zero(order.total.currency)
    entries = [
        Entry(
            f"{order.event_name}: {line.ticket_tier_name}",
            line.quantity,
            line.unit_price,
            *(line.charge.discount, line.charge.tax_rate, line.charge.tax, line.charge.gross),
        )
        for line in order.lines
    ]
    entries += [
        Entry(
            line.add_on_name,
            line.quantity,
            line.unit_price,
            *(line.charge.discount, line.charge.tax_rate, line.charge.tax, line.charge.gross),
        )
        for line in order.add_ons
    ]
    fees = [("Service fee", order.sums.service_fee)]
    if order.sums.platform_fee_passed_on:
        fees.append(("Platform fee", order.sums.platform_fee))
    entries += [Entry(text, None, None, nothing, 0, nothing, fee) for text, fee in fees if fee]
    return Paper(
        kind="invoice" if seller.address else "receipt",
        order_id=order.id,
        event_name=order.event_name,
        seller=seller,
        buyer=buyer,
        issued_on=issued_on,
        supplied_on=supplied_on,
        prices_include_tax=order.sums.prices_include_tax,
        entries=tuple(entries),
        total=order.total,
        notes=_notes(buyer, order.sums),
    )


def paper_of_refund(
    sale: Document, order: Order, refund: Refund, earlier: Iterable[Refund], seller: Party, issued_on: date
) -> Paper:
    """The credit note of one refund, `earlier` being those of the same order before it.

    Tickets and add-ons are credited at what they came to. Where less was sent back than that, each in proportion. Where
    more was, the rest are the order's fees; an amount that stands for nothing in particular is shared by the tax rates as
    the sale was.
    """
    shares = list(_shares(order, refund, earlier))
    whole = sum((share.gross.amount for _, _, share in shares), 0)
    entries = [
        _credited(text, rate, share, min(share.gross.amount, refund.amount.amount * share.gross.amount // whole))
        for text, rate, share in shares
        if share.gross
    ]
    nothing = Money.zero(refund.amount.currency)
    rest = refund.amount - sum((entry.gross for entry in entries), nothing)
    if rest and not entries:
        entries = _of_each_rate(sale.paper, rest)
    elif rest:
        entries.append(Entry("Fees and rounding", None, None, nothing, 0, nothing, rest))
    return replace(
        sale.paper,
        kind="credit_note",
        seller=seller,
        issued_on=issued_on,
        entries=tuple(entries),
        total=refund.amount,
        corrects=sale.name,
    )


def _shares(order: Order, refund: Refund, earlier: Iterable[Refund]) -> Iterable[tuple[str, int, Share]]:
    for line in order.lines:
        ordinals = sorted(ordinal for line_id, ordinal in refund.admissions if line_id == line.id)
        if ordinals:
            named = ", ".join(map(str, ordinals))
            yield (
                f"{order.event_name}: {len(ordinals)} × {line.ticket_tier_name} (no. {named})",
                line.charge.tax_rate,
                share_of(line, ordinals),
            )
    before = list(earlier)
    for extra in order.add_ons:
        count = _returned(extra, [refund])
        if count:
            at_the_time = replace(extra, returned=_returned(extra, before))
            share = share_of_add_on(at_the_time, count)
            yield f"{count} × {extra.add_on_name}", extra.charge.tax_rate, share


def _returned(line: AddOnLine, refunds: Iterable[Refund]) -> int:
    pieces: list[tuple[OrderLineId, int]] = [piece for refund in refunds for piece in refund.add_ons]
    return sum(count for line_id, count in pieces if line_id == line.id)


def _credited(text: str, rate: int, share: Share, amount: int) -> Entry:
    gross = Money(amount, share.gross.currency)
    # Half up; of the whole share it is the whole tax.
    tax = Money((2 * share.tax.amount * amount + share.gross.amount) // (2 * share.gross.amount), gross.currency)
    return Entry(text, None, None, Money.zero(gross.currency), rate, tax, gross)


def _of_each_rate(sale: Paper, amount: Money) -> list[Entry]:
    sold = [rate for rate in sale.rates() if rate.gross]
    parts = amount.split([rate.gross.amount for rate in sold])
    return [
        _credited(f"Part of {sale.event_name}", rate.tax_rate, Share(rate.gross, rate.tax), part.amount)
        for rate, part in zip(sold, parts, strict=True)
        if part
    ]


def _notes(buyer: Party, sums: Sums) -> tuple[str, ...]:
    """A number that nobody found good frees nobody from tax: it is printed, and the tax stays as it was charged."""
    if sums.reverse_charge:
        whole = ("Unit prices are shown with the tax that was then taken off.",) if sums.prices_include_tax else ()
        return (REVERSE_CHARGE_NOTE, *whole)
    if not buyer.tax_id:
        return ()
    check = buyer.vat_check
    if check is not None and check.outcome == "unavailable":
        return ("The buyer's VAT number could not be checked. Tax is charged as usual; there is no reverse charge.",)
    if check is not None:
        return ("Tax is charged as usual; there is no reverse charge.",)
    if sums.tax:
        return ("The buyer's VAT number was not checked. Tax is charged as usual; there is no reverse charge.",)
    return ("The buyer's VAT number was not checked. Where tax is due, the recipient owes it (reverse charge).",)


def total_of(entries: Sequence[Entry], currency: str) -> Money:
    """What entries come to."""
    return sum((entry.gross for entry in entries), Money.zero(currency))

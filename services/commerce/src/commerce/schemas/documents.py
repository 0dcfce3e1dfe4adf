"""Invoices, receipts and credit notes, and whom they name."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from commerce.domain.document import Document, Kind
from commerce.domain.party import Party
from commerce.domain.vat_check import Outcome, VatCheck
from common.ids import DocumentId, OrderId, OrganizationId, RefundId
from common.schemas import Body, MoneyView, Name, View


def _lines_of_text(text: str) -> str:
    if any(not line.isprintable() for line in text.replace("\r\n", "\n").split("\n")):
        raise ValueError("contains characters that cannot be printed")
    if text.count("\n") >= 8:
        raise ValueError("has more than 8 lines")
    return text.replace("\r\n", "\n")


Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_lines_of_text)
]
TaxNumber = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./-]{0,39}$")]


class SellerDetails(Body):
    """How documents shall name the seller."""

    name: Name
    address: Address
    tax_id: TaxNumber | None = None

    def party(self) -> Party:
        """The value the domain works with."""
        return Party(self.name, self.address, self.tax_id or "")


class BuyerDetails(Body):
    """How documents shall name the buyer. The number for tax is printed. One of the EU is checked where an order is placed or
    quoted with it, its event's sale settings say `reverseCharge`, and the seller's own number is of another member state."""

    name: Name
    address: Address | None = None
    tax_id: TaxNumber | None = None

    def party(self) -> Party:
        """The value the domain works with."""
        return Party(self.name, self.address or "", self.tax_id or "")


class BillingDetails(View):
    """How documents name somebody; all empty where nothing was said."""

    name: str | None
    address: str | None
    tax_id: str | None

    @classmethod
    def of(cls, party: Party) -> "BillingDetails":
        """From the domain's value."""
        return cls(name=party.name or None, address=party.address or None, tax_id=party.tax_id or None)


class VatCheckView(View):
    """What became of the check of a buyer's VAT number, and when; `identifier` is the tax authority's number of that
    consultation, null where nobody could say."""

    outcome: Outcome
    checked_at: datetime
    identifier: str | None

    @classmethod
    def of(cls, check: VatCheck) -> "VatCheckView":
        """From the domain's value."""
        return cls(outcome=check.outcome, checked_at=check.checked_at, identifier=check.identifier or None)


class BuyerBillingDetails(BillingDetails):
    """How documents name the buyer of an order; `vatCheck` is null where nobody was asked about the number."""

    vat_check: VatCheckView | None

    @classmethod
    def of_buyer(cls, party: Party) -> "BuyerBillingDetails":
        """From the domain's value."""
        check = None if party.vat_check is None else VatCheckView.of(party.vat_check)
        return cls(**dict(BillingDetails.of(party)), vat_check=check)


class DocumentView(View):
    """A document; the file itself is at `path`."""

    id: DocumentId
    kind: Kind
    number: str
    order_id: OrderId
    organization_id: OrganizationId
    refund_id: RefundId | None
    issued_at: datetime
    total: MoneyView
    path: str

    @classmethod
    def of(cls, document: Document) -> "DocumentView":
        """From the domain's value."""
        return cls(
            id=document.id,
            kind=document.paper.kind,
            number=document.name,
            order_id=document.order_id,
            organization_id=document.organization_id,
            refund_id=document.refund_id,
            issued_at=document.issued_at,
            total=MoneyView.of(document.paper.total),
            path=f"/v1/documents/{document.id}/pdf",
        )


class Documents(View):
    """All documents of an order, oldest first."""

    items: list[DocumentView]

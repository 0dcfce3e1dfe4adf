"""A paper as JSON, to be kept: amounts are minor units of one currency, named once."""

from datetime import date, datetime
from typing import Any

from commerce.domain.document import Entry, Paper
from commerce.domain.party import Party
from commerce.domain.vat_check import VatCheck
from common.ids import OrderId
from common.money import Money


def written(paper: Paper) -> dict[str, Any]:
    """What is stored."""
    return {
        "kind": paper.kind,
        "orderId": paper.order_id,
        "eventName": paper.event_name,
        "seller": _party(paper.seller),
        "buyer": _party(paper.buyer),
        "issuedOn": paper.issued_on.isoformat(),
        "suppliedOn": None if paper.supplied_on is None else paper.supplied_on.isoformat(),
        "pricesIncludeTax": paper.prices_include_tax,
        "currency": paper.total.currency,
        "total": paper.total.amount,
        "entries": [_entry(entry) for entry in paper.entries],
        "notes": list(paper.notes),
        "corrects": paper.corrects,
    }


def read(stored: dict[str, Any]) -> Paper:
    """The very paper that was written."""
    currency = stored["currency"]
    return Paper(
        kind=stored["kind"],
        order_id=OrderId(stored["orderId"]),
        event_name=stored["eventName"],
        seller=_read_party(stored["seller"]),
        buyer=_read_party(stored["buyer"]),
        issued_on=date.fromisoformat(stored["issuedOn"]),
        supplied_on=None if stored["suppliedOn"] is None else date.fromisoformat(stored["suppliedOn"]),
        prices_include_tax=stored["pricesIncludeTax"],
        entries=tuple(_read_entry(entry, currency) for entry in stored["entries"]),
        total=Money(stored["total"], currency),
        notes=tuple(stored["notes"]),
        corrects=stored["corrects"],
    )


def _party(party: Party) -> dict[str, Any]:
    named = {"name": party.name, "address": party.address, "taxId": party.tax_id, "email": party.email}
    check = party.vat_check
    if check is None:
        return named
    said = {"outcome": check.outcome, "checkedAt": check.checked_at.isoformat(), "identifier": check.identifier}
    return {**named, "vatCheck": said}


def _read_party(stored: dict[str, Any]) -> Party:
    """Papers are never rewritten: those from before numbers were checked say nothing of a check."""
    said = stored.get("vatCheck")
    check = (
        None
        if said is None
        else VatCheck(said["outcome"], datetime.fromisoformat(said["checkedAt"]), said["identifier"])
    )
    return Party(stored["name"], stored["address"], stored["taxId"], stored["email"], check)


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "text": entry.text,
        "quantity": entry.quantity,
        "unitPrice": None if entry.unit_price is None else entry.unit_price.amount,
        "discount": entry.discount.amount,
        "taxRate": entry.tax_rate,
        "tax": entry.tax.amount,
        "gross": entry.gross.amount,
    }


def _read_entry(stored: dict[str, Any], currency: str) -> Entry:
    unit_price = stored["unitPrice"]
    return Entry(
        text=stored["text"],
        quantity=stored["quantity"],
        unit_price=None if unit_price is None else Money(unit_price, currency),
        discount=Money(stored["discount"], currency),
        tax_rate=stored["taxRate"],
        tax=Money(stored["tax"], currency),
        gross=Money(stored["gross"], currency),
    )

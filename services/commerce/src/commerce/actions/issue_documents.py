"""Writes what is due to an order: its invoice or receipt once it is paid, and a credit note for each refund.

The number is taken and the document written in one transaction, under the order's lock: a crash in between leaves neither a
gap nor a second document, and whoever comes next does what is left.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from commerce.domain.document import (
    Document,
    Paper,
    needs_credit_note,
    needs_document,
    paper_of_refund,
    paper_of_sale,
    total_of,
)
from commerce.domain.order import Order
from commerce.domain.party import Party
from commerce.domain.refund import Refund
from commerce.domain.sale import Event
from commerce.domain.sales import zone_named
from commerce.errors import InvariantsBroken
from commerce.store import copies, documents, orders, refunds
from common.db import Database, Transaction
from common.ids import DocumentId, OrderId, RefundId
from common.telemetry import logger

log = logger("documents")

AT_ONCE = 100


async def issue_due_documents(database: Database) -> int:
    """Write the documents of every order that moved; how many orders were looked at. One that fails keeps none back."""
    count, last = 0, None
    while True:
        async with database.transaction() as tx:
            due = await documents.some_undocumented(tx, last, AT_ONCE)
        for order_id in due:
            try:
                async with database.transaction() as tx:
                    await issue_documents(tx, order_id)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are still due
                log.error("documents could not be written", order=order_id, error=repr(error))
        count += len(due)
        if len(due) < AT_ONCE:
            return count
        last = due[-1]


async def issue_documents(tx: Transaction, order_id: OrderId) -> None:
    """Write what is due to one order and was not written before."""
    order = await orders.lock_order(tx, order_id)
    if order is None or not needs_document(order) or await documents.is_documented(tx, order_id):
        return
    known = await documents.documents_of_order(tx, order_id)
    seller = await documents.seller_of(tx, order.organization_id)
    event = await copies.find_event(tx, order.event_id)
    today = _day(tx.now, event)
    sale = next((document for document in known if document.refund_id is None), None)
    if sale is None:
        buyer = _named(order, await documents.find_buyer_details(tx, order_id))
        supplied = None if event is None else _day(event.starts_at, event)
        sale = await _issue(tx, order, None, paper_of_sale(order, seller, buyer, today, supplied))
    made = await refunds.refunds_of_order(tx, order_id)
    for refund, earlier in _uncredited(made, {document.refund_id for document in known}):
        paper = paper_of_refund(sale, order, refund, earlier, seller, today)
        await _issue(tx, order, refund.id, paper)
    await documents.mark_documented(tx, order_id, order.version)


def _uncredited(made: Sequence[Refund], credited: set[RefundId | None]) -> list[tuple[Refund, Sequence[Refund]]]:
    """Each with the refunds before it, which took the first pieces of an add-on."""
    in_order = sorted(made, key=lambda refund: (refund.created_at, refund.id))
    return [
        (refund, in_order[:place])
        for place, refund in enumerate(in_order)
        if needs_credit_note(refund) and refund.id not in credited
    ]


async def _issue(tx: Transaction, order: Order, refund_id: RefundId | None, paper: Paper) -> Document:
    if total_of(paper.entries, paper.total.currency) != paper.total:
        raise InvariantsBroken(findings=f"the document of order {order.id} does not add up")
    document = Document(
        id=tx.new_id(DocumentId),
        organization_id=order.organization_id,
        order_id=order.id,
        refund_id=refund_id,
        number=await documents.take_number(tx, order.organization_id, paper.kind),
        issued_at=tx.now,
        paper=paper,
    )
    await documents.add_document(tx, document)
    return document


def _named(order: Order, details: Party | None) -> Party:
    if details is None:
        return Party(order.buyer_name or order.buyer_email, email=order.buyer_email)
    return replace(details, email=order.buyer_email)


def _day(at: datetime, event: Event | None) -> date:
    return at.astimezone(UTC if event is None else zone_named(event.timezone)).date()

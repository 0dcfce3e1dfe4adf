"""Writes what is due to orders: an invoice or receipt once one is paid, and a credit note for each of its refunds.

The number is taken and the document written in one transaction, under the order's lock: a crash in between leaves neither a
gap nor a second document, and whoever comes next does what is left. The job does a hundred orders in one transaction, for a
rush makes thousands of them in a minute; whoever wants to see a document has that order's written at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby

from commerce.domain.document import (
    Document,
    Kind,
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
from commerce.store import documents, orders, undocumented
from commerce.store.undocumented import Undocumented
from common.db import Database, Transaction
from common.ids import DocumentId, OrderId, OrganizationId, RefundId
from common.telemetry import logger

log = logger("documents")

AT_ONCE = 100


async def issue_due_documents(database: Database) -> int:
    """Write the documents of every order that moved; how many orders were looked at. One that fails keeps none back."""
    count, last = 0, None
    while True:
        async with database.transaction() as tx:
            due = await undocumented.some_undocumented(tx, last, AT_ONCE)
        if due and not await _issue_together(database, due):
            for order_id in due:
                await _issue_alone(database, order_id)
        count += len(due)
        if len(due) < AT_ONCE:
            return count
        last = due[-1]


async def issue_documents(tx: Transaction, order_id: OrderId) -> None:
    """Write what is due to one order and was not written before."""
    order = await orders.lock_order(tx, order_id)
    if order is not None and needs_document(order) and not await documents.is_documented(tx, order_id):
        await _issue(tx, [order])


async def _issue_together(database: Database, due: Sequence[OrderId]) -> bool:
    """False, and nothing is written, where one of them fails: a hundred transactions are what one is when all is well."""
    try:
        async with database.transaction() as tx:
            if locked := await undocumented.lock_undocumented(tx, due):
                await _issue(tx, locked)
    except Exception as error:  # noqa: BLE001 - which of them it was shows when each is tried by itself
        log.warning("documents are written one order at a time", orders=len(due), error=repr(error))
        return False
    return True


async def _issue_alone(database: Database, order_id: OrderId) -> None:
    try:
        async with database.transaction() as tx:
            await issue_documents(tx, order_id)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are still due
        log.error("documents could not be written", order=order_id, error=repr(error))


async def _issue(tx: Transaction, locked: Sequence[Order]) -> None:
    cases = await undocumented.with_what_they_name(tx, locked)
    sold = {sale.order_id: sale for case in cases for sale in case.documents if sale.refund_id is None}
    sales = await _numbered(tx, [_sale(tx, case) for case in cases if case.order.id not in sold])
    sold |= {sale.order_id: sale for sale in sales}
    notes = [draft for case in cases for draft in _credit_notes(tx, case, sold[case.order.id])]
    await documents.add_documents(tx, sales + await _numbered(tx, notes))
    await documents.mark_documented(tx, [order.id for order in locked])


@dataclass(frozen=True, slots=True)
class _Draft:
    """A paper that has no number yet."""

    order: Order
    refund_id: RefundId | None
    paper: Paper

    @property
    def series(self) -> tuple[OrganizationId, Kind]:
        return self.order.organization_id, self.paper.kind


def _sale(tx: Transaction, case: Undocumented) -> _Draft:
    supplied = None if case.event is None else _day(case.event.starts_at, case.event)
    buyer = _named(case.order, case.buyer)
    paper = paper_of_sale(case.order, case.seller, buyer, _day(tx.now, case.event), supplied)
    return _Draft(case.order, None, paper)


def _credit_notes(tx: Transaction, case: Undocumented, sale: Document) -> Iterator[_Draft]:
    credited = {document.refund_id for document in case.documents}
    for refund, earlier in _uncredited(case.refunds, credited):
        paper = paper_of_refund(sale, case.order, refund, earlier, case.seller, _day(tx.now, case.event))
        yield _Draft(case.order, refund.id, paper)


def _uncredited(made: Sequence[Refund], credited: set[RefundId | None]) -> list[tuple[Refund, Sequence[Refund]]]:
    """Each with the refunds before it, which took the first pieces of an add-on."""
    in_order = sorted(made, key=lambda refund: (refund.created_at, refund.id))
    return [
        (refund, in_order[:place])
        for place, refund in enumerate(in_order)
        if needs_credit_note(refund) and refund.id not in credited
    ]


async def _numbered(tx: Transaction, drafts: Sequence[_Draft]) -> list[Document]:
    """Drafts with their numbers. The series are locked one after the other by name, so that nobody deadlocks."""
    issued: list[Document] = []
    for (organization_id, kind), group in groupby(
        sorted(drafts, key=lambda draft: draft.series), lambda draft: draft.series
    ):
        of_series = list(group)
        first = await documents.take_numbers(tx, organization_id, kind, len(of_series))
        issued += [_document(tx, draft, number) for number, draft in enumerate(of_series, first)]
    return issued


def _document(tx: Transaction, draft: _Draft, number: int) -> Document:
    paper = draft.paper
    if total_of(paper.entries, paper.total.currency) != paper.total:
        raise InvariantsBroken(findings=f"the document of order {draft.order.id} does not add up")
    return Document(
        id=tx.new_id(DocumentId),
        organization_id=draft.order.organization_id,
        order_id=draft.order.id,
        refund_id=draft.refund_id,
        number=number,
        issued_at=tx.now,
        paper=paper,
    )


def _named(order: Order, details: Party | None) -> Party:
    if details is None:
        return Party(order.buyer_name or order.buyer_email, email=order.buyer_email)
    return replace(details, email=order.buyer_email)


def _day(at: datetime, event: Event | None) -> date:
    return at.astimezone(UTC if event is None else zone_named(event.timezone)).date()

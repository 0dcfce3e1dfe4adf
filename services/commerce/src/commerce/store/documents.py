"""Invoices, receipts and credit notes, their numbers, and whom they name."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, any_, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from commerce.domain.document import Document, Kind
from commerce.domain.party import Party
from commerce.domain.vat_check import VatCheck
from commerce.formats.paper_json import read, written
from commerce.tables import (
    buyer_details,
    document_counters,
    documents,
    orders,
    seller_details,
)
from common.db import Transaction
from common.ids import DocumentId, OrderId, OrganizationId


async def take_numbers(tx: Transaction, organization_id: OrganizationId, kind: Kind, count: int) -> int:
    """The next `count` numbers of a series, of which this is the first. Its row is locked until the transaction ends: undone,
    they were never given."""
    asked = {"organization_id": organization_id, "kind": kind, "last": count}
    return int(await tx.scalar(_TAKE_NUMBERS, asked)) - count + 1


async def add_documents(tx: Transaction, issued: Sequence[Document]) -> None:
    """Write documents. The second one of an order or refund is stopped by its constraint."""
    if issued:
        await tx.execute(_ADD_DOCUMENT, [_values_of(document) for document in issued])


async def find_document(tx: Transaction, document_id: DocumentId) -> Document | None:
    """A document."""
    row = await tx.one(select(documents).where(documents.c.id == document_id))
    return None if row is None else document_of(row)


async def documents_of_order(tx: Transaction, order_id: OrderId) -> list[Document]:
    """All documents of an order: that of the sale, then the credit notes as they are numbered."""
    oldest_first = (documents.c.refund_id.is_not(None), documents.c.number)
    query = select(documents).where(documents.c.order_id == order_id).order_by(*oldest_first)
    return [document_of(row) for row in await tx.all(query)]


async def is_documented(tx: Transaction, order_id: OrderId) -> bool:
    """Whether nothing is to be written for the order as it stands."""
    query = select(orders.c.id).where(orders.c.id == order_id, orders.c.documented_version >= orders.c.version)
    return await tx.scalar(query) is not None


async def mark_documented(tx: Transaction, order_ids: Sequence[OrderId]) -> None:
    """All documents of these orders as they stand were written. The caller holds their locks."""
    await tx.execute(_MARK_DOCUMENTED, {"orders": list(order_ids)})


async def find_seller_details(tx: Transaction, organization_id: OrganizationId) -> Party | None:
    """What an organisation wants to be named on documents, if it said so."""
    row = await tx.one(select(seller_details).where(seller_details.c.organization_id == organization_id))
    return None if row is None else seller_of(row)


async def save_seller_details(tx: Transaction, organization_id: OrganizationId, party: Party, by: str) -> None:
    """From now on documents name the seller so."""
    values = {
        "name": party.name,
        "address": party.address,
        "tax_id": party.tax_id,
        "changed_at": tx.now,
        "changed_by": by,
    }
    statement = upsert(seller_details).values(organization_id=organization_id, **values)
    await tx.execute(statement.on_conflict_do_update(constraint="pk_seller_details", set_=values))


async def find_buyer_details(tx: Transaction, order_id: OrderId) -> Party | None:
    """Whom the order's documents shall name, if the buyer said so."""
    row = await tx.one(select(buyer_details).where(buyer_details.c.order_id == order_id))
    return None if row is None else buyer_of(row)


def save_buyer_details(tx: Transaction, order_id: OrderId, party: Party) -> None:
    """Its documents name the buyer so. The order is new, or the caller holds its lock."""
    check = party.vat_check
    values = {
        "name": party.name,
        "address": party.address,
        "tax_id": party.tax_id,
        "vat_check": None if check is None else check.outcome,
        "vat_checked_at": None if check is None else check.checked_at,
        "vat_identifier": "" if check is None else check.identifier,
        "changed_at": tx.now,
    }
    statement = upsert(buyer_details).values(order_id=order_id, **values)
    tx.post(statement.on_conflict_do_update(constraint="pk_buyer_details", set_=values))


def seller_of(row: Row[Any]) -> Party:
    """Whom documents name, from a row of `seller_details`."""
    return Party(row.name, row.address, row.tax_id)


def buyer_of(row: Row[Any]) -> Party:
    """Whom documents name, from a row of `buyer_details`."""
    check = None if row.vat_check is None else VatCheck(row.vat_check, row.vat_checked_at, row.vat_identifier)
    return Party(row.name, row.address, row.tax_id, vat_check=check)


def _values_of(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "organization_id": document.organization_id,
        "order_id": document.order_id,
        "refund_id": document.refund_id,
        "kind": document.paper.kind,
        "number": document.number,
        "issued_at": document.issued_at,
        "total": document.paper.total.amount,
        "currency": document.paper.total.currency,
        "paper": written(document.paper),
    }


def document_of(row: Row[Any]) -> Document:
    """A document from a row of `documents`."""
    return Document(
        id=row.id,
        organization_id=row.organization_id,
        order_id=row.order_id,
        refund_id=row.refund_id,
        number=row.number,
        issued_at=row.issued_at,
        paper=read(row.paper),
    )


_TAKEN: Final = upsert(document_counters)
_TAKE_NUMBERS: Final = _TAKEN.on_conflict_do_update(
    constraint="pk_document_counters", set_={"last": document_counters.c.last + _TAKEN.excluded.last}
).returning(document_counters.c.last)
_ADD_DOCUMENT: Final = insert(documents)
_MARK_DOCUMENTED: Final = (
    update(orders)
    .where(orders.c.id == any_(bindparam("orders", type_=ARRAY(orders.c.id.type))))
    .values(documented_version=orders.c.version)
)

"""Invoices, receipts and credit notes, their numbers, and whom they name."""

from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from commerce.domain.document import Document, Kind
from commerce.domain.party import Party
from commerce.domain.vat_check import VatCheck
from commerce.formats.paper_json import read, written
from commerce.tables import (
    UNDOCUMENTED,
    buyer_details,
    document_counters,
    documents,
    orders,
    organizations,
    seller_details,
)
from common.db import Transaction
from common.ids import DocumentId, OrderId, OrganizationId


async def take_number(tx: Transaction, organization_id: OrganizationId, kind: Kind) -> int:
    """The next number of a series. Its row is locked until the transaction ends: undone, the number was never given."""
    statement = upsert(document_counters).values(organization_id=organization_id, kind=kind, last=1)
    statement = statement.on_conflict_do_update(
        constraint="pk_document_counters", set_={"last": document_counters.c.last + 1}
    )
    return int(await tx.scalar(statement.returning(document_counters.c.last)))


async def add_document(tx: Transaction, document: Document) -> None:
    """Write a document. The second one of an order or refund is stopped by its constraint."""
    await tx.execute(
        insert(documents).values(
            id=document.id,
            organization_id=document.organization_id,
            order_id=document.order_id,
            refund_id=document.refund_id,
            kind=document.paper.kind,
            number=document.number,
            issued_at=document.issued_at,
            total=document.paper.total.amount,
            currency=document.paper.total.currency,
            paper=written(document.paper),
        )
    )


async def find_document(tx: Transaction, document_id: DocumentId) -> Document | None:
    """A document."""
    row = await tx.one(select(documents).where(documents.c.id == document_id))
    return None if row is None else _document_of(row)


async def documents_of_order(tx: Transaction, order_id: OrderId) -> list[Document]:
    """All documents of an order: that of the sale, then the credit notes as they are numbered."""
    oldest_first = (documents.c.refund_id.is_not(None), documents.c.number)
    query = select(documents).where(documents.c.order_id == order_id).order_by(*oldest_first)
    return [_document_of(row) for row in await tx.all(query)]


async def some_undocumented(tx: Transaction, after: OrderId | None, limit: int) -> list[OrderId]:
    """Orders that moved since their documents were written, oldest first."""
    query = select(orders.c.id).where(UNDOCUMENTED).order_by(orders.c.id).limit(limit)
    return [row.id for row in await tx.all(query if after is None else query.where(orders.c.id > after))]


async def is_documented(tx: Transaction, order_id: OrderId) -> bool:
    """Whether nothing is to be written for the order as it stands."""
    query = select(orders.c.id).where(orders.c.id == order_id, orders.c.documented_version >= orders.c.version)
    return await tx.scalar(query) is not None


async def mark_documented(tx: Transaction, order_id: OrderId, version: int) -> None:
    """All documents of this version were written. The caller holds the order's lock."""
    await tx.execute(update(orders).where(orders.c.id == order_id).values(documented_version=version))


async def seller_of(tx: Transaction, organization_id: OrganizationId) -> Party:
    """Who sells: as they want to be named on documents, or by the name of the organisation."""
    row = await tx.one(select(seller_details).where(seller_details.c.organization_id == organization_id))
    if row is not None:
        return Party(row.name, row.address, row.tax_id)
    name = await tx.scalar(select(organizations.c.name).where(organizations.c.id == organization_id))
    return Party(name or str(organization_id))


async def find_seller_details(tx: Transaction, organization_id: OrganizationId) -> Party | None:
    """What an organisation wants to be named on documents, if it said so."""
    row = await tx.one(select(seller_details).where(seller_details.c.organization_id == organization_id))
    return None if row is None else Party(row.name, row.address, row.tax_id)


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
    return None if row is None else Party(row.name, row.address, row.tax_id, vat_check=_check_of(row))


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


def _check_of(row: Row[Any]) -> VatCheck | None:
    return None if row.vat_check is None else VatCheck(row.vat_check, row.vat_checked_at, row.vat_identifier)


def _document_of(row: Row[Any]) -> Document:
    return Document(
        id=row.id,
        organization_id=row.organization_id,
        order_id=row.order_id,
        refund_id=row.refund_id,
        number=row.number,
        issued_at=row.issued_at,
        paper=read(row.paper),
    )

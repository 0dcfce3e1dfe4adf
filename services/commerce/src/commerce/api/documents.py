"""Invoices, receipts and credit notes, and whom they name."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final

from fastapi import APIRouter, Response
from fastapi import Path as PathParameter

from commerce.actions.change_billing_details import (
    change_buyer_details,
    change_seller_details,
    read_buyer_details,
    read_seller_details,
)
from commerce.actions.read_documents import list_documents, read_document, read_receipt
from commerce.domain.document import Document
from commerce.formats.document_pdf import document_pdf
from commerce.schemas.documents import (
    BillingDetails,
    BuyerBillingDetails,
    BuyerDetails,
    Documents,
    DocumentView,
    SellerDetails,
)
from common.ids import DocumentId, OrderId, OrganizationId
from common.service import CurrentPrincipal, Db

router = APIRouter()

_DRAWING: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="documents")

_PDF: Final = {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
Token = Annotated[str, PathParameter(min_length=22, max_length=64, pattern="^[A-Za-z0-9_-]+$")]


class Pdf(Response):
    """A PDF."""

    media_type = "application/pdf"


@router.get("/v1/organizations/{organization_id}/billing-details")
async def show_seller_details(
    organization_id: OrganizationId, principal: CurrentPrincipal, database: Db
) -> BillingDetails:
    """How an organisation's documents name it."""
    async with database.transaction() as tx:
        return BillingDetails.of(await read_seller_details(tx, principal, organization_id))


@router.put("/v1/organizations/{organization_id}/billing-details")
async def put_seller_details(
    organization_id: OrganizationId, body: SellerDetails, principal: CurrentPrincipal, database: Db
) -> BillingDetails:
    """Name the seller so on documents still to come: with these they are invoices, without they are receipts."""
    async with database.transaction() as tx:
        return BillingDetails.of(await change_seller_details(tx, principal, organization_id, body.party()))


@router.get("/v1/orders/{order_id}/billing-details")
async def show_buyer_details(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> BuyerBillingDetails:
    """Whom an order's documents name beside the buyer's sign-in."""
    async with database.transaction() as tx:
        return BuyerBillingDetails.of_buyer(await read_buyer_details(tx, principal, order_id))


@router.put("/v1/orders/{order_id}/billing-details")
async def put_buyer_details(
    order_id: OrderId, body: BuyerDetails, principal: CurrentPrincipal, database: Db
) -> BuyerBillingDetails:
    """Name the buyer so on the order's documents: best before paying, and until the first one is issued. A VAT number is
    checked only when an order is placed with it; that of an order without tax cannot change."""
    async with database.transaction() as tx:
        return BuyerBillingDetails.of_buyer(await change_buyer_details(tx, principal, order_id, body.party()))


@router.get("/v1/orders/{order_id}/documents")
async def show_documents(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> Documents:
    """The invoice or receipt of a paid order and the credit notes of its refunds, for its buyer and for staff."""
    async with database.transaction() as tx:
        found = await list_documents(tx, principal, order_id)
    return Documents(items=[DocumentView.of(document) for document in found])


@router.get("/v1/documents/{document_id}/pdf", response_class=Pdf, responses={200: _PDF})
async def show_document(document_id: DocumentId, principal: CurrentPrincipal, database: Db) -> Pdf:
    """A document as PDF, for the buyer of its order and for staff: the same bytes every time."""
    async with database.transaction() as tx:
        document = await read_document(tx, principal, document_id)
    return await _file(document)


@router.get("/o/{token}/receipt.pdf", response_class=Pdf, responses={200: _PDF})
async def show_receipt(token: Token, database: Db) -> Pdf:
    """The invoice or receipt of the order behind a secret link, as PDF."""
    async with database.transaction() as tx:
        document = await read_receipt(tx, token)
    return await _file(document)


async def _file(document: Document) -> Pdf:
    """Drawn beside the event loop and one at a time: a page takes as long as a hundred other requests."""
    body = await asyncio.get_running_loop().run_in_executor(_DRAWING, document_pdf, document)
    return Pdf(
        body,
        headers={
            "Content-Disposition": f'inline; filename="{document.name}.pdf"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
        },
    )

"""Shows the documents of an order, to its buyer, to staff, and to whoever has its secret link."""

from commerce.actions.issue_documents import issue_documents
from commerce.actions.read_orders import require_readable
from commerce.domain.document import Document, needs_document
from commerce.domain.order import Order
from commerce.errors import UnknownDocument, UnknownOrder, UnknownPage
from commerce.store import documents, orders
from common.db import Transaction
from common.ids import DocumentId, OrderId
from common.principal import Principal


async def list_documents(tx: Transaction, principal: Principal, order_id: OrderId) -> list[Document]:
    """All documents of an order, oldest first. What is due is written now: nobody waits for the job."""
    order = require_readable(principal, await orders.find_order(tx, order_id))
    return await _up_to_date(tx, order)


async def read_document(tx: Transaction, principal: Principal, document_id: DocumentId) -> Document:
    """One document, for the buyer of its order and for staff who may read orders."""
    document = await documents.find_document(tx, document_id)
    if document is None:
        raise UnknownDocument()
    try:
        require_readable(principal, await orders.find_order(tx, document.order_id))
    except UnknownOrder:
        raise UnknownDocument() from None
    return document


async def read_receipt(tx: Transaction, page_token: str) -> Document:
    """The invoice or receipt of the order behind a secret link."""
    order = await orders.find_order_by_page_token(tx, page_token)
    if order is None:
        raise UnknownPage()
    for document in await _up_to_date(tx, order):
        if document.refund_id is None:
            return document
    raise UnknownDocument()


async def _up_to_date(tx: Transaction, order: Order) -> list[Document]:
    if needs_document(order) and not await documents.is_documented(tx, order.id):
        await issue_documents(tx, order.id)
    return await documents.documents_of_order(tx, order.id)

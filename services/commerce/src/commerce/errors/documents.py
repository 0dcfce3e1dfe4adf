"""Invoices, receipts and credit notes."""

from common.refusals import Conflict, NotFound


class UnknownDocument(NotFound):
    """There is no such document, or it is not yours."""

    code = "commerce.unknown_document"


class DocumentIssued(Conflict):
    """The invoice or receipt of this order is written already; whom it names cannot change any more."""

    code = "commerce.document_issued"

"""Questions about documents whose answer must be "nothing": each statement sees one moment."""

from sqlalchemy import func, or_, select

from commerce.store.invariants import SHOWN
from commerce.tables import document_counters, documents, orders
from common.db import Transaction


async def find_documents_astray(tx: Transaction) -> list[str]:
    """Series with a gap or a number nobody bears, and documents of a sale that are not about the order's total."""
    return [*await _find_gaps(tx), *await _find_other_totals(tx)]


async def _find_gaps(tx: Transaction) -> list[str]:
    """Numbers are unique by constraint: as many as the highest, and that the last one given, means 1, 2, 3 … all there."""
    series = (
        select(documents.c.organization_id, documents.c.kind, func.count().label("count"))
        .add_columns(func.max(documents.c.number).label("highest"))
        .group_by(documents.c.organization_id, documents.c.kind)
        .subquery()
    )
    same = (document_counters.c.organization_id == series.c.organization_id) & (
        document_counters.c.kind == series.c.kind
    )
    given = func.coalesce(document_counters.c.last, 0)
    there = func.coalesce(series.c.count, 0)
    query = (
        select(
            func.coalesce(series.c.organization_id, document_counters.c.organization_id).label("organization_id"),
            func.coalesce(series.c.kind, document_counters.c.kind).label("kind"),
            given.label("given"),
            there.label("there"),
        )
        .join_from(document_counters, series, same, full=True)
        .where(or_(given != there, series.c.highest != there))
        .limit(SHOWN)
    )
    return [
        f"organisation {row.organization_id}: {row.given} numbers of {row.kind} were given, {row.there} are there"
        for row in await tx.all(query)
    ]


async def _find_other_totals(tx: Transaction) -> list[str]:
    query = (
        select(documents.c.id, documents.c.total, orders.c.total.label("of_order"))
        .join(orders, orders.c.id == documents.c.order_id)
        .where(documents.c.refund_id.is_(None), documents.c.total != orders.c.total)
        .limit(SHOWN)
    )
    return [f"document {row.id}: {row.total}, but its order is {row.of_order}" for row in await tx.all(query)]

"""Payable accounts of organisations, and what was paid out of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Row, bindparam, func, insert, literal_column, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from commerce.domain.payout import Balance, Payout, StatementLine
from commerce.errors import PayoutsMadeAtOnce
from commerce.tables import payout_lines, payouts
from common.db import Transaction, TypedId, moment, refusing
from common.ids import EventId, OrganizationId, PayoutId
from common.money import Money
from common.paging import newest_first
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)

_ORGANIZATION: Final = bindparam("organization", type_=TypedId(OrganizationId))
_BALANCES: Final = text(
    """
    WITH entries AS (
        SELECT currency, debit AS account, amount FROM ledger_transfers WHERE organization_id = :organization
        UNION ALL
        SELECT currency, credit, -amount FROM ledger_transfers WHERE organization_id = :organization)
    SELECT currency,
        coalesce(-sum(amount) FILTER (WHERE account = 'organiser_payable'), 0) AS payable,
        coalesce(sum(amount) FILTER (WHERE account = 'door_receivable'), 0) AS at_door,
        coalesce(-sum(amount) FILTER (WHERE account = 'dispute_held'), 0) AS held,
        coalesce(-sum(amount) FILTER (WHERE account = 'refunds_due'), 0) AS refunds_due,
        coalesce(-sum(amount) FILTER (WHERE account = 'paid_out'), 0) AS paid_out
    FROM entries GROUP BY currency ORDER BY currency
    """
).bindparams(_ORGANIZATION)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('payouts of ' || :organization, 0))")
_STATEMENT: Final = (
    text(
        """
    WITH moved AS (
        SELECT orders.event_id, max(orders.event_name) AS event_name,
            coalesce(sum(amount) FILTER (WHERE kind IN ('charge', 'door_charge', 'allocation')), 0) AS sales,
            coalesce(sum(amount) FILTER (WHERE kind = 'platform_fee'), 0) AS fees,
            coalesce(sum(amount) FILTER (WHERE kind IN ('refund_due', 'second_debit') AND debit = 'organiser_payable'), 0)
                - coalesce(sum(amount) FILTER (WHERE kind = 'fee_returned'), 0) AS refunds,
            coalesce(sum(amount) FILTER (WHERE kind = 'dispute_held' AND debit = 'organiser_payable'), 0)
                - coalesce(sum(amount) FILTER (WHERE kind = 'dispute_released' AND credit = 'organiser_payable'), 0) AS held,
            coalesce(sum(amount) FILTER (WHERE debit = 'door_receivable'), 0)
                - coalesce(sum(amount) FILTER (WHERE credit = 'door_receivable'), 0) AS at_door
        FROM ledger_transfers JOIN orders ON orders.id = ledger_transfers.order_id
        WHERE ledger_transfers.organization_id = :organization AND ledger_transfers.currency = :currency
            AND ledger_transfers.made_at < :until
        GROUP BY orders.event_id),
    stated AS (
        SELECT event_id, sum(sales) AS sales, sum(fees) AS fees, sum(payout_lines.refunds) AS refunds, sum(held) AS held,
            sum(at_door) AS at_door
        FROM payout_lines JOIN payouts ON payouts.id = payout_id
        WHERE payouts.organization_id = :organization AND payouts.currency = :currency GROUP BY event_id)
    SELECT event_id, event_name, moved.sales - coalesce(stated.sales, 0) AS sales, moved.fees - coalesce(stated.fees, 0) AS fees,
        moved.refunds - coalesce(stated.refunds, 0) AS refunds, moved.held - coalesce(stated.held, 0) AS held,
        moved.at_door - coalesce(stated.at_door, 0) AS at_door
    FROM moved LEFT JOIN stated USING (event_id) ORDER BY event_id
    """
    )
    .bindparams(_ORGANIZATION, bindparam("until", type_=moment()))
    .columns(event_id=TypedId(EventId))
)


async def balances_of(tx: Transaction, organization_id: OrganizationId) -> list[Balance]:
    """An organisation's account in each currency it ever sold in."""
    rows = (await tx.execute(_BALANCES, {"organization": organization_id})).all()
    return [
        Balance(
            currency=row.currency,
            payable=int(row.payable),
            at_door=int(row.at_door),
            held=int(row.held),
            refunds_due=int(row.refunds_due),
            paid_out=int(row.paid_out),
        )
        for row in rows
    ]


async def lock_payouts(tx: Transaction, organization_id: OrganizationId) -> None:
    """One payout of an organisation at a time."""
    await tx.execute(_LOCK, {"organization": str(organization_id)})


async def statement_of(
    tx: Transaction, organization_id: OrganizationId, currency: str, until: datetime
) -> tuple[StatementLine, ...]:
    """What each event's payable moved before `until` and no payout has stated yet."""
    values = {"organization": organization_id, "currency": currency, "until": until}
    lines = [_line_of(row) for row in (await tx.execute(_STATEMENT, values)).all()]
    return tuple(line for line in lines if line.moved)


async def last_payout(tx: Transaction, organization_id: OrganizationId, currency: str) -> tuple[int, datetime | None]:
    """The number of the latest payout in a currency and where its period ended; nothing of either before the first."""
    mine = (payouts.c.organization_id == organization_id) & (payouts.c.currency == currency)
    query = select(payouts.c.number, payouts.c.period_end).where(mine).order_by(payouts.c.number.desc()).limit(1)
    row = await tx.one(query)
    return (0, None) if row is None else (row.number, row.period_end)


async def add_payout(tx: Transaction, payout: Payout) -> None:
    """Write a payout with its statement. Raises PayoutsMadeAtOnce where another has its number."""
    statement = insert(payouts).values(
        id=payout.id,
        organization_id=payout.organization_id,
        currency=payout.amount.currency,
        number=payout.number,
        amount=payout.amount.amount,
        period_start=payout.period_start,
        period_end=payout.period_end,
        made_by=payout.made_by,
        made_at=payout.made_at,
    )
    with refusing({"uq_payouts_number": PayoutsMadeAtOnce}):
        await tx.execute(statement)
    await tx.execute(insert(payout_lines), [_written(payout.id, line) for line in payout.lines])


async def payouts_of(
    tx: Transaction,
    organization_id: OrganizationId,
    cursor: str | None,
    limit: int,
    view: Callable[[Payout], Model],
) -> Page[Model]:
    """Payouts of an organisation with their statements, newest first."""
    line = func.to_jsonb(literal_column("payout_lines.*"))
    stated = (
        select(func.jsonb_agg(aggregate_order_by(line, payout_lines.c.event_id)))
        .where(payout_lines.c.payout_id == payouts.c.id)
        .correlate(payouts)
        .scalar_subquery()
    )
    query = select(payouts, stated.label("lines")).where(payouts.c.organization_id == organization_id)
    return await newest_first(tx, query, payouts.c.id, PayoutId, cursor, limit, lambda row: view(_payout_of(row)))


def _written(payout_id: PayoutId, line: StatementLine) -> dict[str, Any]:
    return {
        "payout_id": payout_id,
        "event_id": line.event_id,
        "event_name": line.event_name,
        "sales": line.sales,
        "fees": line.fees,
        "refunds": line.refunds,
        "held": line.held,
        "at_door": line.at_door,
        "amount": line.amount,
    }


def _line_of(row: Row[Any]) -> StatementLine:
    return StatementLine(
        event_id=row.event_id,
        event_name=row.event_name,
        sales=int(row.sales),
        fees=int(row.fees),
        refunds=int(row.refunds),
        held=int(row.held),
        at_door=int(row.at_door),
    )


def _stated(line: dict[str, Any]) -> StatementLine:
    return StatementLine(
        event_id=EventId.from_uuid(UUID(line["event_id"])),
        event_name=line["event_name"],
        sales=line["sales"],
        fees=line["fees"],
        refunds=line["refunds"],
        held=line["held"],
        at_door=line["at_door"],
    )


def _payout_of(row: Row[Any]) -> Payout:
    return Payout(
        id=row.id,
        organization_id=row.organization_id,
        number=row.number,
        amount=Money(row.amount, row.currency),
        period_start=row.period_start,
        period_end=row.period_end,
        made_by=row.made_by,
        made_at=row.made_at,
        lines=tuple(_stated(line) for line in row.lines),
    )

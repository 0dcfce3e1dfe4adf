"""Questions whose answer must be "nothing": each statement sees one moment, so it may run beside a sale."""

from sqlalchemy import case, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from commerce.store.waiting import MOST
from commerce.tables import (
    add_on_stock,
    admissions,
    event_capacity,
    ledger_transfers,
    order_add_ons,
    order_lines,
    orders,
    payments,
    promo_codes,
    stock,
    waiting_list_entries,
)
from common.db import Transaction

SHOWN = 20


async def find_miscounted_tiers(tx: Transaction) -> list[str]:
    """Tiers whose held or sold count is not what the orders say."""

    def places(holding: str) -> ColumnElement[int]:
        counted = case((orders.c.holding == holding, 1), else_=0)
        return func.coalesce(func.sum(counted), 0)

    said = (
        select(
            order_lines.c.ticket_tier_id,
            places("held").label("held"),
            places("sold").label("sold"),
        )
        .join(orders, orders.c.id == order_lines.c.order_id)
        .join(admissions, admissions.c.line_id == order_lines.c.id)
        .where(admissions.c.live, orders.c.holding.in_(("held", "sold")))
        .group_by(order_lines.c.ticket_tier_id)
        .subquery()
    )
    held, sold = func.coalesce(said.c.held, 0), func.coalesce(said.c.sold, 0)
    tier = func.coalesce(stock.c.ticket_tier_id, said.c.ticket_tier_id)
    query = (
        select(tier.label("tier"), stock.c.held, stock.c.sold, held.label("held_said"), sold.label("sold_said"))
        .join_from(stock, said, said.c.ticket_tier_id == stock.c.ticket_tier_id, full=True)
        .where(or_(stock.c.held.is_distinct_from(held), stock.c.sold.is_distinct_from(sold)))
        .limit(SHOWN)
    )
    return [
        f"tier {row.tier}: {row.held} held and {row.sold} sold, but orders say {row.held_said} and {row.sold_said}"
        for row in await tx.all(query)
    ]


async def find_miscounted_add_ons(tx: Transaction) -> list[str]:
    """Add-ons whose held or sold count is not what the orders say: what was returned is neither."""

    def pieces(holding: str) -> ColumnElement[int]:
        kept = order_add_ons.c.quantity - order_add_ons.c.returned
        return func.coalesce(func.sum(case((orders.c.holding == holding, kept), else_=0)), 0)

    said = (
        select(order_add_ons.c.add_on_id, pieces("held").label("held"), pieces("sold").label("sold"))
        .join(orders, orders.c.id == order_add_ons.c.order_id)
        .group_by(order_add_ons.c.add_on_id)
        .subquery()
    )
    held, sold = func.coalesce(said.c.held, 0), func.coalesce(said.c.sold, 0)
    add_on = func.coalesce(add_on_stock.c.add_on_id, said.c.add_on_id)
    counted = add_on_stock.c
    query = (
        select(add_on.label("id"), counted.held, counted.sold, held.label("held_said"), sold.label("sold_said"))
        .join_from(add_on_stock, said, said.c.add_on_id == counted.add_on_id, full=True)
        .where(or_(counted.held.is_distinct_from(held), counted.sold.is_distinct_from(sold)))
        .limit(SHOWN)
    )
    return [
        f"add-on {row.id}: {row.held} held and {row.sold} sold, but orders say {row.held_said} and {row.sold_said}"
        for row in await tx.all(query)
    ]


async def find_miscounted_events(tx: Transaction) -> list[str]:
    """Events whose shared counts are not those of their tiers, and tiers that do not know whether they share."""
    said = (
        select(
            stock.c.event_id,
            func.sum(stock.c.held).label("held"),
            func.sum(stock.c.sold).label("sold"),
            func.bool_and(stock.c.shared).label("all_share"),
            func.bool_or(stock.c.shared).label("some_share"),
        )
        .group_by(stock.c.event_id)
        .subquery()
    )
    held, sold = func.coalesce(said.c.held, 0), func.coalesce(said.c.sold, 0)
    shares = event_capacity.c.event_id.is_not(None)
    wrong = or_(
        shares & or_(event_capacity.c.held != held, event_capacity.c.sold != sold, ~said.c.all_share),
        ~shares & said.c.some_share,
    )
    event = func.coalesce(event_capacity.c.event_id, said.c.event_id)
    counted = event_capacity.c
    query = (
        select(event.label("id"), counted.held, counted.sold, held.label("held_said"), sold.label("sold_said"))
        .join_from(event_capacity, said, said.c.event_id == counted.event_id, full=True)
        .where(wrong)
        .limit(SHOWN)
    )
    return [
        f"event {row.id}: {row.held} held and {row.sold} sold, but its tiers say {row.held_said} and {row.sold_said}"
        for row in await tx.all(query)
    ]


async def find_miscounted_promo_codes(tx: Transaction) -> list[str]:
    """Promo codes whose held or used orders and money are not what the orders say."""
    counts = ("held_uses", "used_uses", "held_amount", "used_amount")

    def of(holding: str, value: ColumnElement[int]) -> ColumnElement[int]:
        return func.sum(case((orders.c.holding == holding, value), else_=0))

    one = literal(1)
    said = (
        select(
            orders.c.promo_code_id,
            of("held", one).label("held_uses"),
            of("sold", one).label("used_uses"),
            of("held", orders.c.discount).label("held_amount"),
            of("sold", orders.c.discount).label("used_amount"),
        )
        .where(orders.c.promo_code_id.is_not(None))
        .group_by(orders.c.promo_code_id)
        .subquery()
    )
    wrong = [promo_codes.c[name].is_distinct_from(func.coalesce(said.c[name], 0)) for name in counts]
    query = (
        select(
            func.coalesce(promo_codes.c.id, said.c.promo_code_id).label("id"),
            *(promo_codes.c[name] for name in counts),
            *(func.coalesce(said.c[name], 0).label(f"{name}_said") for name in counts),
        )
        .join_from(promo_codes, said, said.c.promo_code_id == promo_codes.c.id, full=True)
        .where(or_(*wrong))
        .limit(SHOWN)
    )
    return [
        f"promo code {row.id}: held by {row.held_uses} orders for {row.held_amount} and used by {row.used_uses} for "
        f"{row.used_amount}, but orders say {row.held_uses_said} for {row.held_amount_said} and {row.used_uses_said} "
        f"for {row.used_amount_said}"
        for row in await tx.all(query)
    ]


async def find_miscounted_waiting(tx: Transaction) -> list[str]:
    """Tiers whose count of those who wait is not what the waiting list says: too many, and their sale stands still for ever.

    Whoever wants more than there is at all is not counted.
    """
    entries = waiting_list_entries.c
    said = (
        select(entries.ticket_tier_id, func.count().label("waiting"))
        .join(stock, stock.c.ticket_tier_id == entries.ticket_tier_id)
        .where(entries.status == "waiting", entries.quantity <= MOST)
        .group_by(entries.ticket_tier_id)
        .subquery()
    )
    waiting = func.coalesce(said.c.waiting, 0)
    query = (
        select(stock.c.ticket_tier_id, stock.c.waiting, waiting.label("said"))
        .join_from(stock, said, said.c.ticket_tier_id == stock.c.ticket_tier_id, isouter=True)
        .where(stock.c.waiting != waiting)
        .limit(SHOWN)
    )
    return [
        f"tier {row.ticket_tier_id}: {row.waiting} wait, but the list says {row.said}" for row in await tx.all(query)
    ]


async def find_orders_that_do_not_add_up(tx: Transaction) -> list[str]:
    """Orders whose total, tax or discount is not that of their lines and fees, to the minor unit."""

    def of_lines(name: str) -> ColumnElement[int]:
        parts = [
            select(func.coalesce(func.sum(table.c[name]), 0))
            .where(table.c.order_id == orders.c.id)
            .correlate(orders)
            .scalar_subquery()
            for table in (order_lines, order_add_ons)
        ]
        return parts[0] + parts[1]

    passed_on = case((orders.c.platform_fee_passed_on, orders.c.platform_fee), else_=0)
    said = (
        select(
            orders.c.id,
            orders.c.total,
            (of_lines("gross") + orders.c.service_fee + passed_on).label("due"),
            (of_lines("tax") == orders.c.tax).label("tax_fits"),
            (of_lines("discount") == orders.c.discount).label("discount_fits"),
        )
    ).subquery()
    wrong = or_(said.c.total != said.c.due, ~said.c.tax_fits, ~said.c.discount_fits)
    return [
        f"order {row.id}: a total of {row.total}, lines and fees of {row.due}, "
        f"tax {'fits' if row.tax_fits else 'differs'}, discount {'fits' if row.discount_fits else 'differs'}"
        for row in await tx.all(select(said).where(wrong).limit(SHOWN))
    ]


async def find_unbooked_payments(tx: Transaction) -> list[str]:
    """Succeeded payments without exactly one entry in the ledger, and entries of payments that did not succeed."""
    incoming = ledger_transfers.c.kind.in_(("charge", "unallocated"))
    booked = (
        select(ledger_transfers.c.payment_id, func.count().label("entries"))
        .where(incoming)
        .group_by(ledger_transfers.c.payment_id)
        .subquery()
    )
    entries = func.coalesce(booked.c.entries, 0)
    due = case((payments.c.status == "succeeded", literal(1)), else_=literal(0))
    query = (
        select(payments.c.id, payments.c.status, entries.label("entries"))
        .join_from(payments, booked, booked.c.payment_id == payments.c.id, isouter=True)
        .where(entries != due)
        .limit(SHOWN)
    )
    return [f"payment {row.id}: {row.status}, {row.entries} entries in the ledger" for row in await tx.all(query)]


async def find_orders_paid_wrongly(tx: Transaction) -> list[str]:
    """Paid orders whose charges are not their total, and unpaid ones with a charge."""
    charged = (
        select(ledger_transfers.c.order_id, func.sum(ledger_transfers.c.amount).label("amount"))
        .where(ledger_transfers.c.kind.in_(("charge", "allocation", "door_charge")))
        .group_by(ledger_transfers.c.order_id)
        .subquery()
    )
    amount = func.coalesce(charged.c.amount, 0)
    due = case((orders.c.paid_at.is_not(None), orders.c.total), else_=literal(0))
    query = (
        select(orders.c.id, orders.c.status, amount.label("charged"), orders.c.total)
        .join_from(orders, charged, charged.c.order_id == orders.c.id, isouter=True)
        .where(amount != due)
        .limit(SHOWN)
    )
    return [f"order {row.id}: {row.status}, {row.charged} charged of {row.total}" for row in await tx.all(query)]

"""Orders with their lines and admissions."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, Text, bindparam, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from commerce.domain.order import AddOnLine, Admission, CancellationTerms, Charge, Line, Order, Sums
from commerce.store.order_items import ADD_ITEMS, written_items
from commerce.tables import UNPAID, admissions, order_add_ons, order_lines, orders
from common.db import Transaction
from common.ids import AddOnId, OrderId, OrderLineId, TicketTierId
from common.money import Money

_NEW_ORDER: Final = """
    WITH new_order AS (
        INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, buyer_name,
            status, disputed, holding, total, currency, discount, tax, service_fee, platform_fee, platform_fee_passed_on,
            prices_include_tax, rounding, reverse_charge, captured, refunded, promo_code_id, promo_code, origin, capture, cancel_until,
            cancel_kept_rate, reserved_until, approval_until, page_token, traceparent, placed_at, paid_at,
            made_by, taken_as)
        VALUES (:id, :version, :event_id, :event_name, :organization_id, :buyer_user_id, :buyer_email, :buyer_name,
            :status, :disputed, :holding, :total, :currency, :discount, :tax, :service_fee, :platform_fee,
            :platform_fee_passed_on, :prices_include_tax, :rounding, :reverse_charge, :captured, :refunded, :promo_code_id,
            :promo_code,
            :origin, :capture, :cancel_until, :cancel_kept_rate, :reserved_until, :approval_until,
            :page_token, :traceparent, :placed_at,
            :paid_at, :made_by, :taken_as)
    ),
"""
_ADD_ORDER: Final = text(_NEW_ORDER + ADD_ITEMS)


async def add_order(tx: Transaction, order: Order) -> None:
    """Write a new order with its lines and admissions, in one round trip: this is what a rush of buyers does most."""
    values = {
        "id": order.id.uuid,
        "version": order.version,
        "event_id": order.event_id.uuid,
        "event_name": order.event_name,
        "organization_id": order.organization_id.uuid,
        "buyer_user_id": order.buyer_user_id.uuid,
        "buyer_email": order.buyer_email,
        "buyer_name": order.buyer_name,
        "status": order.status,
        "disputed": order.disputed,
        "holding": order.holding,
        "total": order.total.amount,
        "currency": order.total.currency,
        "discount": order.sums.discount.amount,
        "tax": order.sums.tax.amount,
        "service_fee": order.sums.service_fee.amount,
        "platform_fee": order.sums.platform_fee.amount,
        "platform_fee_passed_on": order.sums.platform_fee_passed_on,
        "prices_include_tax": order.sums.prices_include_tax,
        "rounding": order.sums.rounding,
        "reverse_charge": order.sums.reverse_charge,
        "captured": order.captured.amount,
        "refunded": order.refunded.amount,
        "promo_code_id": None if order.promo_code_id is None else order.promo_code_id.uuid,
        "promo_code": order.promo_code,
        "origin": order.origin,
        "capture": order.capture,
        "cancel_until": order.cancellation.until,
        "cancel_kept_rate": order.cancellation.kept_rate,
        "reserved_until": order.reserved_until,
        "approval_until": order.approval_until,
        "page_token": order.page_token,
        "traceparent": order.traceparent,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "made_by": order.made_by,
        "taken_as": order.taken_as,
    }
    tx.post(_ADD_ORDER, {**values, **written_items(order)})


def save_order(tx: Transaction, order: Order) -> None:
    """Write how an order stands now, with the next statement. The caller holds its lock."""
    tx.post(_SAVE, {"order": order.id, **_state_of(order)})


async def add_refunded(tx: Transaction, order_id: OrderId, amount: int) -> None:
    """Count what goes back. More than came is stopped by `ck_orders_never_refunded_more_than_captured`, for it is the row
    itself that is added to, not what was read of it."""
    await tx.execute(update(orders).where(orders.c.id == order_id).values(refunded=orders.c.refunded + amount))


async def lock_order(tx: Transaction, order_id: OrderId) -> Order | None:
    """An order, locked until this transaction ends.

    Two statements in one round trip: what is read beside a lock that had to be waited for would be as old as the statement.
    """
    tx.post(_LOCK, {"order": order_id})
    return await find_order(tx, order_id)


async def lock_some_overdue(tx: Transaction, limit: int) -> list[Order]:
    """Unpaid orders whose time ran out, longest ago first, locked; those others work on are left out."""
    overdue = UNPAID & (orders.c.reserved_until <= tx.now)
    query = select(orders.c.id).where(overdue).order_by(orders.c.reserved_until).limit(limit)
    ids = [row.id for row in await tx.all(query.with_for_update(skip_locked=True))]
    if not ids:
        return []
    return [order_of(row) for row in await tx.all(whole_orders(orders.c.id.in_(ids)).order_by(orders.c.reserved_until))]


async def find_order(tx: Transaction, order_id: OrderId) -> Order | None:
    """An order with all it holds."""
    row = await tx.one(_WHOLE, {"order": order_id})
    return None if row is None else order_of(row)


async def find_order_by_page_token(tx: Transaction, token: str) -> Order | None:
    """The order behind a secret page."""
    row = await tx.one(whole_orders(orders.c.page_token == token))
    return None if row is None else order_of(row)


async def orders_after(tx: Transaction, after: OrderId | None, limit: int) -> list[Order]:
    """A page of all orders, oldest first."""
    query = whole_orders(orders.c.id > after if after is not None else orders.c.id.is_not(None))
    return [order_of(row) for row in await tx.all(query.order_by(orders.c.id).limit(limit))]


def _state_of(order: Order) -> dict[str, Any]:
    """What of an order changes."""
    return {
        "version": order.version,
        "status": order.status,
        "disputed": order.disputed,
        "holding": order.holding,
        "capture": order.capture,
        "reserved_until": order.reserved_until,
        "approval_until": order.approval_until,
        "captured": order.captured.amount,
        "paid_at": order.paid_at,
        "review_reason": order.review_reason,
    }


def whole_orders(condition: ColumnElement[bool]) -> Select[Any]:
    """Orders with their lines and admissions gathered in one column, so that a whole order is one round trip."""
    people = (
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(
                        admissions.c.ordinal,
                        admissions.c.attendee_name,
                        admissions.c.attendee_email,
                        admissions.c.live,
                        admissions.c.admitted_at,
                    ),
                    admissions.c.ordinal,
                )
            )
        )
        .where(admissions.c.line_id == order_lines.c.id)
        .correlate(order_lines)
        .scalar_subquery()
    )
    lines = (
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(
                        cast(order_lines.c.id, Text),
                        cast(order_lines.c.ticket_tier_id, Text),
                        order_lines.c.ticket_tier_name,
                        order_lines.c.unit_amount,
                        *_charge_of(order_lines),
                        people,
                    ),
                    order_lines.c.place,
                )
            )
        )
        .where(order_lines.c.order_id == orders.c.id)
        .correlate(orders)
        .scalar_subquery()
    )
    extras = (
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(
                        cast(order_add_ons.c.id, Text),
                        cast(order_add_ons.c.add_on_id, Text),
                        order_add_ons.c.add_on_name,
                        order_add_ons.c.unit_amount,
                        *_charge_of(order_add_ons),
                        order_add_ons.c.quantity,
                        order_add_ons.c.returned,
                    ),
                    order_add_ons.c.place,
                )
            )
        )
        .where(order_add_ons.c.order_id == orders.c.id)
        .correlate(orders)
        .scalar_subquery()
    )
    return select(orders, lines.label("lines"), extras.label("add_ons")).where(condition)


def _charge_of(table: Table) -> tuple[ColumnElement[int], ...]:
    return table.c.discount, table.c.tax_rate, table.c.tax, table.c.gross


def order_of(row: Row[Any]) -> Order:
    """An order from a row of `whole_orders`."""
    return Order(
        id=row.id,
        version=row.version,
        event_id=row.event_id,
        event_name=row.event_name,
        organization_id=row.organization_id,
        buyer_user_id=row.buyer_user_id,
        buyer_email=row.buyer_email,
        buyer_name=row.buyer_name,
        status=row.status,
        disputed=row.disputed,
        holding=row.holding,
        total=Money(row.total, row.currency),
        sums=_sums_of(row),
        captured=Money(row.captured, row.currency),
        refunded=Money(row.refunded, row.currency),
        promo_code_id=row.promo_code_id,
        promo_code=row.promo_code,
        origin=row.origin,
        capture=row.capture,
        cancellation=CancellationTerms(row.cancel_until, row.cancel_kept_rate),
        reserved_until=row.reserved_until,
        approval_until=row.approval_until,
        page_token=row.page_token,
        traceparent=row.traceparent,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
        review_reason=row.review_reason,
        lines=tuple(_line_of(line, row.currency) for line in row.lines),
        add_ons=tuple(_add_on_of(line, row.currency) for line in row.add_ons or ()),
        made_by=row.made_by,
        taken_as=row.taken_as,
    )


def _sums_of(row: Row[Any]) -> Sums:
    return Sums(
        discount=Money(row.discount, row.currency),
        tax=Money(row.tax, row.currency),
        service_fee=Money(row.service_fee, row.currency),
        platform_fee=Money(row.platform_fee, row.currency),
        platform_fee_passed_on=row.platform_fee_passed_on,
        prices_include_tax=row.prices_include_tax,
        rounding=row.rounding,
        reverse_charge=row.reverse_charge,
    )


def _charged(parts: list[int], currency: str) -> Charge:
    discount, tax_rate, tax, gross = parts
    return Charge(Money(discount, currency), tax_rate, Money(tax, currency), Money(gross, currency))


def _add_on_of(line: list[Any], currency: str) -> AddOnLine:
    line_id, add_on_id, name, unit_amount, *charge, quantity, returned = line
    return AddOnLine(
        id=OrderLineId.from_uuid(UUID(line_id)),
        add_on_id=AddOnId.from_uuid(UUID(add_on_id)),
        add_on_name=name,
        unit_price=Money(unit_amount, currency),
        quantity=quantity,
        returned=returned,
        charge=_charged(charge, currency),
    )


def _line_of(line: list[Any], currency: str) -> Line:
    line_id, tier_id, name, unit_amount, *charge, people = line
    return Line(
        id=OrderLineId.from_uuid(UUID(line_id)),
        ticket_tier_id=TicketTierId.from_uuid(UUID(tier_id)),
        ticket_tier_name=name,
        unit_price=Money(unit_amount, currency),
        charge=_charged(charge, currency),
        admissions=tuple(
            Admission(ordinal, attendee, email, live, None if admitted is None else datetime.fromisoformat(admitted))
            for ordinal, attendee, email, live, admitted in people
        ),
    )


# Built once: to put these together costs many times what it costs to run them.
_ID: Final = bindparam("order", type_=orders.c.id.type)
_SAVE: Final = update(orders).where(orders.c.id == _ID)
_LOCK: Final = select(orders.c.id).where(orders.c.id == _ID).with_for_update()
_WHOLE: Final = whole_orders(orders.c.id == _ID)

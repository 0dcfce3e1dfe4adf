"""Orders with their lines and admissions."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, Text, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from commerce.domain.order import AddOnLine, Admission, CancellationTerms, Charge, Line, Order, Status, Sums
from commerce.tables import admissions, order_add_ons, order_lines, orders
from common.db import Transaction
from common.ids import AddOnId, EventId, Id, OrderId, OrderLineId, TicketTierId, UserId
from common.money import Money
from common.paging import newest_first
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


_ADD_ORDER: Final = text(
    """
    WITH new_order AS (
        INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, buyer_name,
            status, disputed, holding, total, currency, discount, tax, service_fee, platform_fee, platform_fee_passed_on,
            prices_include_tax, rounding, captured, refunded, promo_code_id, promo_code, origin, capture, cancel_until,
            cancel_kept_rate, reserved_until, page_token, traceparent, placed_at, paid_at)
        VALUES (:id, :version, :event_id, :event_name, :organization_id, :buyer_user_id, :buyer_email, :buyer_name,
            :status, :disputed, :holding, :total, :currency, :discount, :tax, :service_fee, :platform_fee,
            :platform_fee_passed_on, :prices_include_tax, :rounding, :captured, :refunded, :promo_code_id, :promo_code,
            :origin, :capture, :cancel_until, :cancel_kept_rate, :reserved_until, :page_token, :traceparent, :placed_at,
            :paid_at)
    ), new_lines AS (
        INSERT INTO order_lines (id, order_id, place, ticket_tier_id, ticket_tier_name, unit_amount, discount, tax_rate,
            tax, gross)
        SELECT line.id, :id, line.place, line.thing, line.name, line.price, line.discount, line.tax_rate, line.tax,
            line.gross
        FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS line(id uuid, place smallint, thing uuid, name text,
            price bigint, discount bigint, tax_rate integer, tax bigint, gross bigint)
    ), new_add_ons AS (
        INSERT INTO order_add_ons (id, order_id, place, add_on_id, add_on_name, unit_amount, quantity, discount, tax_rate,
            tax, gross)
        SELECT line.id, :id, line.place, line.thing, line.name, line.price, line.quantity, line.discount, line.tax_rate,
            line.tax, line.gross
        FROM jsonb_to_recordset(CAST(:add_ons AS jsonb)) AS line(id uuid, place smallint, thing uuid, name text,
            price bigint, quantity integer, discount bigint, tax_rate integer, tax bigint, gross bigint)
    )
    INSERT INTO admissions (line_id, ordinal, attendee_name, attendee_email)
    SELECT person.line, person.ordinal, person.name, person.email
    FROM jsonb_to_recordset(CAST(:people AS jsonb)) AS person(line uuid, ordinal integer, name text, email text)
    """
)


async def add_order(tx: Transaction, order: Order) -> None:
    """Write a new order with its lines and admissions, in one round trip: this is what a rush of buyers does most."""
    lines = [
        _written(line, place, line.ticket_tier_id, line.ticket_tier_name) for place, line in enumerate(order.lines)
    ]
    add_ons = [
        {**_written(line, place, line.add_on_id, line.add_on_name), "quantity": line.quantity}
        for place, line in enumerate(order.add_ons)
    ]
    people = [
        {
            "line": lines[place]["id"],
            "ordinal": admission.ordinal,
            "name": admission.attendee_name,
            "email": admission.attendee_email,
        }
        for place, line in enumerate(order.lines)
        for admission in line.admissions
    ]
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
        "captured": order.captured.amount,
        "refunded": order.refunded.amount,
        "promo_code_id": None if order.promo_code_id is None else order.promo_code_id.uuid,
        "promo_code": order.promo_code,
        "origin": order.origin,
        "capture": order.capture,
        "cancel_until": order.cancellation.until,
        "cancel_kept_rate": order.cancellation.kept_rate,
        "reserved_until": order.reserved_until,
        "page_token": order.page_token,
        "traceparent": order.traceparent,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
    }
    gathered = {"lines": json.dumps(lines), "add_ons": json.dumps(add_ons), "people": json.dumps(people)}
    await tx.execute(_ADD_ORDER, {**values, **gathered})


async def save_order(tx: Transaction, order: Order) -> None:
    """Write how an order stands now. The caller holds its lock."""
    await tx.execute(update(orders).where(orders.c.id == order.id).values(**_state_of(order)))


async def lock_order(tx: Transaction, order_id: OrderId) -> Order | None:
    """An order, locked until this transaction ends.

    Two statements: what is read beside a lock that had to be waited for would be as old as the statement.
    """
    if await tx.scalar(select(orders.c.id).where(orders.c.id == order_id).with_for_update()) is None:
        return None
    return await find_order(tx, order_id)


async def lock_some_overdue(tx: Transaction, limit: int) -> list[Order]:
    """Unpaid orders whose time ran out, longest ago first, locked; those others work on are left out."""
    overdue = (orders.c.status == "awaiting_payment") & (orders.c.reserved_until <= tx.now)
    query = select(orders.c.id).where(overdue).order_by(orders.c.reserved_until).limit(limit)
    ids = [row.id for row in await tx.all(query.with_for_update(skip_locked=True))]
    if not ids:
        return []
    return [_order_of(row) for row in await tx.all(_whole(orders.c.id.in_(ids)).order_by(orders.c.reserved_until))]


async def find_order(tx: Transaction, order_id: OrderId) -> Order | None:
    """An order with all it holds."""
    row = await tx.one(_whole(orders.c.id == order_id))
    return None if row is None else _order_of(row)


async def find_order_by_page_token(tx: Transaction, token: str) -> Order | None:
    """The order behind a secret page."""
    row = await tx.one(_whole(orders.c.page_token == token))
    return None if row is None else _order_of(row)


async def orders_after(tx: Transaction, after: OrderId | None, limit: int) -> list[Order]:
    """A page of all orders, oldest first."""
    query = _whole(orders.c.id > after if after is not None else orders.c.id.is_not(None))
    return [_order_of(row) for row in await tx.all(query.order_by(orders.c.id).limit(limit))]


async def orders_of_buyer(
    tx: Transaction,
    buyer: UserId,
    status: Status | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What someone ordered, newest first; with `status` only what stands so."""
    return await _page(tx, _standing(orders.c.buyer_user_id == buyer, status), cursor, limit, view)


async def orders_of_event(
    tx: Transaction,
    event_id: EventId,
    status: Status | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What was ordered for an event, newest first; with `status` only what stands so."""
    return await _page(tx, _standing(orders.c.event_id == event_id, status), cursor, limit, view)


def _standing(which: ColumnElement[bool], status: Status | None) -> ColumnElement[bool]:
    return which if status is None else which & (orders.c.status == status)


async def _page(
    tx: Transaction, mine: ColumnElement[bool], cursor: str | None, limit: int, view: Callable[[Order], Model]
) -> Page[Model]:
    return await newest_first(tx, _whole(mine), orders.c.id, OrderId, cursor, limit, lambda row: view(_order_of(row)))


def _state_of(order: Order) -> dict[str, Any]:
    """What of an order changes."""
    return {
        "version": order.version,
        "status": order.status,
        "disputed": order.disputed,
        "holding": order.holding,
        "reserved_until": order.reserved_until,
        "captured": order.captured.amount,
        "refunded": order.refunded.amount,
        "paid_at": order.paid_at,
        "review_reason": order.review_reason,
    }


def _written(line: Line | AddOnLine, place: int, thing: Id, name: str) -> dict[str, Any]:
    """A line as `_ADD_ORDER` reads it."""
    return {
        "id": str(line.id.uuid),
        "place": place,
        "thing": str(thing.uuid),
        "name": name,
        "price": line.unit_price.amount,
        "discount": line.charge.discount.amount,
        "tax_rate": line.charge.tax_rate,
        "tax": line.charge.tax.amount,
        "gross": line.charge.gross.amount,
    }


def _whole(condition: ColumnElement[bool]) -> Select[Any]:
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


def _order_of(row: Row[Any]) -> Order:
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
        page_token=row.page_token,
        traceparent=row.traceparent,
        placed_at=row.placed_at,
        paid_at=row.paid_at,
        review_reason=row.review_reason,
        lines=tuple(_line_of(line, row.currency) for line in row.lines),
        add_ons=tuple(_add_on_of(line, row.currency) for line in row.add_ons or ()),
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

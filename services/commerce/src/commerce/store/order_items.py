"""The lines, add-ons and admissions of an order, written in one round trip."""

import json
from typing import Any, Final

from sqlalchemy import text, update

from commerce.domain.order import AddOnLine, Line, Order
from commerce.tables import admissions
from common.db import Transaction
from common.ids import Id, OrderLineId

ADD_ITEMS: Final = """
    new_lines AS (
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
"""What comes after a statement about the order itself, in one with it: `WITH … AS (…), ADD_ITEMS`."""

_CLEAR: Final = text(
    """
    WITH gone_people AS (
        DELETE FROM admissions USING order_lines
        WHERE admissions.line_id = order_lines.id AND order_lines.order_id = :id
    ), gone_add_ons AS (
        DELETE FROM order_add_ons WHERE order_id = :id
    )
    DELETE FROM order_lines WHERE order_id = :id
    """
)
_CHANGED: Final = """
    WITH changed AS (
        UPDATE orders SET version = :version, status = :status, holding = :holding, total = :total, discount = :discount,
            tax = :tax, service_fee = :service_fee, platform_fee = :platform_fee,
            platform_fee_passed_on = :platform_fee_passed_on, promo_code_id = :promo_code_id, promo_code = :promo_code,
            capture = :capture, reserved_until = :reserved_until, approval_until = :approval_until, paid_at = :paid_at
        WHERE id = :id
    ),
"""
_REPLACE: Final = text(_CHANGED + ADD_ITEMS)


def replace_items(tx: Transaction, order: Order) -> None:
    """Write what an unpaid order holds now, and how it stands with that. The caller holds its lock."""
    tx.post(_CLEAR, {"id": order.id.uuid})
    values = {
        "id": order.id.uuid,
        "version": order.version,
        "status": order.status,
        "holding": order.holding,
        "total": order.total.amount,
        "discount": order.sums.discount.amount,
        "tax": order.sums.tax.amount,
        "service_fee": order.sums.service_fee.amount,
        "platform_fee": order.sums.platform_fee.amount,
        "platform_fee_passed_on": order.sums.platform_fee_passed_on,
        "promo_code_id": None if order.promo_code_id is None else order.promo_code_id.uuid,
        "promo_code": order.promo_code,
        "capture": order.capture,
        "reserved_until": order.reserved_until,
        "approval_until": order.approval_until,
        "paid_at": order.paid_at,
    }
    tx.post(_REPLACE, {**values, **written_items(order)})


def save_attendee(tx: Transaction, line_id: OrderLineId, ordinal: int, name: str | None, email: str | None) -> None:
    """Write who comes with an admission. The caller holds its order's lock."""
    mine = (admissions.c.line_id == line_id) & (admissions.c.ordinal == ordinal)
    tx.post(update(admissions).where(mine).values(attendee_name=name, attendee_email=email))


def written_items(order: Order) -> dict[str, str]:
    """What an order holds, as ADD_ITEMS reads it."""
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
    return {"lines": json.dumps(lines), "add_ons": json.dumps(add_ons), "people": json.dumps(people)}


def _written(line: Line | AddOnLine, place: int, thing: Id, name: str) -> dict[str, Any]:
    """A line as `ADD_ITEMS` reads it."""
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

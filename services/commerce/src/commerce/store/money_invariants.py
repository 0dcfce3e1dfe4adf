"""Questions about money whose answer must be "nothing": each statement sees one moment, so it may run beside refunds."""

from typing import Final

from sqlalchemy import TextualSelect, text

from common.db import Transaction, TypedId
from common.ids import OrderId, OrderLineId, PaymentId, RefundId

_OWED: Final = text(
    """
    WITH due AS (
        SELECT order_id, sum(CASE WHEN credit = 'refunds_due' THEN amount ELSE -amount END) AS amount
        FROM ledger_transfers WHERE 'refunds_due' IN (debit, credit) GROUP BY order_id),
    owed AS (SELECT order_id, sum(amount) AS amount FROM refunds WHERE status <> 'done' GROUP BY order_id)
    SELECT coalesce(due.order_id, owed.order_id) AS id, coalesce(due.amount, 0) AS booked, coalesce(owed.amount, 0) AS said
    FROM due FULL JOIN owed USING (order_id) WHERE coalesce(due.amount, 0) <> coalesce(owed.amount, 0) LIMIT 20
    """
).columns(id=TypedId(OrderId))
_GONE: Final = text(
    """
    WITH sent AS (
        SELECT refund_id, sum(CASE kind WHEN 'refund_sent' THEN amount ELSE -amount END) AS amount
        FROM ledger_transfers WHERE kind IN ('refund_sent', 'refund_bounced') GROUP BY refund_id)
    SELECT refunds.id, coalesce(sent.amount, 0) AS booked, CASE status WHEN 'done' THEN refunds.amount ELSE 0 END AS said
    FROM refunds LEFT JOIN sent ON sent.refund_id = refunds.id
    WHERE coalesce(sent.amount, 0) <> CASE status WHEN 'done' THEN refunds.amount ELSE 0 END LIMIT 20
    """
).columns(id=TypedId(RefundId))
_CAPTURED: Final = text(
    """
    WITH came AS (
        SELECT order_id, currency, sum(amount) AS amount FROM ledger_transfers
        WHERE kind IN ('charge', 'unallocated', 'door_charge') GROUP BY order_id, currency),
    went AS (SELECT order_id, currency, sum(amount) AS amount FROM refunds GROUP BY order_id, currency)
    SELECT orders.id, orders.captured, orders.refunded, coalesce(came.amount, 0) AS came, coalesce(went.amount, 0) AS went
    FROM orders LEFT JOIN came ON came.order_id = orders.id AND came.currency = orders.currency
    LEFT JOIN went ON went.order_id = orders.id AND went.currency = orders.currency
    WHERE (orders.captured, orders.refunded) <> (coalesce(came.amount, 0), coalesce(went.amount, 0)) LIMIT 20
    """
).columns(id=TypedId(OrderId))
_MORE_THAN_CAME: Final = text(
    """
    WITH came AS (
        SELECT payment_id, sum(amount) AS amount FROM ledger_transfers
        WHERE kind IN ('charge', 'unallocated') GROUP BY payment_id),
    went AS (SELECT payment_id, sum(amount) AS amount FROM refunds WHERE payment_id IS NOT NULL GROUP BY payment_id)
    SELECT went.payment_id AS id, went.amount AS went, coalesce(came.amount, 0) AS came
    FROM went LEFT JOIN came USING (payment_id) WHERE went.amount > coalesce(came.amount, 0) LIMIT 20
    """
).columns(id=TypedId(PaymentId))
_LEFT_OVER: Final = text(
    """
    WITH entries AS (
        SELECT order_id, currency, debit AS account, amount, kind FROM ledger_transfers WHERE order_id IS NOT NULL
        UNION ALL
        SELECT order_id, currency, credit, -amount, kind FROM ledger_transfers WHERE order_id IS NOT NULL),
    over AS (
        SELECT order_id, currency FROM refunds GROUP BY order_id, currency
        HAVING bool_and(status = 'done') AND sum(amount) = (
            SELECT sum(amount) FROM ledger_transfers AS came WHERE came.order_id = refunds.order_id
            AND came.currency = refunds.currency AND came.kind IN ('charge', 'unallocated', 'door_charge')))
    SELECT order_id AS id, account, sum(amount) AS balance FROM (
        SELECT order_id, currency, amount,
            CASE WHEN account = 'platform_fees' THEN 'organiser_payable' ELSE account END AS account
        FROM entries JOIN over USING (order_id, currency) WHERE kind <> 'second_debit') AS fees_beside_the_payable
    GROUP BY order_id, currency, account HAVING sum(amount) <> 0 LIMIT 20
    """
).columns(id=TypedId(OrderId))
_STILL_LIVE: Final = text(
    """
    SELECT line_id AS id, ordinal FROM refunded_admissions JOIN admissions USING (line_id, ordinal)
    WHERE admissions.live LIMIT 20
    """
).columns(id=TypedId(OrderLineId))


async def find_money_astray(tx: Transaction) -> list[str]:
    """Whatever of payments, refunds and the ledger does not fit together."""
    return [
        *await _found(tx, _OWED, "order {id}: {booked} is booked as owed to the buyer, its refunds say {said}"),
        *await _found(tx, _GONE, "refund {id}: {booked} is booked as sent back, it says {said}"),
        *await _found(tx, _CAPTURED, "order {id}: came {came} and went {went}, but it says {captured} and {refunded}"),
        *await _found(tx, _MORE_THAN_CAME, "payment {id}: {went} went back of {came}"),
        *await _found(tx, _LEFT_OVER, "order {id}: all of its money went back, but {account} is left with {balance}"),
        *await _found(tx, _STILL_LIVE, "order line {id}: admission {ordinal} was refunded and is live"),
    ]


async def _found(tx: Transaction, question: TextualSelect, sentence: str) -> list[str]:
    return [sentence.format(**row._asdict()) for row in await tx.all(question)]

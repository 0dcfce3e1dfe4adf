"""How a payment at the sandbox may end, or go wrong: everything a real provider does to those who rely on it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal, get_args

from commerce.adapters.sandbox import refund_store, store
from commerce.adapters.sandbox.store import SandboxPayment, Status
from commerce.errors import SandboxPaymentSettled
from common.db import Transaction

Outcome = Literal[
    "succeed",
    "decline",
    "abandon",
    "require_3ds",
    "late",
    "duplicate",
    "wrong_amount",
    "dispute",
    "refund_at_dashboard",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

TELLINGS = 5
"""How often a duplicate is told, all at once."""
LATENESS = timedelta(seconds=5)
"""How long after the hold a late payment succeeds."""
WITHOUT_A_HOLD = timedelta(minutes=1)
"""How long a late payment takes for an order whose places are not held until a time."""

_ENDS: Final[Mapping[Outcome, Status]] = {
    "decline": "declined",
    "abandon": "abandoned",
    "require_3ds": "confirming",
    "late": "late",
}
_STILL_POSSIBLE: Final[Mapping[Status, tuple[Outcome, ...]]] = {
    "held": ("succeed", "duplicate", "decline", "abandon"),
    "late": ("late",),
    "succeeded": ("succeed", "duplicate", "dispute", "refund_at_dashboard"),
    "abandoned": ("abandon",),
}
"""What may be asked again or happens afterwards; before it ended, everything may."""


async def end_so(tx: Transaction, payment: SandboxPayment, outcome: Outcome) -> None:
    """Let a payment end so, and tell. A declined buyer may try again; the same end asked for twice is told twice.

    The caller holds the payment's lock. Raises SandboxPaymentSettled.
    """
    if outcome not in _STILL_POSSIBLE.get(payment.status, OUTCOMES):
        raise SandboxPaymentSettled(status=payment.status, wanted=outcome)
    if outcome == "late":
        await _succeed_late(tx, payment)
    elif outcome in _ENDS:
        await _move_on(tx, payment, _ENDS[outcome])
    else:
        await _succeed(tx, payment, outcome)


async def _succeed(tx: Transaction, payment: SandboxPayment, outcome: Outcome) -> None:
    afterwards = outcome in ("dispute", "refund_at_dashboard")
    if payment.status == "succeeded" and afterwards:
        await _go_wrong(tx, payment, outcome)
        return
    if payment.capture == "manual" and afterwards:
        # Nothing was taken that could be asked back.
        raise SandboxPaymentSettled(status=payment.status, wanted=outcome)
    if outcome == "wrong_amount":
        await store.save_amount(tx, payment.id, max(1, payment.amount.amount - 1) if payment.amount.amount > 1 else 2)
    status: Status = "held" if payment.capture == "manual" and payment.status != "succeeded" else "succeeded"
    await _move_on(tx, payment, status, TELLINGS if outcome == "duplicate" else 1)
    if outcome == "duplicate":
        # An older notice comes last: nothing may rely on their order.
        await store.tell(tx, payment, "payment.open", payment.id)
    if afterwards:
        await _go_wrong(tx, replace(payment, status=status), outcome)


async def _go_wrong(tx: Transaction, payment: SandboxPayment, outcome: Outcome) -> None:
    if outcome == "dispute":
        await refund_store.save_dispute(tx, payment, "open", payment.amount.amount)
        await store.tell(tx, payment, "dispute.open", payment.id)
        return
    left = await refund_store.amount_left(tx, payment)
    if left:
        made = await refund_store.make_refund(tx, payment, None, left)
        await store.tell(tx, payment, f"refund.{made.status}", made.id)


async def _succeed_late(tx: Transaction, payment: SandboxPayment) -> None:
    """It cannot be called back, as money on its way cannot; it is told of when it came."""
    if payment.status != "late":
        at = tx.now + WITHOUT_A_HOLD if payment.held_until is None else payment.held_until + LATENESS
        await store.save_lateness(tx, payment.id, at)
        status = "held" if payment.capture == "manual" else "succeeded"
        await store.tell(tx, payment, f"payment.{status}", payment.id, at=at)


async def _move_on(tx: Transaction, payment: SandboxPayment, status: Status, times: int = 1) -> None:
    await store.save_status(tx, payment.id, status)
    await store.tell(tx, payment, f"payment.{status}", payment.id, times=times)


def possible_now(payment: SandboxPayment) -> tuple[Outcome, ...]:
    """What the checkout page offers."""
    possible = _STILL_POSSIBLE.get(payment.status, OUTCOMES)
    if payment.capture == "manual" and payment.status != "succeeded":
        return tuple(outcome for outcome in possible if outcome not in ("dispute", "refund_at_dashboard"))
    return possible

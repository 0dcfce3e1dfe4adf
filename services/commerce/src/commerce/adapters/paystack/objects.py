"""What Paystack's objects mean to us. Anything that is not as its documentation says is unreadable, never guessed."""

import json
from collections.abc import Mapping
from typing import Any, Final

from commerce.domain.dispute import ProviderDispute
from commerce.domain.dispute import Status as DisputeStatus
from commerce.domain.payment import ProviderPayment, ProviderRecord, Told
from commerce.domain.provider_money import from_provider
from commerce.domain.refund import ProviderRefund
from commerce.domain.refund import Status as RefundStatus
from commerce.errors import NotOurPayment
from common.ids import MalformedId, OrderId, PaymentId
from common.money import Money

Object = Mapping[str, Any]

# `abandoned` is what Paystack says of every payment the buyer has not tried yet, from its first second on: so that is
# open. `reversed` was paid and went back; what went back is told by its refunds.
_TOLD: Final[Mapping[str, Told]] = {
    "abandoned": "pending",
    "ongoing": "pending",
    "pending": "pending",
    "processing": "pending",
    "queued": "pending",
    "failed": "failed",
    "success": "succeeded",
    "reversed": "succeeded",
}
UNTOUCHED: Final = ("abandoned", "failed")
"""What nobody is paying at this moment."""
_REFUND_TOLD: Final[Mapping[str, RefundStatus]] = {
    "pending": "pending",
    "processing": "pending",
    "needs-attention": "pending",
    "processed": "done",
    "failed": "failed",
}
_CLOSED: Final = ("resolved", "archived")


def reference_of(payment_id: PaymentId) -> str:
    """Our id as Paystack takes it: it allows hyphens in a reference, and no underscores."""
    return payment_id.replace("_", "-")


def payment_id_of(reference: object) -> PaymentId | None:
    """The id behind a reference, or None for a payment others made in the same account."""
    try:
        return PaymentId(str(reference).replace("-", "_"))
    except MalformedId:
        return None


def payment_of(transaction: Object, live: bool) -> ProviderPayment:
    """A transaction. Raises NotOurPayment."""
    payment_id = payment_id_of(transaction["reference"])
    kept = _kept(transaction)
    if payment_id is None or "order_id" not in kept:
        raise NotOurPayment()
    told = _TOLD[transaction["status"]]
    reason = "declined" if told == "failed" else None
    mismatch = _mismatch(transaction, live)
    if kept.get("payment_id") != payment_id:
        mismatch = "other_order"
    return ProviderPayment(
        transaction["reference"],
        payment_id,
        OrderId(kept["order_id"]),
        told,
        _amount_of(transaction),
        reason,
        mismatch=mismatch,
    )


def record_of(transaction: Object) -> ProviderRecord:
    """A transaction of a day's list, which does not say what went back."""
    told = _TOLD[transaction["status"]]
    reference = transaction["reference"]
    return ProviderRecord(reference, payment_id_of(reference), told, _amount_of(transaction), None)


def is_of(thing: Object, transaction: Object) -> bool:
    """Whether a refund or a dispute is of that transaction, which it names by id or carries whole."""
    named = thing["transaction"]
    return str(named["id"] if isinstance(named, Mapping) else named) == str(transaction["id"])


def refund_of(refund: Object) -> ProviderRefund:
    """A refund. Our key stands in the note; one without was made on Paystack's own pages."""
    note = str(refund.get("merchant_note") or "")
    key = note if note.startswith("ref_") else None
    status = _REFUND_TOLD[refund["status"]]
    reason = refund["status"] if refund["status"] in ("needs-attention", "failed") else None
    return ProviderRefund(str(refund["id"]), key, status, _amount_of(refund), reason)


def dispute_of(dispute: Object) -> ProviderDispute:
    """A dispute: won where it was closed and declined, lost where it was closed in any other way."""
    status: DisputeStatus = "open"
    if dispute["status"] in _CLOSED:
        status = "won" if dispute.get("resolution") == "declined" else "lost"
    transaction = dispute["transaction"]
    units = dispute.get("refund_amount") or transaction["amount"]
    amount = from_provider("paystack", int(units), dispute.get("currency") or transaction["currency"])
    return ProviderDispute(str(dispute["id"]), status, amount, dispute.get("category"))


def _amount_of(thing: Object) -> Money:
    return from_provider("paystack", int(thing["amount"]), thing["currency"])


def _kept(transaction: Object) -> dict[str, str]:
    """What we gave to be kept; some of Paystack's answers carry it as text."""
    kept = transaction.get("metadata")
    if isinstance(kept, str):
        try:
            kept = json.loads(kept)
        except ValueError:
            kept = None
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def _mismatch(transaction: Object, live: bool) -> str | None:
    """Money of the other mode is not money here, and money split with another account is not all ours."""
    if transaction["domain"] != ("live" if live else "test"):
        return "other_mode"
    return "other_account" if transaction.get("subaccount") or transaction.get("split") else None

"""What Stripe's objects mean to us. Anything that is not as its documentation says is unreadable, never guessed."""

from collections.abc import Mapping, Sequence
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

_INTENT_TOLD: Final[Mapping[str, Told]] = {
    "requires_payment_method": "pending",
    "requires_confirmation": "pending",
    "requires_action": "pending",
    "processing": "pending",
    "requires_capture": "held",
    "succeeded": "succeeded",
    "canceled": "cancelled",
}
_REFUND_TOLD: Final[Mapping[str, RefundStatus]] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "done",
    "failed": "failed",
    "canceled": "failed",
}
_DISPUTE_TOLD: Final[Mapping[str, DisputeStatus]] = {
    "won": "won",
    "warning_closed": "won",
    "prevented": "won",
    "lost": "lost",
}


def our_payment_id(thing: Object) -> PaymentId | None:
    """The id we gave Stripe to keep with it, or None for something that others made in the same account."""
    try:
        return PaymentId(str((thing.get("metadata") or {}).get("payment_id", "")))
    except MalformedId:
        return None


def payment_of_session(session: Object, live: bool) -> ProviderPayment:
    """A Checkout session with its PaymentIntent expanded. Raises NotOurPayment.

    `complete` is not paid: with ways to pay that take days, `payment_status` is `unpaid` until the money came, and only
    the intent knows what became of it.
    """
    intent = session["payment_intent"]
    told, reason = _told_of_session(session, intent)
    asked = from_provider("stripe", session["amount_total"] or 0, session["currency"])
    amount = asked if intent is None else _amount_of(intent)
    payment_id, order_id = _ours(session)
    mismatch = _mismatch(session, live) or (None if intent is None else _mismatch(intent, live))
    if intent is not None and our_payment_id(intent) != payment_id:
        mismatch = "other_order"
    return ProviderPayment(session["id"], payment_id, order_id, told, amount, reason, mismatch=mismatch)


def payment_of_intent(intent: Object, live: bool) -> ProviderPayment:
    """A PaymentIntent that no Checkout session of ours began. Raises NotOurPayment."""
    payment_id, order_id = _ours(intent)
    told, reason = _told_of_intent(intent)
    amount = _amount_of(intent)
    return ProviderPayment(intent["id"], payment_id, order_id, told, amount, reason, mismatch=_mismatch(intent, live))


def record_of_intent(intent: Object) -> ProviderRecord:
    """A PaymentIntent of a day's list, with its latest charge expanded."""
    told, _ = _told_of_intent(intent)
    charge = intent.get("latest_charge")
    back = charge["amount_refunded"] if isinstance(charge, Mapping) else 0
    refunded = from_provider("stripe", back, intent["currency"])
    return ProviderRecord(intent["id"], our_payment_id(intent), told, _amount_of(intent), refunded)


def refund_of(refund: Object) -> ProviderRefund:
    """A refund. One without our key was made on Stripe's own pages."""
    key = (refund.get("metadata") or {}).get("refund_key")
    status = _REFUND_TOLD[refund["status"]]
    reason = refund.get("failure_reason") if status == "failed" else None
    amount = from_provider("stripe", refund["amount"], refund["currency"])
    return ProviderRefund(refund["id"], None if key is None else str(key), status, amount, reason)


def dispute_of(dispute: Object) -> ProviderDispute:
    """A dispute; whatever is not closed is open, a mere inquiry as well."""
    amount = from_provider("stripe", dispute["amount"], dispute["currency"])
    status = _DISPUTE_TOLD.get(dispute["status"], "open")
    return ProviderDispute(dispute["id"], status, amount, dispute.get("reason"))


def refunds_of(found: Sequence[Object]) -> tuple[ProviderRefund, ...]:
    """All refunds of a payment, oldest first."""
    return tuple(refund_of(refund) for refund in sorted(found, key=lambda refund: (refund["created"], refund["id"])))


def _told_of_session(session: Object, intent: Object | None) -> tuple[Told, str | None]:
    if intent is not None and intent["status"] in ("succeeded", "requires_capture", "canceled"):
        return _told_of_intent(intent)
    if session["status"] == "expired":
        return "cancelled", "expired"
    if session["status"] == "complete" and intent is None:
        return "succeeded", None
    if session["status"] == "complete" and intent is not None and intent["status"] == "requires_payment_method":
        return "failed", _why_declined(intent)
    return "pending", None


def _told_of_intent(intent: Object) -> tuple[Told, str | None]:
    told = _INTENT_TOLD[intent["status"]]
    if intent["status"] == "requires_payment_method" and intent.get("last_payment_error"):
        return "failed", _why_declined(intent)
    return told, (intent.get("cancellation_reason") or "cancelled") if told == "cancelled" else None


def _why_declined(intent: Object) -> str:
    error = intent.get("last_payment_error") or {}
    return str(error.get("decline_code") or error.get("code") or "declined")[:64]


def _amount_of(intent: Object) -> Money:
    """What really came, or what the card is held for; before that, what was asked for."""
    field = {"succeeded": "amount_received", "requires_capture": "amount_capturable"}.get(intent["status"], "amount")
    return from_provider("stripe", intent[field], intent["currency"])


def _ours(thing: Object) -> tuple[PaymentId, OrderId]:
    payment_id = our_payment_id(thing)
    if payment_id is None:
        raise NotOurPayment()
    return payment_id, OrderId(thing["metadata"]["order_id"])


def _mismatch(thing: Object, live: bool) -> str | None:
    """Money of the other mode is not money here, and money for another account is not ours."""
    if thing["livemode"] != live:
        return "other_mode"
    elsewhere = thing.get("on_behalf_of") or thing.get("transfer_data") or thing.get("application")
    return "other_account" if elsewhere else None

"""Stripe's webhooks: signed over their raw bytes, and taken for hints. What they say is asked of Stripe again."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from commerce.adapters.providers import Notice
from commerce.adapters.stripe.objects import our_payment_id
from commerce.errors import WebhookNotAuthentic, WebhookOfOtherMode, WebhookUnreadable
from commerce.formats.webhook_signature import is_authentic

SIGNATURE_HEADER: Final = "stripe-signature"

_OF_PAYMENTS: Final = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
        "payment_intent.canceled",
    }
)
_OF_WHAT_CAME_AFTER: Final = frozenset(
    {
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
_NAME: Final = re.compile(r"[\x21-\x7e]{1,255}")


def read_notice(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, *, live: bool
) -> Notice | None:
    """The notice, once its signature is right. None where it is of other things, or of an account connected to ours.

    Raises WebhookNotAuthentic, WebhookUnreadable, WebhookOfOtherMode.
    """
    if not is_authentic(headers.get(SIGNATURE_HEADER, ""), body, secrets, now):
        raise WebhookNotAuthentic()
    try:
        event: Any = json.loads(body)
        if event["livemode"] is not live:
            raise WebhookOfOtherMode()
        reference = None if event.get("account") else _reference_of(event["type"], event["data"]["object"])
        event_key = event["id"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WebhookUnreadable() from None
    if reference is None:
        return None
    if not _is_a_name(event_key) or not _is_a_name(reference):
        raise WebhookUnreadable()
    return Notice(event_key, reference)


def _reference_of(kind: str, thing: Mapping[str, Any]) -> str | None:
    if kind in _OF_PAYMENTS:
        return None if our_payment_id(thing) is None else str(thing["id"])
    if kind in _OF_WHAT_CAME_AFTER:
        intent = thing["payment_intent"]
        return None if intent is None else str(intent)
    return None


def _is_a_name(value: object) -> bool:
    """Stripe names things in a few visible characters; anything else could not be stored as a key, nor go in a path."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None and "/" not in value and "?" not in value

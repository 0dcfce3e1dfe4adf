"""Paystack's webhooks: signed over their raw bytes, without time or id, and taken for hints."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from commerce.adapters.paystack.objects import payment_id_of
from commerce.adapters.providers import Notice
from commerce.errors import WebhookNotAuthentic, WebhookOfOtherMode, WebhookUnreadable
from commerce.formats.paystack_signature import is_authentic

SIGNATURE_HEADER: Final = "x-paystack-signature"
_NAME: Final = re.compile(r"[\x21-\x7e]{1,100}")


def read_notice(body: bytes, headers: Mapping[str, str], secret: str, *, live: bool) -> Notice | None:
    """The notice, once its signature is right. None where it is of other things.

    Raises WebhookNotAuthentic, WebhookUnreadable, WebhookOfOtherMode.
    """
    if not is_authentic(headers.get(SIGNATURE_HEADER, ""), body, secret):
        raise WebhookNotAuthentic()
    try:
        event: Any = json.loads(body)
        kind, data = event["event"], event["data"]
        reference = _reference_of(kind, data)
        if reference is None or payment_id_of(reference) is None:
            return None
        if data.get("domain", _mode(live)) != _mode(live):
            raise WebhookOfOtherMode()
        return Notice(_event_key(kind, data, reference, body), reference)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WebhookUnreadable() from None


def _mode(live: bool) -> str:
    return "live" if live else "test"


def _reference_of(kind: str, data: Mapping[str, Any]) -> str | None:
    if kind == "charge.success":
        return str(data["reference"])
    if kind.startswith("refund."):
        return str(data["transaction_reference"])
    if kind.startswith("charge.dispute."):
        return str(data["transaction"]["reference"])
    return None


def _event_key(kind: str, data: Mapping[str, Any], reference: str, body: bytes) -> str:
    """The same for every delivery of one notice: what happened to which thing, and, as refunds come without an id, the
    digest of what was said."""
    key = f"{kind}:{data.get('id') or reference}:{hashlib.sha256(body).hexdigest()[:16]}"
    if _NAME.fullmatch(key) is None:
        raise WebhookUnreadable()
    return key

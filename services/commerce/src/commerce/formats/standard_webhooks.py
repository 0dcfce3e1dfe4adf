"""The wire form of what organisers' systems are told: Standard Webhooks, version 1.0.0 (github.com/standard-webhooks).

The signature is HMAC-SHA256 over `id.timestamp.body`, of the very bytes that are sent, under each secret that signs.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_SECRET_PREFIX = "whsec_"


def secret_text(secret: bytes) -> str:
    """A secret as receivers configure it."""
    return _SECRET_PREFIX + base64.b64encode(secret).decode()


def body_text(kind: str, at: datetime, number: int, data: Mapping[str, object]) -> str:
    """The body: what happened, when, the endpoint's number for it, and the whole state of what it happened to."""
    moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": kind, "timestamp": moment, "number": number, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def headers(message_id: str, body: bytes, secrets: Sequence[bytes], now: datetime) -> dict[str, str]:
    """The headers of one attempt. The id is the same in each, the time is the attempt's."""
    seconds = str(int(now.timestamp()))
    signed = f"{message_id}.{seconds}.".encode() + body
    signatures = [base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }

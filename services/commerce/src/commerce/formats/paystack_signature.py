"""Paystack's signatures: HMAC-SHA512 of the very bytes that were sent, by the secret key, in hexadecimal.

There is no time in it, so a notice can be sent again for ever; it is only a hint, and kept once.
Source: payments anchors, section 6; paystack.com/docs/payments/webhooks.
"""

import hashlib
import hmac


def is_authentic(header: str, body: bytes, secret: str) -> bool:
    """Whether the signature fits. Nothing fits an empty secret, for with that anyone could sign."""
    expected = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return bool(secret) and hmac.compare_digest(header.encode(), expected.encode())

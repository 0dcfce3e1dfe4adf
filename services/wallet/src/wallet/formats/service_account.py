"""A Google service account: the e-mail address Google knows us by, and the key that signs in its name.

Google wants RS256; the house's own tokens (`common.tokens`) are Ed25519 only, on purpose.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from wallet.errors import ServiceAccountUnreadable


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who signs, and with which key."""

    email: str
    key_id: str
    key: rsa.RSAPrivateKey

    def sign(self, claims: Mapping[str, object]) -> str:
        """`claims` as a compact RS256 JWT."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key_id}
        signed = f"{_encoded(_compact(header))}.{_encoded(_compact(claims))}"
        return f"{signed}.{_encoded(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def read_service_account(text: str | bytes) -> ServiceAccount:
    """Read the JSON key file Google hands out. Raises ServiceAccountUnreadable."""
    try:
        content = json.loads(text)
        key = serialization.load_pem_private_key(content["private_key"].encode(), password=None)
        account = ServiceAccount(str(content["client_email"]), str(content["private_key_id"]), _rsa(key))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ServiceAccountUnreadable from None
    return account


def _rsa(key: object) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError
    return key


def _compact(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

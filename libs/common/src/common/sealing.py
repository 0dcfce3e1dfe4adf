"""Seals what must be read again but must give nothing away to whoever reads the database: AES-256-GCM.

The secrets it works with come from settings. While one replaces another both are given, the newer first: it seals, and
either opens. What was sealed for one purpose, or bound to one thing, opens for no other.
"""

import hmac
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
SHORTEST_SECRET = 16


class NotSealedHere(ValueError):
    """Sealed with another secret, for another purpose or bound to something else; changed since; or never sealed."""


class Sealing:
    """Seals with the first of its secrets and opens with any."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Raises ValueError where there is none, or one too short to protect anything."""
        if not secrets or any(len(secret) < SHORTEST_SECRET for secret in secrets):
            raise ValueError(f"a secret to seal with needs at least {SHORTEST_SECRET} characters")
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}
        """Made once for each secret and purpose, of which there are few."""

    def seal(self, purpose: str, content: bytes, nonce: bytes, bound_to: bytes = b"") -> bytes:
        """Encrypt and authenticate; `nonce` is fresh. Opens only for the same purpose and `bound_to`."""
        return nonce + self._cipher(self._secrets[0], purpose).encrypt(nonce, content, bound_to)

    def unseal(self, purpose: str, sealed: bytes, bound_to: bytes = b"") -> bytes:
        """What was sealed for that purpose. Raises NotSealedHere for anything else."""
        for secret in self._secrets:
            try:
                return self._opened(secret, purpose, sealed, bound_to)
            except NotSealedHere:
                continue
        raise NotSealedHere("not sealed here, or not for this")

    def is_newest(self, purpose: str, sealed: bytes, bound_to: bytes = b"") -> bool:
        """Whether the first secret opens it, so that the others need not be kept for its sake."""
        try:
            self._opened(self._secrets[0], purpose, sealed, bound_to)
        except NotSealedHere:
            return False
        return True

    def _opened(self, secret: bytes, purpose: str, sealed: bytes, bound_to: bytes) -> bytes:
        try:
            return self._cipher(secret, purpose).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            raise NotSealedHere("not sealed here, or not for this") from None

    def _cipher(self, secret: bytes, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((secret, purpose))
        if cipher is None:
            cipher = self._ciphers[secret, purpose] = AESGCM(key_for(purpose, secret))
        return cipher


def key_for(purpose: str, secret: bytes) -> bytes:
    """A key of 32 bytes of its own for each purpose, out of one secret."""
    return hmac.digest(secret, purpose.encode(), "sha256")

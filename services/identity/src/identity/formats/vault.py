"""Hashes what must be recognised and seals what must be read again; both with a pepper that is not in the database.

Codes that people type are short, so their hash is slow (Argon2id with light parameters, as a code lives ten minutes and
takes five guesses) and salted with what it belongs to. Tokens of 256 bits need no slow hash.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw

from common.ids import BackerId, ChallengeId
from common.sealing import SHORTEST_SECRET, Sealing, key_for
from identity.domain.backer import folded

TOKEN_BYTES = 32
_ARGON2_KIB = 7168
_TICKET_PREFIX = "bkt_"


class Vault:
    """Everything that needs the pepper."""

    def __init__(self, pepper: str) -> None:
        """Raises ValueError for a pepper too short to protect anything."""
        if len(pepper) < SHORTEST_SECRET:
            raise ValueError(f"the pepper needs at least {SHORTEST_SECRET} characters")
        self._pepper = pepper.encode()
        self.sealing = Sealing([pepper])

    def code_digest(self, challenge_id: ChallengeId, code: str) -> bytes:
        """The slow hash of a sign-in code. Takes milliseconds: call it in a thread."""
        return self._slow("sign-in code", code, challenge_id.uuid.bytes)

    def access_code_digest(self, username: str, access_code: str) -> bytes:
        """The slow hash of a backer's access code; case and surrounding blanks do not count. Call it in a thread."""
        salt = hashlib.sha256(folded(username).encode()).digest()[:16]
        return self._slow("access code", folded(access_code), salt)

    def successor(self, refresh_token: str, nonce: bytes) -> str:
        """The refresh token that follows another: only whoever shows that one again can have it made again."""
        made = hmac.digest(self._key("refresh token"), refresh_token.encode() + nonce, "sha256")
        return refresh_token_of(made)

    def seal_ticket(self, backer_id: BackerId, now: datetime, lifetime: timedelta, nonce: bytes) -> str:
        """A backer's ticket: opaque to whoever carries it, good until it ends."""
        ends = int((now + lifetime).timestamp())
        sealed = self.sealing.seal("backer ticket", backer_id.uuid.bytes + ends.to_bytes(8), nonce)
        return _TICKET_PREFIX + base64.urlsafe_b64encode(sealed).decode()

    def open_ticket(self, ticket: str, now: datetime) -> BackerId | None:
        """Whose ticket it is; None when it was not made here or has ended."""
        try:
            content = self.sealing.unseal(
                "backer ticket", base64.urlsafe_b64decode(ticket.removeprefix(_TICKET_PREFIX))
            )
        except ValueError:
            return None
        if int.from_bytes(content[16:]) <= now.timestamp():
            return None
        return BackerId.from_uuid(UUID(bytes=content[:16]))

    def _slow(self, purpose: str, secret: str, salt: bytes) -> bytes:
        peppered = hmac.digest(self._key(purpose), secret.encode(), "sha256")
        return hash_secret_raw(peppered, salt, 1, _ARGON2_KIB, 1, 32, Type.ID)

    def _key(self, purpose: str) -> bytes:
        return key_for(purpose, self._pepper)


def token_digest(token: str) -> bytes:
    """The hash under which a 256-bit token is kept."""
    return hashlib.sha256(token.encode()).digest()


def refresh_token_of(random: bytes) -> str:
    """A refresh token out of 32 unpredictable bytes."""
    return "lyr_" + url_text(random)


def url_text(random: bytes) -> str:
    """Bytes as text that fits an address."""
    return base64.urlsafe_b64encode(random).decode().rstrip("=")

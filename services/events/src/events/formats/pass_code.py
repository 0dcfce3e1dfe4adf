"""The code in a pass' QR: who vouches for which pass, readable and checkable without any database.

    byte 0        version, 1
    byte 1        key id: the first byte of the SHA-256 of the public key
    bytes 2-3     generation of the pass, big-endian: a code of an older one is void
    bytes 4-19    UUID of the pass
    bytes 20-35   UUID of the event
    bytes 36-99   Ed25519 signature over "lanyard pass code" and bytes 0-35

100 bytes are 150 letters of base 45, which fit a QR code of version 6 (41 x 41 modules) with error correction M.
A key is rotated by putting a new one first: it signs, and what the others signed stays good while they are listed.
Two keys may share a key id; both are then tried.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from common.ids import EventId, PassId
from events.formats import base45

VERSION = 1
_CONTEXT = b"lanyard pass code"
_CLAIM = struct.Struct(">BBH16s16s")
_SIGNATURE_BYTES = 64


class NotAPassCode(ValueError):
    """The text is no code of ours: another length, alphabet or version."""


class ForgedPassCode(ValueError):
    """The text has the shape of a code of ours, yet none of our keys signed it."""


class UnusableKey(ValueError):
    """The configured key is no Ed25519 JWK, or the first one has no private half."""


class PassClaim(NamedTuple):
    """What a code says. `generation` is 1 for a fresh pass and at most 65,535."""

    pass_id: PassId
    event_id: EventId
    generation: int


@dataclass(frozen=True, slots=True)
class _Key:
    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None

    @property
    def id(self) -> int:
        return hashlib.sha256(self.public.public_bytes_raw()).digest()[0]


class PassCodes:
    """Signs codes with one key and reads what any of its keys signed."""

    def __init__(self, keys: Sequence[_Key]) -> None:
        if not keys:
            raise UnusableKey("no key is given")
        self._first = keys[0]
        self._by_id: dict[int, list[Ed25519PublicKey]] = {}
        for key in keys:
            self._by_id.setdefault(key.id, []).append(key.public)

    @classmethod
    def from_json(cls, text: str) -> "PassCodes":
        """Read a JWK or a JWKS. Public halves are enough to read codes. Raises UnusableKey."""
        try:
            parsed = json.loads(text)
            return cls([_key(jwk) for jwk in parsed.get("keys", [parsed])])
        except (ValueError, TypeError, KeyError, AttributeError) as reason:
            raise UnusableKey(f"not an Ed25519 JWK or JWKS: {type(reason).__name__}") from None

    @property
    def can_sign(self) -> bool:
        """Whether the first key has its private half."""
        return self._first.private is not None

    def sign(self, claim: PassClaim) -> str:
        """The code for a claim. Raises UnusableKey where only public halves are known."""
        if self._first.private is None:
            raise UnusableKey("the first key has no private half")
        body = _CLAIM.pack(
            VERSION, self._first.id, claim.generation, claim.pass_id.uuid.bytes, claim.event_id.uuid.bytes
        )
        return base45.encode(body + self._first.private.sign(_CONTEXT + body))

    def read(self, code: str) -> PassClaim:
        """What a code says, proved. Raises NotAPassCode or ForgedPassCode."""
        try:
            data = base45.decode(code)
        except base45.NotBase45 as reason:
            raise NotAPassCode(str(reason)) from None
        if len(data) != _CLAIM.size + _SIGNATURE_BYTES or data[0] != VERSION:
            raise NotAPassCode("another length or version")
        body, signature = data[: _CLAIM.size], data[_CLAIM.size :]
        _, key_id, generation, pass_uuid, event_uuid = _CLAIM.unpack(body)
        if not any(_signed(public, signature, body) for public in self._by_id.get(key_id, [])):
            raise ForgedPassCode("no key of ours signed this")
        return PassClaim(
            PassId.from_uuid(UUID(bytes=pass_uuid)), EventId.from_uuid(UUID(bytes=event_uuid)), int(generation)
        )


def _signed(public: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        public.verify(signature, _CONTEXT + body)
    except InvalidSignature:
        return False
    return True


def _key(jwk: Mapping[str, Any]) -> _Key:
    if jwk["kty"] != "OKP" or jwk["crv"] != "Ed25519":
        raise UnusableKey("not an Ed25519 key")
    public = Ed25519PublicKey.from_public_bytes(_unpadded(jwk["x"]))
    if "d" not in jwk:
        return _Key(public, None)
    private = Ed25519PrivateKey.from_private_bytes(_unpadded(jwk["d"]))
    if private.public_key() != public:
        raise UnusableKey("the two halves of a key do not belong together")
    return _Key(public, private)


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

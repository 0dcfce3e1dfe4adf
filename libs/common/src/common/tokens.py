"""The only way tokens are signed and verified: Ed25519 JWTs, every claim demanded, the algorithm fixed.

joserfc's decoder checks the signature alone and would accept an expired token, so nothing else in the house calls it.
`Ed25519` is the algorithm's name since RFC 9864; the older `EdDSA` is not accepted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

ALGORITHM = "Ed25519"
LEEWAY = timedelta(seconds=30)


class InvalidToken(Exception):
    """A token that proves nothing. The reason is for the audit log, never for the caller."""


class ForgedToken(InvalidToken):
    """Nothing that the issuer ever signed: a guess, where other invalid tokens may be an honest client's old ones."""


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key with its id."""

    key: OKPKey

    @classmethod
    def from_json(cls, text: str) -> "SigningKey":
        """Read a private JWK. Its `kid` is kept, or derived (RFC 7638) where it has none."""
        key = OKPKey.import_key(json.loads(text))
        key.ensure_kid()
        return cls(key)

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new key, for tests and the devstack."""
        key = OKPKey.generate_key("Ed25519")
        key.ensure_kid()
        return cls(key)

    def private_json(self) -> str:
        """The private JWK as text."""
        return json.dumps(self.key.as_dict(private=True), sort_keys=True)

    def public_jwks(self) -> str:
        """A JWKS with the public half alone."""
        return json.dumps({"keys": [self.key.as_dict(private=False)]}, sort_keys=True)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWT over `claims`, which must hold `iss`, `aud`, `iat` and `exp`."""
        header = {"alg": ALGORITHM, "kid": self.key.kid, "typ": "JWT"}
        return jwt.encode(header, dict(claims), self.key, algorithms=[ALGORITHM])


class VerifyingKeys:
    """The public keys one issuer may sign with, by key id."""

    def __init__(self, jwks: str) -> None:
        """Raises ValueError, TypeError or KeyError when `jwks` is no set of keys."""
        try:
            self._keys = KeySet.import_key_set(json.loads(jwks))
        except JoseError as reason:
            raise ValueError(f"no set of keys: {reason}") from None
        self.key_ids: frozenset[str] = frozenset(key.kid for key in self._keys.keys if key.kid)

    def verify(self, token: str, *, issuer: str, audience: str, now: datetime) -> dict[str, Any]:
        """The claims of a token that `issuer` signed for `audience` and that is valid at `now` (30 s leeway).

        Raises InvalidToken for anything else: a missing claim, expired, from the future. ForgedToken is the one for a
        wrong or unknown key and another algorithm.
        """
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError) as reason:
            raise ForgedToken(f"signature: {reason}") from None
        claims: dict[str, Any] = decoded.claims
        if claims.get("iss") != issuer:
            raise InvalidToken("issuer")
        if claims.get("aud") != audience:
            raise InvalidToken("audience")
        moment, leeway = now.timestamp(), LEEWAY.total_seconds()
        if not _is_time(claims.get("exp")) or claims["exp"] + leeway <= moment:
            raise InvalidToken("expired")
        if not _is_time(claims.get("iat")) or claims["iat"] > moment + leeway:
            raise InvalidToken("from the future")
        if "nbf" in claims and (not _is_time(claims["nbf"]) or claims["nbf"] > moment + leeway):
            raise InvalidToken("not yet valid")
        return claims


def key_id(token: str) -> str | None:
    """The key id a token names, unverified: only good for deciding whether to fetch newer keys."""
    from joserfc.util import urlsafe_b64decode  # noqa: PLC0415 - private to this reading

    try:
        kid = json.loads(urlsafe_b64decode(token.split(".", 1)[0].encode())).get("kid")
    except (ValueError, AttributeError, RecursionError):
        return None
    return kid if isinstance(kid, str) else None


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

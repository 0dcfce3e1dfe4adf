"""The token a client shows at the gateway: five minutes long, says who and which sign-in, and no roles.

Keys are changed in three steps, each once the gateways have had five minutes to hear of the one before: the next key's
public half is published, it signs beside the old one's public half, and the old one's goes.
"""

import json
from datetime import datetime

from common.ids import SignInId, UserId
from common.tokens import SigningKey
from identity.domain.policy import ACCESS_TOKEN_LIFETIME

ISSUER = "lanyard-identity"
AUDIENCE = "lanyard"


class AccessTokens:
    """Makes access tokens."""

    def __init__(self, key: SigningKey, further_keys: str = "") -> None:
        """
        Args:
            key: signs.
            further_keys: a JWKS of public keys that are published too: the next one's, or the last one's.

        Raises ValueError when one of them is private: it would be told to everybody.
        """
        self._key = key
        own, further = json.loads(key.public_jwks())["keys"], json.loads(further_keys or '{"keys": []}')["keys"]
        if any("d" in each for each in further):
            raise ValueError("the further keys of access tokens are public ones; one of these is private")
        self.public_jwks = json.dumps({"keys": [*own, *further]}, sort_keys=True)

    def issue(self, user_id: UserId, sign_in_id: SignInId, at: datetime) -> str:
        """The token for a sign-in, made at `at`. The same arguments always give the same token."""
        issued = int(at.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": sign_in_id,
            "iat": issued,
            "exp": issued + int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        }
        return self._key.sign(claims)

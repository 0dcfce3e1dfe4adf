"""The token a client shows at the gateway: five minutes long, says who and which sign-in, and no roles."""

from datetime import datetime

from common.ids import SignInId, UserId
from common.tokens import SigningKey
from identity.domain.policy import ACCESS_TOKEN_LIFETIME

ISSUER = "lanyard-identity"
AUDIENCE = "lanyard"


class AccessTokens:
    """Makes access tokens."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.public_jwks = key.public_jwks()

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

"""Who is asking: the signed internal identity that the gateway sends with every request.

The gateway mints it (`InternalIssuer`), the services believe nothing else (`Authenticator`). Claims are those of
ARCHITECTURE.md section 3; services authorise from them and keep no copies of memberships.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from common.ids import Id, OrganizationId, SignInId, UserId, WorkspaceId
from common.refusals import Unauthenticated
from common.tokens import InvalidToken, SigningKey, VerifyingKeys

ISSUER = "lanyard-gateway"
LIFETIME = timedelta(seconds=60)

Kind = Literal["user", "device", "key", "anonymous", "system"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone, or something, that asks.

    `subject` is the user, device or API key id; None when anonymous. `email` is verified or None. The roles are what
    identity knew at most a moment ago: a demotion bites on the next request.
    """

    kind: Kind
    subject: str | None = None
    sign_in_id: SignInId | None = None
    authenticated_at: datetime | None = None
    email: str | None = None
    name: str | None = None
    authorization_version: int = 0
    platform_roles: frozenset[str] = frozenset()
    organization_roles: Mapping[OrganizationId, str] = field(default_factory=dict)
    workspace_roles: Mapping[WorkspaceId, str] = field(default_factory=dict)

    @property
    def user_id(self) -> UserId | None:
        """The user, when a person is asking."""
        return UserId(self.subject) if self.kind == "user" and self.subject else None

    def require_user(self) -> UserId:
        """The user, or a 401 when it is not a signed-in person who asks."""
        user_id = self.user_id
        if user_id is None:
            raise Unauthenticated()
        return user_id

    @property
    def actor(self) -> str:
        """How an audit row names the principal."""
        return self.subject or self.kind


ANONYMOUS = Principal(kind="anonymous")
SYSTEM = Principal(kind="system", subject=None)
OPERATOR = "operator"
"""The audit actor of commands run by an operator at the machine."""


class InternalIssuer:
    """The gateway's half: turns a principal into a token for one service."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def mint(self, principal: Principal, audience: str, now: datetime) -> str:
        """A token for `audience`, valid for 60 s from `now`."""
        issued = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": audience,
            "iat": issued,
            "exp": issued + int(LIFETIME.total_seconds()),
            "sub": principal.subject,
            "kind": principal.kind,
            "sid": principal.sign_in_id,
            "authTime": int(principal.authenticated_at.timestamp()) if principal.authenticated_at else None,
            "email": principal.email,
            "name": principal.name,
            "azv": principal.authorization_version,
            "roles": {
                "platform": sorted(principal.platform_roles),
                "org": dict(principal.organization_roles),
                "wsp": dict(principal.workspace_roles),
            },
        }
        return self._key.sign(claims)


class Authenticator:
    """The services' half: turns the bearer token of a request into a principal, or refuses with 401."""

    def __init__(self, keys: VerifyingKeys, audience: str) -> None:
        self._keys = keys
        self._audience = audience
        self._known: dict[str, tuple[float, Principal]] = {}

    def authenticate(self, authorization: str | None, now: datetime) -> Principal:
        """The principal of an `Authorization` header.

        A verified token is remembered until it ends, because the gateway sends the same one for up to 45 s.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated()
        moment = now.timestamp()
        remembered = self._known.get(token)
        if remembered and remembered[0] > moment:
            return remembered[1]
        try:
            claims = self._keys.verify(token, issuer=ISSUER, audience=self._audience, now=now)
            principal = _principal(claims)
        except (InvalidToken, ValueError, KeyError, TypeError, AttributeError):
            raise Unauthenticated() from None
        if len(self._known) >= _REMEMBERED_TOKENS:
            self._known.clear()
        self._known[token] = (float(claims["exp"]), principal)
        return principal


_REMEMBERED_TOKENS = 20_000


def _principal(claims: Mapping[str, Any]) -> Principal:
    roles = claims["roles"]
    return Principal(
        kind=claims["kind"],
        subject=claims["sub"],
        sign_in_id=_optional(SignInId, claims["sid"]),
        authenticated_at=datetime.fromtimestamp(claims["authTime"], UTC) if claims["authTime"] else None,
        email=claims["email"],
        name=claims["name"],
        authorization_version=claims["azv"],
        platform_roles=frozenset(roles["platform"]),
        organization_roles={OrganizationId(key): role for key, role in roles["org"].items()},
        workspace_roles={WorkspaceId(key): role for key, role in roles["wsp"].items()},
    )


def _optional(kind: type[Id], text: str | None) -> Any:
    return kind(text) if text else None

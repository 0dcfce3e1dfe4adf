"""The gateway's three questions to identity: its keys, the next second of the lease, and who a sign-in is.

The only look-up the gateway makes anywhere; everything fails closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from common.ids import OrganizationId, SignInId, WorkspaceId
from common.principal import SYSTEM, Kind, Principal
from common.session_feed import LeaseAnswer, LeaseRequest, LookupAnswer, LookupRequest
from gateway.auth.internal_tokens import InternalTokens
from gateway.errors import IdentityAway
from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import call

LOOKUP_SECONDS = 0.8
"""So that a caller hears of identity's absence within a second."""
LEASE_SECONDS = 0.6
KEYS_SECONDS = 2.0

_KINDS: Mapping[str, Kind] = {"user": "user", "device": "device", "key": "key"}


UNKNOWN = "unknown"
"""Identity's word for what was never there, or was shown with a wrong secret."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nobody is behind it (any more), and why: `signed_out`, `session_replaced`, `unknown` and so on."""

    reason: str


class Identity:
    """The identity service as the gateway sees it."""

    def __init__(self, pool: Pool, tokens: InternalTokens) -> None:
        self._pool = pool
        self._tokens = tokens

    async def keys(self) -> str:
        """Its public keys as a JWKS."""
        return (await self._ask("GET", "/internal/keys", b"", KEYS_SECONDS)).decode()

    async def renew_lease(self, replica: str, position: int) -> LeaseAnswer:
        """Ask for the next lease and everything dropped since `position`."""
        body = LeaseRequest(replica=replica, position=position).model_dump_json(by_alias=True).encode()
        answer = await self._ask("POST", "/internal/session-feed/lease", body, LEASE_SECONDS)
        try:
            return LeaseAnswer.model_validate_json(answer)
        except ValidationError:
            raise IdentityAway() from None

    async def look_up(self, name: str) -> Principal | Ended:
        """Who a sign-in (by its id), a device or an API key (by its whole token) is, now, or that there is none.

        Raises:
            IdentityAway: nobody can tell.
        """
        body = LookupRequest(sign_in_id=name).model_dump_json(by_alias=True).encode()
        answer = await self._ask("POST", "/internal/sign-ins/lookup", body, LOOKUP_SECONDS)
        try:
            found = LookupAnswer.model_validate_json(answer)
            return _principal(found) if found.active else Ended(found.reason or UNKNOWN)
        except (ValueError, KeyError):
            raise IdentityAway() from None

    async def _ask(self, method: str, path: str, body: bytes, seconds: float) -> bytes:
        try:
            answer = await call(
                self._pool, method, path, body, seconds, self._tokens.header_for(SYSTEM, self._pool.service)
            )
        except (Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime):
            raise IdentityAway() from None
        if answer.status != 200:
            raise IdentityAway()
        return answer.body


def _principal(found: LookupAnswer) -> Principal:
    return Principal(
        kind=_KINDS[found.kind],
        subject=found.subject,
        sign_in_id=SignInId(found.sign_in_id) if found.sign_in_id else None,
        authenticated_at=found.authenticated_at,
        email=found.email,
        name=found.name,
        authorization_version=found.authorization_version,
        platform_roles=frozenset(found.platform_roles),
        organization_roles={OrganizationId(key): role for key, role in found.organization_roles.items()},
        workspace_roles={WorkspaceId(key): role for key, role in found.workspace_roles.items()},
    )

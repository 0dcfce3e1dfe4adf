"""Who stands at the door: from an Authorization header to a principal and what it may do anywhere.

The usual case asks nobody: the token was verified before, and the sign-in is in the cache while the lease holds
(`common.session_feed`). Otherwise identity is asked. A look-up is shared among those who ask for the same sign-in only
while the lease holds, because without it a look-up begun earlier may be older than a revocation already answered.
"""

import asyncio
from dataclasses import dataclass, field

from common.capabilities import Capability, holds_anywhere
from common.principal import ANONYMOUS, Principal
from common.session_feed import SignInCache
from gateway.auth.access_tokens import AccessToken, AccessTokens
from gateway.auth.identity import Identity
from gateway.errors import CapabilityMissing, IdentityAway, NotSignedIn, TokenRefused
from gateway.routing import Public, Row

CAPACITY = 50_000


@dataclass(slots=True)
class Caller:
    """A principal, and the answers already given about it."""

    principal: Principal
    _held: dict[Capability, bool] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the access log: the id, or the kind of one without."""
        return self.principal.subject or self.principal.kind

    def holds(self, capability: Capability) -> bool:
        """Whether some grant, anywhere, holds the capability."""
        held = self._held.get(capability)
        if held is None:
            held = self._held[capability] = holds_anywhere(self.principal, capability)
        return held


NOBODY = Caller(ANONYMOUS)


class Door:
    """Identifies callers and checks what the table asks of them."""

    def __init__(self, tokens: AccessTokens, cache: SignInCache, identity: Identity) -> None:
        self._tokens = tokens
        self._cache = cache
        self._identity = identity
        self._callers: dict[str, Caller] = {}
        self._looking: dict[str, asyncio.Task[Principal]] = {}

    async def admit(self, row: Row, method: str, authorization: list[bytes]) -> Caller:
        """The caller of a request to `row`.

        Raises:
            NotSignedIn, TokenRefused (401), CapabilityMissing (403), IdentityAway (503).
        """
        who = row.who
        if isinstance(who, Public):
            return await self._admit_to_public(who, method, authorization)
        if not authorization:
            raise NotSignedIn()
        caller = await self._identify(authorization)
        if isinstance(who, Capability) and not caller.holds(who):
            raise CapabilityMissing(capability=who.value)
        return caller

    async def _admit_to_public(self, who: Public, method: str, authorization: list[bytes]) -> Caller:
        """A public read goes on without identity; a public write keeps its maker or is refused."""
        if not who.knows_caller or not authorization:
            return NOBODY
        try:
            return await self._identify(authorization)
        except IdentityAway:
            if method in ("GET", "HEAD"):
                return NOBODY
            raise

    async def _identify(self, authorization: list[bytes]) -> Caller:
        token = _bearer(authorization)
        access = self._tokens.recall(token) or await self._tokens.verify(token)
        principal = self._cache.get(access.sign_in_id)
        if principal is None:
            principal = await self._look_up(access)
        if principal.subject != access.subject:
            raise TokenRefused()
        return self._caller(access.sign_in_id, principal)

    def _caller(self, sign_in_id: str, principal: Principal) -> Caller:
        caller = self._callers.get(sign_in_id)
        if caller is None or caller.principal is not principal:
            if len(self._callers) >= CAPACITY:
                self._callers.clear()
            caller = self._callers[sign_in_id] = Caller(principal)
        return caller

    async def _look_up(self, access: AccessToken) -> Principal:
        if not self._cache.leased:
            return await self._ask(access.sign_in_id)
        drops = self._cache.begin_look_up()
        key = f"{access.sign_in_id} {drops}"
        looking = self._looking.get(key)
        if looking is None:
            looking = self._looking[key] = asyncio.create_task(self._ask(access.sign_in_id))
            looking.add_done_callback(lambda done: self._looked_up(key, done))
        return await asyncio.shield(looking)

    def _looked_up(self, key: str, done: asyncio.Task[Principal]) -> None:
        del self._looking[key]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may be left to

    async def _ask(self, sign_in_id: str) -> Principal:
        marker = self._cache.begin_look_up()
        principal = await self._identity.look_up(sign_in_id)
        self._cache.store(sign_in_id, principal, marker)
        return principal


def _bearer(authorization: list[bytes]) -> bytes:
    scheme, _, token = authorization[0].partition(b" ")
    if len(authorization) != 1 or scheme.lower() != b"bearer" or not token.strip():
        raise TokenRefused()
    return token.strip()

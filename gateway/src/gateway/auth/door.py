"""Who stands at the door: from an Authorization header to a principal and what it may do anywhere.

The usual case asks nobody: the token was verified before, and the sign-in is in the cache while the lease holds
(`common.session_feed`). Otherwise identity is asked. A look-up is shared among those who ask for the same sign-in only
while the lease holds, because without it a look-up begun earlier may be older than a revocation already answered.
"""

import asyncio
import re
from dataclasses import dataclass, field
from hashlib import sha256

from common.capabilities import Capability, holds_anywhere
from common.principal import ANONYMOUS, Principal
from common.session_feed import SignInCache
from gateway.auth.access_tokens import AccessTokens
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
        proof = _machine(token) if token.startswith(_MACHINE_PREFIXES) else await self._person(token)
        principal = self._cache.get(proof.cached_as)
        if principal is None:
            principal = await self._look_up(proof)
        if principal.subject != proof.subject:
            raise TokenRefused()
        return self._caller(proof.cached_as, principal)

    async def _person(self, token: bytes) -> "_Proof":
        access = self._tokens.recall(token) or await self._tokens.verify(token)
        return _Proof(access.subject, access.sign_in_id, access.sign_in_id)

    def _caller(self, cached_as: str, principal: Principal) -> Caller:
        caller = self._callers.get(cached_as)
        if caller is None or caller.principal is not principal:
            if len(self._callers) >= CAPACITY:
                self._callers.clear()
            caller = self._callers[cached_as] = Caller(principal)
        return caller

    async def _look_up(self, proof: "_Proof") -> Principal:
        if not self._cache.leased:
            return await self._ask(proof)
        key = f"{proof.cached_as} {self._cache.begin_look_up()}"
        looking = self._looking.get(key)
        if looking is None:
            looking = self._looking[key] = asyncio.create_task(self._ask(proof))
            looking.add_done_callback(lambda done: self._looked_up(key, done))
        return await asyncio.shield(looking)

    def _looked_up(self, key: str, done: asyncio.Task[Principal]) -> None:
        del self._looking[key]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may be left to

    async def _ask(self, proof: "_Proof") -> Principal:
        marker = self._cache.begin_look_up()
        principal = await self._identity.look_up(proof.name)
        self._cache.store(proof.cached_as, principal, marker)
        return principal


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a bearer claims: who it is, how identity knows it, and under which name its answer is kept."""

    subject: str
    name: str
    cached_as: str


def _machine(token: bytes) -> _Proof:
    """A device or an API key: `<id>.<secret>`, which identity checks. The secret itself is not kept."""
    parts = _MACHINE_TOKEN.match(token)
    if parts is None:
        raise TokenRefused()
    return _Proof(parts[1].decode(), token.decode(), f"machine {sha256(token).hexdigest()}")


def _bearer(authorization: list[bytes]) -> bytes:
    scheme, _, token = authorization[0].partition(b" ")
    if len(authorization) != 1 or scheme.lower() != b"bearer" or not token.strip():
        raise TokenRefused()
    return token.strip()


_MACHINE_PREFIXES = (b"dev_", b"key_")
_MACHINE_TOKEN = re.compile(rb"((?:dev|key)_[0-9a-z]{26})\.[A-Za-z0-9_-]{20,200}\Z")

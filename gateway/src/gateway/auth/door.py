"""Who stands at the door: from an Authorization header to a principal and what it may do anywhere.

The usual case asks nobody: a signature costs more to check than a request costs to pass on, so what was shown before is
remembered by its SHA-256, and the sign-in is in the cache while the lease holds (`common.session_feed`). Otherwise
identity is asked. A look-up is shared among those who ask for the same sign-in only while the lease holds, because without
it a look-up begun earlier may be older than a revocation already answered.

That somebody is nobody any more is remembered for a few seconds, lease or not: refusing is always safe.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from common.capabilities import Capability
from common.clock import Clock
from common.principal import Principal
from common.session_feed import SignInCache
from common.tokens import ForgedToken, InvalidToken
from gateway.auth.access_tokens import AccessTokens
from gateway.auth.caller import NOBODY, Caller
from gateway.auth.guesses import Guesses
from gateway.auth.identity import UNKNOWN, Ended, Identity
from gateway.auth.shown import MACHINE_PREFIXES, Shown, bearer, machine
from gateway.errors import CapabilityMissing, IdentityAway, NotSignedIn, QuotaExceeded, SessionReplaced, TokenRefused
from gateway.routing import Public, Row

Key = TypeVar("Key")
Value = TypeVar("Value")

CAPACITY = 50_000
"""Tokens remembered, and ended sign-ins; beyond it the oldest tenth is forgotten."""
ENDED_SECONDS = 10.0


class Door:
    """Identifies callers and checks what the table asks of them."""

    def __init__(
        self, tokens: AccessTokens, cache: SignInCache, identity: Identity, guesses: Guesses, clock: Clock
    ) -> None:
        self._tokens = tokens
        self._cache = cache
        self._identity = identity
        self._guesses = guesses
        self._clock = clock
        self._shown: dict[bytes, Shown] = {}
        self._ended: dict[str, _Remembered] = {}
        self._looking: dict[str, asyncio.Task[Principal | Ended]] = {}
        tokens.when_a_key_goes(self._shown.clear)

    async def admit(self, row: Row, method: str, authorization: list[bytes], network: str) -> Caller:
        """The caller of a request to `row`, who may call it. Raises what `identify` and `check` raise."""
        caller = await self.identify(row, method, authorization, network)
        self.check(row, caller)
        return caller

    def at_once(self, row: Row, authorization: list[bytes]) -> Caller | None:
        """Who asks, where that is known without asking anybody: the usual case."""
        who = row.who
        if isinstance(who, Public) and not (who.knows_caller and authorization):
            return NOBODY
        return self._recall(authorization)

    async def identify(self, row: Row, method: str, authorization: list[bytes], network: str) -> Caller:
        """Who asks, as far as the row wants to know.

        Args:
            authorization: the values of all Authorization fields.
            network: what wrong tokens are counted for.

        Raises:
            NotSignedIn, TokenRefused, SessionReplaced (401), IdentityAway (503), QuotaExceeded (429): too many wrong
            tokens from this network.
        """
        who = row.who
        if isinstance(who, Public):
            return await self._identify_to_public(who, method, authorization, network)
        if not authorization:
            raise NotSignedIn()
        return self._recall(authorization) or await self._identify(authorization, network)

    def check(self, row: Row, caller: Caller) -> None:
        """Raises CapabilityMissing (403) when no grant of the caller, anywhere, holds what the row asks for."""
        who = row.who
        if isinstance(who, Capability) and not caller.holds(who):
            raise CapabilityMissing(capability=who.value)

    def vouches(self, authorization: list[bytes]) -> Caller | None:
        """Whose these values are at this moment, as far as that can be told without asking anybody."""
        return self._recall(authorization)

    def good_until(self, authorization: list[bytes]) -> float:
        """When the token that was shown so runs out, in Unix seconds."""
        shown = self._shown.get(sha256(authorization[0]).digest())
        return shown.good_until.timestamp() if shown is not None else 0.0

    async def _identify_to_public(self, who: Public, method: str, authorization: list[bytes], network: str) -> Caller:
        """A public read goes on without identity; a public write keeps its maker or is refused."""
        if not who.knows_caller or not authorization:
            return NOBODY
        try:
            return self._recall(authorization) or await self._identify(authorization, network)
        except IdentityAway:
            if method in ("GET", "HEAD"):
                return NOBODY
            raise

    def _recall(self, authorization: list[bytes]) -> Caller | None:
        """Whoever showed this very header before, if the cache still holds the same of them."""
        if len(authorization) != 1:
            return None
        shown = self._shown.get(sha256(authorization[0]).digest())
        if shown is None or shown.good_until <= self._clock.now():
            return None
        caller = shown.caller
        return caller if self._cache.get(shown.cached_as) is caller.principal else None

    async def _identify(self, authorization: list[bytes], network: str) -> Caller:
        token = bearer(authorization)
        digest = sha256(authorization[0]).digest()
        shown = self._shown.get(digest)
        proven = shown is not None and shown.good_until > self._clock.now()
        if shown is None or not proven:
            shown = await self._read(token, network)
        found = self._cache.get(shown.cached_as) or self._ended_before(shown)
        if found is None:
            asking = self._look_up(shown, token)
            found = await (asking if proven or not shown.is_machine else self._try(asking, network))
        if isinstance(found, Ended):
            raise SessionReplaced() if found.reason == "session_replaced" else TokenRefused()
        if found.subject != shown.subject:
            raise TokenRefused()
        shown.caller = Caller(found)
        _keep(self._shown, digest, shown)
        return shown.caller

    async def _read(self, token: bytes, network: str) -> Shown:
        """What a token claims to be. A person's is proven by its signature, a machine's by identity alone."""
        try:
            if token.startswith(MACHINE_PREFIXES):
                return machine(token)
            access = await self._tokens.verify(token)
        except ForgedToken:
            self._guesses.count(network)
            raise TokenRefused() from None
        except InvalidToken:
            raise TokenRefused() from None
        return Shown(access.subject, access.sign_in_id, access.good_until)

    async def _try(self, asking: Coroutine[None, None, Principal | Ended], network: str) -> Principal | Ended:
        """Ask about a machine's token that nobody has shown here before: it may be a guess."""
        try:
            self._guesses.count(network)
        except QuotaExceeded:
            asking.close()
            raise
        wrong = False
        try:
            found = await asking
            wrong = found == Ended(UNKNOWN)
            return found
        finally:
            if not wrong:
                self._guesses.forgive(network)

    def _ended_before(self, shown: Shown) -> Ended | None:
        remembered = self._ended.get(shown.cached_as)
        if remembered is None or remembered.until <= asyncio.get_running_loop().time():
            return None
        void = self._cache.dropped_since(remembered.marker, shown.cached_as, shown.subject)
        return None if void else remembered.ended

    async def _look_up(self, shown: Shown, token: bytes) -> Principal | Ended:
        if not self._cache.leased:
            return await self._ask(shown, token)
        key = f"{shown.cached_as} {self._cache.begin_look_up()}"
        looking = self._looking.get(key)
        if looking is None:
            looking = self._looking[key] = asyncio.create_task(self._ask(shown, token))
            looking.add_done_callback(lambda done: self._looked_up(key, done))
        return await asyncio.shield(looking)

    def _looked_up(self, key: str, done: "asyncio.Task[Principal | Ended]") -> None:
        del self._looking[key]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may be left to

    async def _ask(self, shown: Shown, token: bytes) -> Principal | Ended:
        marker = self._cache.begin_look_up()
        found = await self._identity.look_up(token.decode() if shown.is_machine else shown.cached_as)
        if isinstance(found, Ended):
            until = asyncio.get_running_loop().time() + ENDED_SECONDS
            _keep(self._ended, shown.cached_as, _Remembered(found, marker, until))
        else:
            self._cache.store(shown.cached_as, found, marker)
        return found


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Nobody is behind a name: identity's answer, what was dropped before it was asked for, and for how long it is told."""

    ended: Ended
    marker: int
    until: float


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> None:
    if len(kept) >= CAPACITY and key not in kept:
        for oldest in list(kept)[: CAPACITY // 10]:
            del kept[oldest]
    kept[key] = value

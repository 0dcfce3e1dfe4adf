"""The token a client shows: an Ed25519 JWT of identity, five minutes long, that says who and which sign-in.

A signature costs more to check than a request costs to pass on, so a verified token is remembered by its SHA-256 until
it ends. Identity's public keys are fetched in the background and kept while identity is away.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from common.clock import Clock
from common.telemetry import logger
from common.tokens import InvalidToken, VerifyingKeys, key_id
from gateway.errors import IdentityAway, TokenRefused

ISSUER = "lanyard-identity"
AUDIENCE = "lanyard"
CAPACITY = 50_000
"""Verified tokens remembered; beyond it the oldest tenth is forgotten."""
REFRESH_SECONDS = 300.0
RETRY_SECONDS = 1.0
COOL_DOWN_SECONDS = 5.0
"""Between two fetches that unknown key ids asked for, however many such tokens arrive."""

FetchKeys = Callable[[], Awaitable[str]]
log = logger("gateway.keys")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token says."""

    subject: str
    sign_in_id: str
    expires_at: float


class AccessTokens:
    """Verifies access tokens. One event loop owns it."""

    def __init__(self, fetch_keys: FetchKeys, clock: Clock) -> None:
        self._fetch_keys = fetch_keys
        self._clock = clock
        self._keys: VerifyingKeys | None = None
        self._known: dict[bytes, AccessToken] = {}
        self._fetched_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether any key is known."""
        return self._keys is not None

    def recall(self, token: bytes) -> AccessToken | None:
        """A token verified before, and not yet ended."""
        known = self._known.get(sha256(token).digest())
        if known is None or known.expires_at <= self._clock.now().timestamp():
            return None
        return known

    async def verify(self, token: bytes) -> AccessToken:
        """What the token says.

        Raises:
            TokenRefused: it proves nothing.
            IdentityAway: no key could be fetched yet.
        """
        text = token.decode("ascii", "replace")
        kid = key_id(text)
        if kid is None:
            raise TokenRefused()
        if self._keys is None or kid not in self._keys.key_ids:
            await self._refresh_for_unknown()
        if self._keys is None:
            raise IdentityAway()
        if kid not in self._keys.key_ids:
            raise TokenRefused()
        verified = self._check(text, self._keys)
        self._remember(token, verified)
        return verified

    async def keep_keys_fresh(self) -> None:
        """Fetch identity's keys for ever: at once, then every few minutes, more often while none are known."""
        while True:
            await self._fetch()
            await asyncio.sleep(REFRESH_SECONDS if self.ready else RETRY_SECONDS)

    def _check(self, text: str, keys: VerifyingKeys) -> AccessToken:
        try:
            claims = keys.verify(text, issuer=ISSUER, audience=AUDIENCE, now=self._clock.now())
        except InvalidToken:
            raise TokenRefused() from None
        subject, sign_in_id = claims.get("sub"), claims.get("sid")
        if not isinstance(subject, str) or not isinstance(sign_in_id, str):
            raise TokenRefused()
        return AccessToken(subject, sign_in_id, float(claims["exp"]))

    def _remember(self, token: bytes, verified: AccessToken) -> None:
        if len(self._known) >= CAPACITY:
            for digest in list(self._known)[: CAPACITY // 10]:
                del self._known[digest]
        self._known[sha256(token).digest()] = verified

    async def _refresh_for_unknown(self) -> None:
        """One fetch for all who wait, and none within the cool-down of the last."""
        if self._fetching is None:
            if asyncio.get_running_loop().time() - self._fetched_at < COOL_DOWN_SECONDS:
                return
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        await asyncio.shield(self._fetching)

    def _fetched(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        self._fetched_at = asyncio.get_running_loop().time()
        try:
            self._keys = VerifyingKeys(await self._fetch_keys())
        except (IdentityAway, ValueError, KeyError, TypeError) as reason:
            log.warning("identity's keys could not be fetched; the known ones stay", reason=repr(reason))

"""The token a client shows: an Ed25519 JWT of identity, five minutes long, that says who and which sign-in.

Identity's public keys are fetched in the background and kept while identity is away. A token of an unknown key makes one
fetch at once, so that a new key is known before anyone is refused for it, and then none for a while, so that invented key
ids cost identity nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from common.clock import Clock
from common.telemetry import logger
from common.tokens import LEEWAY, ForgedToken, InvalidToken, VerifyingKeys, key_id
from gateway.errors import IdentityAway

ISSUER = "lanyard-identity"
AUDIENCE = "lanyard"
REFRESH_SECONDS = 300.0
RETRY_SECONDS = 1.0
COOL_DOWN_SECONDS = 5.0
"""Between two fetches that unknown key ids asked for, however many such tokens arrive."""

FetchKeys = Callable[[], Awaitable[str]]
log = logger("gateway.keys")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token says; `good_until` is its end with the leeway for clocks that differ."""

    subject: str
    sign_in_id: str
    good_until: datetime


class AccessTokens:
    """Verifies access tokens. One event loop owns it."""

    def __init__(self, fetch_keys: FetchKeys, clock: Clock) -> None:
        self._fetch_keys = fetch_keys
        self._clock = clock
        self._keys: VerifyingKeys | None = None
        self._fetched_at = self._searched_at = float("-inf")
        self._searching: asyncio.Task[None] | None = None
        self._when_a_key_goes: Callable[[], object] = lambda: None

    def when_a_key_goes(self, callback: Callable[[], object]) -> None:
        """Call `callback` when identity has withdrawn a key: what was proven with it is not proven any more."""
        self._when_a_key_goes = callback

    @property
    def ready(self) -> bool:
        """Whether any key is known."""
        return self._keys is not None

    @property
    def age(self) -> float:
        """Seconds since identity last told its keys; infinite before it ever did."""
        return asyncio.get_running_loop().time() - self._fetched_at

    async def verify(self, token: bytes) -> AccessToken:
        """What the token says.

        Raises:
            InvalidToken, ForgedToken: it proves nothing.
            IdentityAway: no key could be fetched yet.
        """
        text = token.decode("ascii", "replace")
        kid = key_id(text)
        if kid is None:
            raise ForgedToken("no key id")
        if self._keys is None or kid not in self._keys.key_ids:
            await self._search()
        if self._keys is None:
            raise IdentityAway()
        if kid not in self._keys.key_ids:
            raise ForgedToken("unknown key")
        claims = self._keys.verify(text, issuer=ISSUER, audience=AUDIENCE, now=self._clock.now())
        subject, sign_in_id = claims.get("sub"), claims.get("sid")
        if not isinstance(subject, str) or not isinstance(sign_in_id, str):
            raise InvalidToken("names nobody")
        return AccessToken(subject, sign_in_id, datetime.fromtimestamp(claims["exp"], UTC) + LEEWAY)

    async def keep_keys_fresh(self) -> None:
        """Fetch identity's keys for ever: at once, then every few minutes, more often while none are known."""
        while True:
            await self._fetch()
            await asyncio.sleep(REFRESH_SECONDS if self.ready else RETRY_SECONDS)

    async def _search(self) -> None:
        """One fetch for all who wait, and none within the cool-down of the last."""
        if self._searching is None:
            now = asyncio.get_running_loop().time()
            if now - self._searched_at < COOL_DOWN_SECONDS:
                return
            self._searched_at = now
            self._searching = asyncio.create_task(self._fetch())
            self._searching.add_done_callback(self._searched)
        await asyncio.shield(self._searching)

    def _searched(self, _: asyncio.Task[None]) -> None:
        self._searching = None

    async def _fetch(self) -> None:
        try:
            keys = VerifyingKeys(await self._fetch_keys())
        except (IdentityAway, ValueError, KeyError, TypeError) as reason:
            log.warning("identity's keys could not be fetched; the known ones stay", reason=repr(reason))
            return
        gone = self._keys is not None and not self._keys.key_ids <= keys.key_ids
        self._keys, self._fetched_at = keys, asyncio.get_running_loop().time()
        if gone:
            self._when_a_key_goes()

"""Keeps this replica's lease on identity's word: renewed over HTTP, made prompt by drops over NATS (which may be away)."""

import asyncio
from collections.abc import Callable

from common.session_feed import RENEW_EVERY, SignInCache
from common.telemetry import logger
from gateway.auth.identity import Identity
from gateway.errors import IdentityAway

log = logger("gateway.lease")


class LeaseKeeper:
    """Renews the lease for as long as the process lives."""

    def __init__(self, identity: Identity, cache: SignInCache, monotonic: Callable[[], float]) -> None:
        self._identity = identity
        self._cache = cache
        self._monotonic = monotonic

    async def keep(self) -> None:
        """Renew for ever. A failed renewal is no alarm by itself: the cache simply stops being believed."""
        held = False
        while True:
            await self._renew()
            if self._cache.leased != held:
                held = self._cache.leased
                log.info("lease held" if held else "lease lost: every sign-in is looked up")
            await asyncio.sleep(RENEW_EVERY.total_seconds())

    async def _renew(self) -> None:
        asked_at = self._monotonic()
        try:
            answer = await self._identity.renew_lease(self._cache.replica, self._cache.position)
        except IdentityAway:
            return
        self._cache.renewed(asked_at, answer)

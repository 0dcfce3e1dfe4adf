"""Transactions with an aftermath: what must happen after the commit and before the caller is answered.

Whatever a transaction takes away, the gateways must have forgotten before anyone hears that it is gone. The drops are
written last (see `store.session_feed`), and announced as soon as they are committed.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from common.bus import Bus
from common.db import Database, Transaction
from common.session_feed import announce
from common.telemetry import logger
from identity.store import session_feed

log = logger("identity.desk")


class After:
    """What has to happen once the transaction is committed."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.mail_waits = False

    def forget(self, *keys: str) -> None:
        """The gateways forget what they know of these sign-ins, people, devices or keys."""
        self.keys.extend(keys)

    def send_mail(self) -> None:
        """A mail was queued: it goes out at once."""
        self.mail_waits = True


class Desk:
    """Where all that changes rights, ends sign-ins or sends mail is done."""

    def __init__(self, database: Database, bus: Callable[[], Bus | None], wake_postman: Callable[[], None]) -> None:
        self.database = database
        self._bus = bus
        self._wake_postman = wake_postman

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[tuple[Transaction, After]]:
        """A transaction and its aftermath. When the block is left, all of both has happened."""
        after = After()
        async with self.database.transaction() as tx:
            yield tx, after
            if after.keys:
                await session_feed.insert_drops(tx, after.keys)
        if after.mail_waits:
            self._wake_postman()
        if after.keys:
            await self._announce(after.keys)

    async def _announce(self, keys: list[str]) -> None:
        async with self.database.transaction() as tx:
            leases = await session_feed.leases(tx)
        try:
            await announce(self._bus(), keys, leases)
        except Exception as error:  # noqa: BLE001 - whatever the broker does, the leases must run out before we answer
            log.warning("a drop could not be announced; waiting for the leases to end", error=repr(error))
            await announce(None, keys, leases)

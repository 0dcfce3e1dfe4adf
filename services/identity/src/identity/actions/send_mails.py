"""Sends the mails that are due.

Those that were sent are noted together, a fifth of a second's worth at most: a transaction for each would cost as much as
sending it. A crash before that sends these again, each with the same message id.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.db import Database
from identity.actions.queue_mail import SEAL
from identity.adapters.smtp import Bounced, Deferred, MailServer, Session
from identity.domain.mail_schedule import next_attempt
from identity.formats.mails import MailText
from identity.formats.vault import Vault
from identity.store import mails

BATCH = 20
NOTED_AFTER_SECONDS = 0.2


async def send_due_mails(database: Database, vault: Vault, server: MailServer) -> int:
    """Send one batch; how many were due."""
    async with database.transaction() as tx:
        due = await mails.take_due_mails(tx, BATCH)
    async with server.session() as session, _noting(database) as sent:
        for mail in due:
            if await _send(database, vault, session, mail):
                await sent.add(mail.id)
    return len(due)


class _Sent:
    """Mails that were sent and are not noted yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: list[int] = []
        self._since = 0.0

    async def add(self, mail_id: int) -> None:
        """The mail server has it."""
        now = asyncio.get_running_loop().time()
        self._since = self._since if self._ids else now
        self._ids.append(mail_id)
        if now - self._since >= NOTED_AFTER_SECONDS:
            await self.note()

    async def note(self) -> None:
        """Make it known for good."""
        if self._ids:
            async with self._database.transaction() as tx:
                mails.mark_sent(tx, self._ids)
            self._ids = []


@asynccontextmanager
async def _noting(database: Database) -> AsyncIterator[_Sent]:
    """Whatever ends the block, what was sent in it is noted."""
    sent = _Sent(database)
    try:
        yield sent
    finally:
        await sent.note()


async def _send(database: Database, vault: Vault, session: Session, mail: mails.DueMail) -> bool:
    """Whether it was sent; if not, what became of it is noted."""
    now = database.clock.now()
    if now >= mail.gives_up_at:
        async with database.transaction() as tx:
            await mails.mark_failed(tx, mail.id, "given up: it was not accepted in time")
        return False
    try:
        await session.send(
            mail.recipient, MailText.from_bytes(vault.sealing.unseal(SEAL, mail.content)), f"mail-{mail.id}", now
        )
    except Deferred as reason:
        async with database.transaction() as tx:
            await mails.defer(tx, mail.id, next_attempt(mail.attempts, tx.now), str(reason))
        return False
    except (Bounced, ValueError) as reason:
        async with database.transaction() as tx:
            await mails.mark_failed(tx, mail.id, str(reason))
        return False
    return True

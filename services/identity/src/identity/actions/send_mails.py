"""Sends the mails that are due. A crash between sending and noting it sends again, with the same message id."""

from common.db import Database
from identity.actions.queue_mail import SEAL
from identity.adapters.smtp import Bounced, Deferred, MailServer, Session
from identity.domain.mail_schedule import next_attempt
from identity.formats.mails import MailText
from identity.formats.vault import Vault
from identity.store import mails

BATCH = 20


async def send_due_mails(database: Database, vault: Vault, server: MailServer) -> int:
    """Send one batch; how many were due."""
    async with database.transaction() as tx:
        due = await mails.take_due_mails(tx, BATCH)
    async with server.session() as session:
        for mail in due:
            await _send(database, vault, session, mail)
    return len(due)


async def _send(database: Database, vault: Vault, session: Session, mail: mails.DueMail) -> None:
    now = database.clock.now()
    if now >= mail.gives_up_at:
        async with database.transaction() as tx:
            await mails.mark_failed(tx, mail.id, "given up: it was not accepted in time")
        return
    try:
        await session.send(
            mail.recipient, MailText.from_bytes(vault.unseal(SEAL, mail.content)), f"mail-{mail.id}", now
        )
    except Deferred as reason:
        async with database.transaction() as tx:
            await mails.defer(tx, mail.id, next_attempt(mail.attempts, tx.now), str(reason))
    except (Bounced, ValueError) as reason:
        async with database.transaction() as tx:
            await mails.mark_failed(tx, mail.id, str(reason))
    else:
        async with database.transaction() as tx:
            mails.mark_sent(tx, mail.id)

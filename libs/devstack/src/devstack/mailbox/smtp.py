"""The SMTP side: takes any mail for anyone, without a login, and keeps it."""

import asyncio
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, Envelope, Session

from devstack.mailbox.store import MailStore

MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Catcher:
    """The handler aiosmtpd calls; its method names are the library's."""

    store: MailStore

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        """Keep the message as it came, then accept it."""
        content = envelope.original_content or b""
        message_id = self.store.keep(content, envelope.mail_from or "", envelope.rcpt_tos)
        return f"250 2.0.0 Ok: caught as {message_id}"


async def listen(store: MailStore, host: str, port: int) -> asyncio.Server:
    """Start listening; closing the server ends it."""
    loop = asyncio.get_running_loop()
    handler = Catcher(store)
    return await loop.create_server(
        lambda: SMTP(handler, data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, hostname="lanyard.local", loop=loop),
        host,
        port,
    )

"""identity under test: in-process, with a real database, broker and mail server."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP

from common.testing import Running, RunService, eventually, running
from common.testing.servers import Servers
from common.tokens import SigningKey
from identity.main import service

ACCESS_KEY = SigningKey.generate()


@dataclass
class Mailbox:
    """A real SMTP server that keeps what it accepts. `refusals` are answered first, one to each attempt."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server's own name for it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived for an address, oldest first."""
        return [mail for mail in self.mails if mail["To"] == address]

    async def newest_to(self, address: str, *, count: int = 1) -> EmailMessage:
        """The newest mail to an address, once at least `count` arrived."""

        async def arrived() -> list[EmailMessage]:
            found = self.to(address)
            return found if len(found) >= count else []

        return (await eventually(arrived, what=f"mail number {count} to {address}"))[-1]

    async def code_for(self, address: str, *, count: int = 1) -> str:
        """The sign-in code in the newest mail to an address."""
        found = re.search(r"\b\d{6}\b", text_of(await self.newest_to(address, count=count)))
        assert found is not None
        return found.group()


def text_of(mail: EmailMessage) -> str:
    """The plain text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


@pytest.fixture
def run(servers: Servers, mailbox: Mailbox) -> RunService:
    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        own = {
            "access_token_key": ACCESS_KEY.private_json(),
            "code_pepper": "a pepper for tests only",
            "smtp_url": f"smtp://127.0.0.1:{mailbox.port}",
            "public_url": "https://lanyard.test",
        }
        async with running(service, servers, settings={**own, **options.pop("settings", {})}, **options) as world:
            yield world

    return start

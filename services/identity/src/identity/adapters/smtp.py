"""Hands mails to the mail server, and tells a refusal for good from one for now."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from identity.formats.mail_source import header, mail_source
from identity.formats.mails import MailText

TIMEOUT_SECONDS = 15.0
GOODBYE_SECONDS = 2.0
_INTERNATIONAL = ("SMTPUTF8", "BODY=8BITMIME")


class Deferred(Exception):
    """The mail server does not take the mail now; it may later."""


class Bounced(Exception):
    """The mail server will never take this mail."""


class MailServer:
    """A mail server and how it is reached."""

    def __init__(self, url: str, sender: str) -> None:
        """
        Args:
            url: `smtp://[user:password@]host:port` or `smtps://…`. With a password, encryption is demanded.
            sender: what `From` says.

        Raises ValueError for another scheme, and for a sender of several lines.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("LANYARD_SMTP_URL begins with smtp:// or smtps:// and names a host")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self.sender = parseaddr(sender)[1]
        """The address alone."""
        self._from = header("From", sender, international=not self.sender.isascii())
        self._domain = self.sender.rpartition("@")[2] or "localhost"

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Session"]:
        """Send what is sent meanwhile over one connection, made for the first mail."""
        session = Session(self)
        try:
            yield session
        finally:
            await session.close()

    def client(self) -> aiosmtplib.SMTP:
        """A connection that is not made yet."""
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._implicit_tls,
            start_tls=True if self._password and not self._implicit_tls else None,
            timeout=TIMEOUT_SECONDS,
        )

    def compose(self, recipient: str, mail: MailText, message_id: str, at: datetime, *, international: bool) -> bytes:
        """A mail as it travels. Raises ValueError where a header would hold several lines."""
        return mail_source(
            mail,
            sender=self._from,
            recipient=recipient,
            message_id=f"{message_id}@{self._domain}",
            at=at,
            international=international,
        )


class Session:
    """One connection to the mail server. After a refusal it goes on with the next mail; one that broke is made anew."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, recipient: str, mail: MailText, message_id: str, at: datetime) -> None:
        """Send one mail. A repeat with the same `message_id` is recognisable as such.

        Raises:
            Deferred: not now, or nobody answered, or we were not let in.
            Bounced: never.
            ValueError: it cannot be written down.
        """
        sender = self._server.sender
        international = not (sender.isascii() and recipient.isascii())
        source = self._server.compose(recipient, mail, message_id, at, international=international)
        client = await self._connected()
        try:
            options = _INTERNATIONAL if international else ()
            await client.sendmail(sender, [recipient], source, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _verdict(refused.recipients[0].code, refused.recipients[0].message) from None
        except aiosmtplib.SMTPResponseException as refused:
            raise _verdict(refused.code, refused.message) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Deferred(f"{type(error).__name__}: {error}") from None
        except ValueError as error:
            raise Bounced(str(error)) from None

    async def close(self) -> None:
        """Say good-bye."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=GOODBYE_SECONDS)
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            client = self._server.client()
            try:
                await client.connect()
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                # Also when it knows neither our name nor our password: that is set right some day, and no mail is to blame.
                client.close()
                raise Deferred(f"{type(error).__name__}: {error}") from None
            self._client = client
        return self._client


def _verdict(code: int, text: str) -> Exception:
    words = f"{code} {text}"
    return Bounced(words) if 500 <= code < 600 else Deferred(words)

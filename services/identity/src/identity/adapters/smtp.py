"""Hands mails to the mail server, and tells a refusal for good from one for now."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from identity.formats.mails import MailText

TIMEOUT_SECONDS = 15.0


class Deferred(Exception):
    """The mail server does not take the mail now; it may later."""


class Bounced(Exception):
    """The mail server will never take this mail."""


class MailServer:
    """A mail server, reached anew for each batch."""

    def __init__(self, url: str, sender: str) -> None:
        """
        Args:
            url: `smtp://[user:password@]host:port` or `smtps://…`. With a password, encryption is demanded.
            sender: what `From` says.

        Raises ValueError for another scheme.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("LANYARD_SMTP_URL begins with smtp:// or smtps:// and names a host")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender

    async def send(self, recipient: str, mail: MailText, message_id: str, at: datetime) -> None:
        """Send one mail. A repeat with the same `message_id` is recognisable as such.

        Raises:
            Deferred: not now, or nobody answered.
            Bounced: never.
        """
        message = self._compose(recipient, mail, message_id, at)
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._implicit_tls,
                start_tls=True if self._password and not self._implicit_tls else None,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _verdict(refused.recipients[0].code, refused.recipients[0].message) from None
        except aiosmtplib.SMTPResponseException as refused:
            raise _verdict(refused.code, refused.message) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Deferred(f"{type(error).__name__}: {error}") from None
        except ValueError as error:
            raise Bounced(str(error)) from None

    def _compose(self, recipient: str, mail: MailText, message_id: str, at: datetime) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        domain = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        message["From"] = self._sender
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{message_id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


def _verdict(code: int, text: str) -> Exception:
    words = f"{code} {text}"
    return Bounced(words) if 500 <= code < 600 else Deferred(words)

"""A mail as it travels: its headers and its two parts.

The standard library writes both, save a header of plain ASCII that fits its line: that needs no encoding, and the library
would parse it first, which costs more than sending the mail. A header with a line break in it is refused: it would be two
headers, or the body.
"""

import re
from datetime import datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, SMTPUTF8, compat32
from email.utils import format_datetime

from identity.formats.mails import MailText

_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_LINE_ENDS = re.compile("\r\n?|\n")
_PLAIN = re.compile(r"(?!.*=\?)[\x20-\x7e]+")
_LINE = 78
_BOUNDARY = "=_lanyard"
"""No part holds it: they travel as base64, which ends with its `=`."""
_BY_LINES = compat32.clone(linesep="\r\n")


def mail_source(
    mail: MailText, *, sender: str, recipient: str, message_id: str, at: datetime, international: bool
) -> bytes:
    """The source of a mail, its lines ended by CRLF.

    Args:
        sender: the `From` line as `header` wrote it.
        message_id: with its domain, without brackets.
        international: the address of either is not ASCII, and the server agreed to that (RFC 6531).

    Raises ValueError where a header holds a line break or another control character.
    """
    headers = [
        sender,
        header("To", recipient, international=international),
        header("Subject", mail.subject, international=international),
        header("Date", format_datetime(at)),
        header("Message-ID", f"<{message_id}>"),
        header("Auto-Submitted", "auto-generated"),
    ]
    parts = [_part("plain", mail.text), _part("html", mail.html)]
    body = MIMEMultipart("alternative", _BOUNDARY, parts, policy=_BY_LINES)
    return "".join(headers).encode() + body.as_bytes()


def header(name: str, value: str, *, international: bool = False) -> str:
    """One header, folded and encoded where it has to be. Raises ValueError for a line break or control character in it."""
    if _BREAKS.search(value):
        raise ValueError(f"{name} holds a line break or another control character")
    if _PLAIN.fullmatch(value) and len(name) + len(value) + 2 <= _LINE:
        return f"{name}: {value}\r\n"
    policy = SMTPUTF8 if international else SMTP
    return str(policy.header_factory(name, value).fold(policy=policy))


def _part(kind: str, content: str) -> MIMEText:
    return MIMEText(_LINE_ENDS.sub("\r\n", content), kind, "utf-8", policy=_BY_LINES)

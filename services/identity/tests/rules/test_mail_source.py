"""A mail as it travels says what it should, and nobody's words become a header of it."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest

from identity.adapters.smtp import MailServer
from identity.formats.mail_source import header, mail_source
from identity.formats.mails import MailText

AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
FROM = header("From", "Lanyard <no-reply@lanyard.example>")


def source(subject: str = "Hello", text: str = "Hi\n", html: str = "<p>Hi</p>\n", to: str = "ada@example.org") -> bytes:
    mail = MailText(subject, text, html)
    international = not to.isascii()
    return mail_source(
        mail, sender=FROM, recipient=to, message_id="mail-1@lanyard.example", at=AT, international=international
    )


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(mail, EmailMessage)
    assert [part.defects for part in mail.walk()] == [[], [], []]
    return mail


def words(mail: EmailMessage) -> list[str]:
    return [
        str(part.get_content()).replace("\r\n", "\n") for part in mail.iter_parts() if isinstance(part, EmailMessage)
    ]


def test_a_mail_has_its_headers_and_both_parts() -> None:
    mail = parsed(source())
    assert dict(mail.items()) == {
        "From": "Lanyard <no-reply@lanyard.example>",
        "To": "ada@example.org",
        "Subject": "Hello",
        "Date": "Fri, 20 Nov 2026 18:00:00 +0000",
        "Message-ID": "<mail-1@lanyard.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'multipart/alternative; boundary="=_lanyard"',
        "MIME-Version": "1.0",
    }
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert words(mail) == ["Hi\n", "<p>Hi</p>\n"]


@pytest.mark.parametrize(
    "text",
    [
        "Ẹ kú àárọ̀, 你好 👋\n",
        "a link: https://lanyard.example/o/" + "x" * 300 + "?a=b\n",
        "trailing blanks  \n\n\nand a tab\t\n",
        ".\n..\nFrom here\n",
        "--=_lanyard\n--=_lanyard--\n",
        "Windows\r\nMac\rUnix\n",
    ],
)
def test_every_text_arrives_as_it_was_on_short_lines_of_ascii(text: str) -> None:
    raw = source(text=text, html=text)
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    assert words(parsed(raw)) == [wanted, wanted]
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")


@pytest.mark.parametrize("subject", ["Ìlú Èkó " * 12, "a long subject " * 9, "=?utf-8?q?not_what_it_seems?=", "“你好”"])
def test_every_subject_arrives_as_it_was_on_short_lines_of_ascii(subject: str) -> None:
    subject = subject.strip()
    raw = source(subject=subject)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    if not subject.startswith("=?"):
        assert parsed(raw)["Subject"] == subject


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028"])
def test_a_header_of_several_lines_is_refused(end: str) -> None:
    with pytest.raises(ValueError, match="Subject holds a line break"):
        source(subject=f"Hello{end}Bcc: eve@example.org")
    with pytest.raises(ValueError, match="To holds a line break"):
        source(to=f"ada@example.org{end}Bcc: eve@example.org")
    with pytest.raises(ValueError, match="From holds a line break"):
        MailServer("smtp://127.0.0.1:25", f"Lanyard{end}Bcc: eve@example.org <no-reply@lanyard.example>")


def test_an_address_that_is_not_ascii_stays_as_it_is() -> None:
    assert parsed(source(to="adá@exämple.org"))["To"] == "adá@exämple.org"


def test_a_sender_with_another_alphabet_is_encoded_once() -> None:
    assert header("From", "Làńyàrd <no-reply@lanyard.example>").isascii()

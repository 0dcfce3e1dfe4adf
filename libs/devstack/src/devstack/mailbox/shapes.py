"""The JSON a message is shown as: Mailpit's field names, which other tools already know."""

from typing import TypedDict

from devstack.mailbox.mail import Address, Mail, Part


class AddressShape(TypedDict):
    """Who, as Mailpit writes it."""

    Name: str
    Address: str


class PartShape(TypedDict):
    """One attachment."""

    PartID: str
    FileName: str
    ContentType: str
    ContentID: str
    Size: int


class Summary(TypedDict):
    """One line of the list."""

    ID: str
    MessageID: str
    From: AddressShape
    To: list[AddressShape]
    Cc: list[AddressShape]
    Bcc: list[AddressShape]
    ReplyTo: list[AddressShape]
    Subject: str
    Created: str
    Snippet: str
    Size: int
    Attachments: int
    Read: bool
    Tags: list[str]


class Full(TypedDict):
    """One whole message."""

    ID: str
    MessageID: str
    From: AddressShape
    To: list[AddressShape]
    Cc: list[AddressShape]
    Bcc: list[AddressShape]
    ReplyTo: list[AddressShape]
    ReturnPath: str
    Subject: str
    Date: str
    Text: str
    HTML: str
    Headers: dict[str, list[str]]
    Size: int
    Attachments: list[PartShape]
    Inline: list[PartShape]
    Tags: list[str]


def summarise(mail: Mail) -> Summary:
    """What the list shows."""
    return Summary(
        ID=mail.identity,
        MessageID=mail.header("Message-ID").strip("<>"),
        From=_sender(mail),
        To=_addresses(mail.addresses("To")),
        Cc=_addresses(mail.addresses("Cc")),
        Bcc=_addresses(mail.blind_copies),
        ReplyTo=_addresses(mail.addresses("Reply-To")),
        Subject=mail.subject,
        Created=mail.arrived_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        Snippet=mail.snippet,
        Size=len(mail.raw),
        Attachments=sum(not part.inline for part in mail.parts),
        Read=False,
        Tags=[],
    )


def whole(mail: Mail) -> Full:
    """What the message view shows."""
    line = summarise(mail)
    return Full(
        ID=line["ID"],
        MessageID=line["MessageID"],
        From=line["From"],
        To=line["To"],
        Cc=line["Cc"],
        Bcc=line["Bcc"],
        ReplyTo=line["ReplyTo"],
        ReturnPath=mail.header("Return-Path").strip("<>"),
        Subject=line["Subject"],
        Date=line["Created"],
        Text=mail.text,
        HTML=mail.html,
        Headers=mail.headers,
        Size=line["Size"],
        Attachments=[_part(part) for part in mail.parts if not part.inline],
        Inline=[_part(part) for part in mail.parts if part.inline],
        Tags=[],
    )


def _sender(mail: Mail) -> AddressShape:
    found = mail.addresses("From") or mail.addresses("Return-Path") or [Address("", "")]
    return _addresses(found)[0]


def _addresses(found: list[Address]) -> list[AddressShape]:
    return [AddressShape(Name=one.name, Address=one.address) for one in found]


def _part(part: Part) -> PartShape:
    return PartShape(
        PartID=part.identity,
        FileName=part.file_name,
        ContentType=part.content_type,
        ContentID=part.content_id,
        Size=len(part.content),
    )

"""Reads one message out of its bytes, whatever state they are in: a catcher must show the broken mail too."""

import email
import email.policy
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from functools import cached_property
from html import unescape

SNIPPET_LENGTH = 250
# What the standard library's header parser raises on malformed input, besides its own errors.
_BROKEN = (MessageError, LookupError, ValueError, AttributeError, TypeError)


@dataclass(frozen=True)
class Address:
    """A mailbox with its display name, which may be empty."""

    name: str
    address: str


@dataclass(frozen=True)
class Part:
    """A leaf of the message that is not its text: an attachment, or an image the HTML refers to."""

    identity: str
    content_type: str
    file_name: str
    content_id: str
    inline: bool
    content: bytes


class Mail:
    """One message: its id, its bytes, and what can be read from them."""

    def __init__(self, identity: str, raw: bytes) -> None:
        self.identity = identity
        self.raw = raw
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self._message = parsed

    @property
    def arrived_at(self) -> datetime:
        """When it was caught; the first twelve digits of an id are milliseconds."""
        return datetime.fromtimestamp(int(self.identity[:12], 16) / 1000, UTC)

    @property
    def headers(self) -> dict[str, list[str]]:
        """Every header, decoded, in the order of the message."""
        found: dict[str, list[str]] = {}
        for name in dict.fromkeys(self._message.keys()):
            found[name] = self._all(name)
        return found

    @property
    def subject(self) -> str:
        """Decoded, empty when there is none."""
        return self.header("Subject")

    @property
    def text(self) -> str:
        """The plain part, or what is readable of the HTML."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML part, or nothing."""
        return self._body("html")

    @property
    def snippet(self) -> str:
        """The beginning of the text on one line."""
        words = " ".join((self.text or _strip_tags(self.html)).split())
        return words[:SNIPPET_LENGTH] + ("…" if len(words) > SNIPPET_LENGTH else "")

    def header(self, name: str) -> str:
        """The first header of this name, or nothing."""
        return next(iter(self._all(name)), "")

    def addresses(self, name: str) -> list[Address]:
        """The mailboxes a header lists."""
        return [Address(label, address) for label, address in email.utils.getaddresses(self._all(name)) if address]

    @property
    def blind_copies(self) -> list[Address]:
        """Recipients of the envelope that no header shows."""
        shown = {a.address.lower() for name in ("To", "Cc", "Bcc") for a in self.addresses(name)}
        envelope = [a for a in self.addresses("Delivered-To") if a.address.lower() not in shown]
        return self.addresses("Bcc") + envelope

    @cached_property
    def parts(self) -> list[Part]:
        """Attachments and inline images, numbered as they stand in the message."""
        return list(self._parts())

    def _parts(self) -> Iterator[Part]:
        leaves = [leaf for leaf in self._message.walk() if not leaf.is_multipart()]
        for number, leaf in enumerate(leaves, start=1):
            content_id = str(leaf.get("Content-ID", "")).strip().strip("<>")
            named = leaf.get_filename("") or ""
            if leaf.get_content_maintype() == "text" and not named and leaf.get_content_disposition() != "attachment":
                continue
            payload = leaf.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            yield Part(str(number), leaf.get_content_type(), named, content_id, bool(content_id), content)

    def _all(self, name: str) -> list[str]:
        try:
            return [str(value) for value in self._message.get_all(name, [])]
        except _BROKEN:
            wanted = name.lower()
            return [str(value) for key, value in self._message.raw_items() if key.lower() == wanted]

    def _body(self, kind: str) -> str:
        try:
            part = self._message.get_body((kind,))
        except _BROKEN:
            return ""
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except _BROKEN:
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _strip_tags(html: str) -> str:
    without = re.sub(r"(?is)<(style|script|head)\b.*?</\1\s*>", " ", html)
    return unescape(re.sub(r"<[^>]*>", " ", without))

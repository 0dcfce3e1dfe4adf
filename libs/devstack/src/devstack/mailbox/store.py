"""The caught messages: one file each in a directory, so that a restart keeps them, with an index in memory."""

import secrets
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from devstack.mailbox.mail import Mail
from devstack.mailbox.shapes import Summary, summarise

KEPT = 2000
_UNKNOWN = object()


class MailStore:
    """All messages, newest first. Ids sort by arrival."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._summaries: dict[str, Summary | None] = {}
        """Made when first looked at: in a rush more mails come than anybody looks at."""
        self._last_stamp = 0
        for file in sorted(directory.glob("*.eml")):
            self._summaries[file.stem] = None
            self._last_stamp = int(file.stem[:12], 16)

    def keep(self, content: bytes, sender: str, recipients: Iterable[str]) -> str:
        """Store one message as received and answer its id. The envelope goes on top as the headers mail servers use for it."""
        envelope = [f"Return-Path: <{_one_line(sender)}>", *(f"Delivered-To: {_one_line(r)}" for r in recipients)]
        raw = "".join(f"{line}\r\n" for line in envelope).encode() + content
        identity = self._new_id()
        partial = self._directory / f"{identity}.part"
        partial.write_bytes(raw)
        partial.rename(self._directory / f"{identity}.eml")
        self._summaries[identity] = None
        self.remove(list(islice(self._summaries, max(0, len(self._summaries) - KEPT))))
        return identity

    def newest_first(self) -> list[Summary]:
        """Every message's summary."""
        return [self._summary(identity) for identity in reversed(self._summaries)]

    def find(self, identity: str) -> Mail | None:
        """One message; `latest` is the newest."""
        if identity == "latest" and self._summaries:
            identity = next(reversed(self._summaries))
        if identity not in self._summaries:
            return None
        return Mail(identity, (self._directory / f"{identity}.eml").read_bytes())

    def remove(self, identities: Iterable[str]) -> None:
        """Delete these messages; unknown ids are ignored."""
        for identity in identities:
            if self._summaries.pop(identity, _UNKNOWN) is not _UNKNOWN:
                (self._directory / f"{identity}.eml").unlink(missing_ok=True)

    def _summary(self, identity: str) -> Summary:
        summary = self._summaries[identity]
        if summary is None:
            content = (self._directory / f"{identity}.eml").read_bytes()
            summary = self._summaries[identity] = summarise(Mail(identity, content))
        return summary

    def _new_id(self) -> str:
        """Milliseconds and chance; never smaller than the one before, even when the clock steps back."""
        self._last_stamp = max(self._last_stamp + 1, time.time_ns() // 1_000_000)
        return f"{self._last_stamp:012x}{secrets.token_hex(5)}"


def _one_line(word: str) -> str:
    return " ".join(word.split())

"""Text that strangers wrote: commit messages, author names, names of branches and services.

It is made inert once, where it comes in: no control character, nothing that turns the reading direction around, no endless
length. Addresses stay for the platform's own people and are hidden wherever the public reads.
"""

import re
import unicodedata

LINE = 200
PROSE = 2000
HIDDEN = "[address hidden]"

_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: Persian, Hindi and family emoji need them, and they turn nothing around."""

_NO_PART = r"\s<>\"()\[\],;:@＠﹫"
_ADDRESS = re.compile(
    rf"(?:\"[^\"\n]{{1,64}}\"|(?<![^{_NO_PART}])[^{_NO_PART}]+)(?:[@＠﹫]|%40)[^{_NO_PART}]+", re.IGNORECASE
)
_BRACKETED = re.compile(rf"\s*<\s*{_ADDRESS.pattern}\s*>", re.IGNORECASE)


def clean_line(text: str, limit: int = LINE) -> str | None:
    """`text` as one inert line of at most `limit` characters; None when nothing is left."""
    return _shortened(" ".join(_inert(text[: 4 * limit]).split()), limit)


def clean_prose(text: str, limit: int = PROSE) -> str | None:
    """`text` as inert lines of at most `limit` characters in all; None when nothing is left."""
    lines = _inert(text[: 4 * limit]).replace("\r\n", "\n").split("\n")
    return _shortened("\n".join(line.rstrip() for line in lines).strip(), limit)


def hide_addresses(text: str | None) -> str | None:
    """`text` for the public: mail addresses replaced, also those with a full-width @ or `%40`."""
    return None if text is None else _ADDRESS.sub(HIDDEN, text)


def public_author(author: str | None) -> str | None:
    """An author for the public: `Ada <ada@example.org>` is Ada, and a bare address is nobody."""
    if author is None:
        return None
    name = _ADDRESS.sub("", _BRACKETED.sub("", author)).strip(" <>()\"'")
    return name or None


def _inert(text: str) -> str:
    return "".join(map(_kept, text))


def _kept(character: str) -> str:
    if character in "\n\t" or character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in ("Zl", "Zp"):
        return "\n"
    if category in ("Cc", "Cf", "Cs") or _is_noncharacter(ord(character)):
        return ""
    return character


def _is_noncharacter(point: int) -> bool:
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def _shortened(text: str, limit: int) -> str | None:
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text or None

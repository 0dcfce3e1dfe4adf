"""The shipped fonts, and which of them a text needs. A letter none of them has is shown as a question mark in a lozenge, never left out."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final
from unicodedata import category

from fontTools.ttLib import TTFont

FOLDER: Final = Path(__file__).parent.parent / "fonts"
PLAIN: Final = "NotoSans-Regular.ttf"
BOLD: Final = "NotoSans-Bold.ttf"
_FURTHER: Final = tuple(
    f"NotoSans{script}-Regular.ttf"
    for script in ("Arabic", "Devanagari", "Hebrew", "Bengali", "Tamil", "Thai", "Ethiopic")
)
_FIRST_MARK: Final = 0x0300
_FIRST_SIGN, _LAST_SIGN = 0x2010, 0x20CF
"""Dashes, quotation marks and signs of currencies stand alone."""
_UNKNOWN: Final = "\ufffd"
_UNSEEN: Final = ("Cc", "Cs", "Co", "Cn")


def further_fonts(texts: Iterable[str]) -> list[str]:
    """The fonts needed beside the plain one: reading a font costs time, so only those are read."""
    needed = {font for text in texts if (font := font_of(text)) is not None}
    return [font for font in _FURTHER if font in needed]


def font_of(text: str) -> str | None:
    """The font of a text that the plain one cannot write: that of its own script, so that its marks and letters, some of
    which the plain one has too, are drawn and joined by one font."""
    missing = [ord(letter) for letter in text if ord(letter) not in _letters(PLAIN)]
    found = max(_FURTHER, key=lambda font: sum(point in _letters(font) for point in missing))
    return found if any(point in _letters(found) for point in missing) else None


def needs_shaping(texts: Iterable[str]) -> bool:
    """Whether letters join, combine or run from right to left somewhere; putting them together costs time."""
    return any(
        ord(letter) >= _FIRST_MARK for text in texts for letter in text if not _FIRST_SIGN <= ord(letter) <= _LAST_SIGN
    )


def printable(text: str) -> str:
    """The text as far as it can be printed: control characters gone, lines kept, unknown letters as that mark."""
    return "".join(_shown(letter) for letter in text.replace("\r\n", "\n").replace("\t", " "))


def _shown(letter: str) -> str:
    if letter == "\n":
        return letter
    if category(letter) in _UNSEEN:
        return ""
    known = any(ord(letter) in _letters(font) for font in (PLAIN, *_FURTHER))
    # Marks that only steer others (joiners, directions) may be missing: nothing is drawn for them.
    return letter if known or category(letter) == "Cf" else _UNKNOWN


@cache
def _letters(font: str) -> frozenset[int]:
    with TTFont(FOLDER / font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())

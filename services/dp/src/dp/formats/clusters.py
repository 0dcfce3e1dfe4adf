"""Text cut into what a reader sees as letters, each with a face that can draw it and its reading direction."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dp.domain.template import Weight
from dp.formats import bidi
from dp.formats.fonts import CHAINS, coverage

MISSING: Final = "\u25a1"
"""Drawn for a character no face has: a visible empty box, never silence."""

_JOINER: Final = "\u200d"
_INVISIBLE: Final = frozenset({"\u200c", "\u200d", *(chr(code) for code in range(0xFE00, 0xFE10))})
_SKIN_TONES: Final = frozenset(chr(code) for code in range(0x1F3FB, 0x1F400))
_FLAG_LETTERS: Final = frozenset(chr(code) for code in range(0x1F1E6, 0x1F200))


@dataclass(frozen=True, slots=True)
class Cluster:
    """One letter with its marks. `level` is its bidirectional level, odd for right-to-left."""

    text: str
    face: str
    level: int

    @property
    def is_space(self) -> bool:
        """Whether a line may end here."""
        return self.text == " "


@dataclass(frozen=True, slots=True)
class Letters:
    """A whole text. `missing` are the characters that had to be replaced, each once, in order."""

    clusters: tuple[Cluster, ...]
    base_level: int
    missing: tuple[str, ...]


def read(text: str, weight: Weight) -> Letters:
    """Cut `text` (white space collapsed) and find the faces for `weight`."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    base = bidi.base_level(text)
    text_levels = bidi.levels(text, base)
    clusters: list[Cluster] = []
    missing: dict[str, None] = {}
    face, place = CHAINS[weight][0], 0
    for piece in _pieces(text):
        level, place = text_levels[place], place + len(piece)
        found = _face_for(piece, weight, face)
        if found is None:
            missing[piece] = None
        face = found or CHAINS[weight][0]
        clusters.append(Cluster(piece if found else MISSING, face, level))
    return Letters(tuple(clusters), base, tuple(missing))


def _face_for(piece: str, weight: Weight, previous: str) -> str | None:
    """The first face of the chain that has every character; spaces and punctuation stay in the run they are in."""
    wanted = {ord(letter) for letter in piece if letter not in _INVISIBLE}
    neutral = not any(unicodedata.category(letter)[0] in "LN" for letter in piece)
    chain = (previous, *CHAINS[weight]) if neutral else CHAINS[weight]
    return next((face for face in chain if wanted <= coverage(face)), None)


def _pieces(text: str) -> Iterator[str]:
    """Grapheme clusters, as near to UAX 29 as names and titles need."""
    piece = ""
    for letter in text:
        if piece and not _continues(piece, letter):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _continues(piece: str, letter: str) -> bool:
    if piece == " " or letter == " ":
        return False
    if unicodedata.category(letter).startswith("M") or letter in _INVISIBLE or letter in _SKIN_TONES:
        return True
    if letter in _FLAG_LETTERS and len(piece) == 1 and piece in _FLAG_LETTERS:
        return True
    # A virama binds the next consonant in Indic scripts; a joiner binds whatever follows it.
    return piece.endswith(_JOINER) or unicodedata.combining(piece[-1]) == 9

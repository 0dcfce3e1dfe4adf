"""The shipped faces, and which one can draw which character."""

from functools import cache
from pathlib import Path
from typing import Final

import uharfbuzz

from dp.domain.template import Weight

_FOLDER: Final = Path(__file__).parent.parent / "fonts"
_SCRIPTS: Final = ("Arabic", "Devanagari", "Hebrew", "Bengali", "Tamil", "Thai", "Ethiopic")


def _chain(display: str, text: str) -> tuple[str, ...]:
    return f"InterDisplay-{display}.otf", f"NotoSans-{text}.ttf", *(f"NotoSans{name}-{text}.ttf" for name in _SCRIPTS)


CHAINS: Final[dict[Weight, tuple[str, ...]]] = {
    "medium": _chain("Medium", "Regular"),
    "bold": _chain("Bold", "Bold"),
    "black": _chain("Black", "Bold"),
}
"""For each weight the faces in the order they are asked."""

TRACKABLE: Final = frozenset(face for chain in CHAINS.values() for face in chain[:2])
"""Faces of scripts whose letters stand alone, so that space may be put between them."""


@cache
def opened(face: str) -> uharfbuzz.Font:
    """The face, measured in its own units. Threads share it: nothing is ever set on it once it is made."""
    font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(_FOLDER / face)))
    uharfbuzz.ot_font_set_funcs(font)
    return font


@cache
def coverage(face: str) -> frozenset[int]:
    """The code points the face has glyphs for."""
    return frozenset(opened(face).face.unicodes)

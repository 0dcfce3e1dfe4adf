"""The shipped faces: which one can draw which character, and each at a size."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont
from PIL import ImageFont

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
def coverage(face: str) -> frozenset[int]:
    """The code points the face has glyphs for."""
    with TTFont(_FOLDER / face, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=512)
def sized(face: str, size: int) -> ImageFont.FreeTypeFont:
    """The face at `size` pixels, shaped by Raqm: without it Arabic and Devanagari come out as loose letters."""
    return ImageFont.truetype(_FOLDER / face, size, layout_engine=ImageFont.Layout.RAQM)

"""Words become glyphs, and glyphs pixels.

HarfBuzz does both, from inside its own wheel. Neither a library of the system nor a setting of the machine has a say:
what HarfBuzz would take from the locale or the environment is told to it here.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import uharfbuzz
from PIL import Image

from dp.formats.fonts import opened

_SHAPERS: Final = ["ot"]
_NO_LANGUAGE: Final = "und"

_FINER: Final = 4
"""Rows are drawn this many to a pixel and averaged. Where two letters overlap, HarfBuzz counts both of their soft edges:
without this the line on top of a Devanagari word would have a bright speck at every joint."""


@dataclass(frozen=True, slots=True)
class Run:
    """Letters shaped and drawn in one go: one face, one direction. Among `capitals`, punctuation stands higher."""

    text: str
    face: str
    rightwards: bool
    capitals: bool = False


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph by its number in the face, and where it stands from the run's left edge, in units of the face."""

    number: int
    x: int
    y: int


def glyphs(run: Run) -> tuple[Glyph, ...]:
    """The glyphs of the run from left to right."""
    found = []
    pen = 0
    shaped = _shaped(run)
    for info, position in zip(shaped.glyph_infos, shaped.glyph_positions, strict=True):
        found.append(Glyph(info.codepoint, pen + position.x_offset, position.y_offset))
        pen += position.x_advance
    return tuple(found)


def length(run: Run, size: int) -> float:
    """Pixels the pen moves from one end of the run to the other."""
    return _units(run) * size / _units_per_em(run.face)


def silhouette(run: Run, size: int, x: float) -> tuple[Image.Image, tuple[int, int]] | None:
    """The run as a mask, when it begins `x` pixels from the left, and the mask's upper left corner from (0, baseline).

    None when there is nothing to see. All glyphs go into one mask, so joined letters have no seam.
    """
    font, scale = opened(run.face), size / _units_per_em(run.face)
    left = math.floor(x)
    raster = uharfbuzz.RasterDraw()
    for glyph in glyphs(run):
        raster.transform = (scale, 0, 0, scale * _FINER, x - left + glyph.x * scale, glyph.y * scale * _FINER)
        raster.draw_glyph(font, glyph.number)
    drawn = raster.render()
    if drawn is None:
        raise MemoryError
    extents = drawn.extents
    if not (extents.width and extents.height):
        return None
    # HarfBuzz counts rows from the bottom, Pillow from the top.
    rows = Image.frombytes("L", (extents.width, extents.height), drawn.buffer, "raw", "L", extents.stride, -1)
    top, above = divmod(-extents.y_origin - extents.height, _FINER)
    whole = Image.new("L", (rows.width, math.ceil((above + rows.height) / _FINER) * _FINER))
    whole.paste(rows, (0, above))
    return whole.reduce((1, _FINER)), (left + extents.x_origin, top)


@lru_cache(maxsize=8192)
def _units(run: Run) -> int:
    return sum(position.x_advance for position in _shaped(run).glyph_positions)


def _units_per_em(face: str) -> int:
    return int(opened(face).face.upem)


def _shaped(run: Run) -> uharfbuzz.Buffer:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(run.text)
    buffer.direction = "ltr" if run.rightwards else "rtl"
    buffer.language = _NO_LANGUAGE
    # Of what may be guessed only the script is left open, and that follows from the letters.
    buffer.guess_segment_properties()
    uharfbuzz.shape(opened(run.face), buffer, {"case": run.capitals}, shapers=_SHAPERS)
    return buffer

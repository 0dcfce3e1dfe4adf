"""Words as glyphs and as pixels: right in every script, and the same on every machine."""

import os
import subprocess
import sys

import pytest

from dp.formats.fonts import opened
from dp.formats.shaping import Run, glyphs, length, silhouette

ARABIC, DEVANAGARI, HEBREW = (f"NotoSans{script}-Bold.ttf" for script in ("Arabic", "Devanagari", "Hebrew"))
INTER = "InterDisplay-Bold.otf"

# What HarfBuzz or the C library would listen to.
OTHER_MACHINE = {
    "LC_ALL": "tr_TR.UTF-8",
    "HB_SHAPER_LIST": "fallback",
    "HB_FONT_FUNCS": "none",
    "HB_FACE_LOADER": "none",
}
PRINT_PIXELS = """
import hashlib, sys
from dp.formats.shaping import Run, silhouette
for text, face, rightwards in [("عبد الرحمن", "Arabic", False), ("श्रीमती", "Devanagari", True), ("শ্রী", "Bengali", True)]:
    mask, corner = silhouette(Run(text, f"NotoSans{face}-Bold.ttf", rightwards), 64, 3.3)
    print(mask.size, corner, hashlib.sha256(mask.tobytes()).hexdigest())
"""


def numbers(text: str, face: str, *, rightwards: bool = True, capitals: bool = False) -> list[int]:
    return [glyph.number for glyph in glyphs(Run(text, face, rightwards, capitals))]


def pixels_in(variables: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_PIXELS], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_an_arabic_letter_has_another_form_at_the_start_in_the_middle_and_at_the_end() -> None:
    alone, joined = numbers("س", ARABIC, rightwards=False), numbers("سسس", ARABIC, rightwards=False)
    assert len({*alone, *joined}) == 4


def test_lam_and_alef_become_one_letter() -> None:
    assert len(numbers("لا", ARABIC, rightwards=False)) == 1


def test_a_devanagari_conjunct_is_one_letter() -> None:
    assert len(numbers("क्ष", DEVANAGARI)) == 1


def test_a_vowel_sign_that_is_written_before_its_consonant_stands_before_it() -> None:
    (consonant,) = numbers("क", DEVANAGARI)
    assert numbers("कि", DEVANAGARI)[1:] == [consonant]


def test_hebrew_runs_from_right_to_left() -> None:
    (first,), (second,) = numbers("א", HEBREW), numbers("ב", HEBREW)
    assert numbers("אב", HEBREW, rightwards=False) == [second, first]


def test_a_hebrew_point_stands_under_its_letter_and_takes_no_room() -> None:
    run = Run("קָ", HEBREW, rightwards=False)
    assert length(run, 100) == length(Run("ק", HEBREW, rightwards=False), 100)
    assert len(glyphs(run)) == 2


def test_brackets_open_towards_what_they_hold() -> None:
    assert numbers("(", INTER, rightwards=False) == numbers(")", INTER, rightwards=True)


def test_punctuation_stands_higher_among_capitals() -> None:
    assert numbers("(-)", INTER, capitals=True) != numbers("(-)", INTER)
    assert numbers("AB", INTER, capitals=True) == numbers("AB", INTER)


def test_letters_are_kerned() -> None:
    apart = sum(length(Run(letter, INTER, rightwards=True), 1000) for letter in "AV")
    assert length(Run("AV", INTER, rightwards=True), 1000) < apart


def test_a_space_is_as_wide_as_ever_and_nothing_to_see() -> None:
    space = Run(" ", INTER, rightwards=True)
    assert length(space, 100) > 0
    assert silhouette(space, 100, 0.0) is None


@pytest.mark.parametrize("size", [30, 31, 37, 64])
@pytest.mark.parametrize("x", [0.0, 7.5])
def test_a_shape_covers_what_it_covers_in_the_face(size: int, x: float) -> None:
    """A dash is a rectangle: its mask holds its area, wherever between two pixels it begins and ends."""
    dash = Run("—", INTER, rightwards=True)
    box = opened(INTER).get_glyph_extents(glyphs(dash)[0].number)
    scale = size / 2048
    seen = silhouette(dash, size, x)
    assert seen is not None
    mask, (left, top) = seen
    assert sum(mask.tobytes()) / 255 == pytest.approx(box.width * -box.height * scale**2, rel=0.01)
    assert left <= x + box.x_bearing * scale < left + 1
    assert top <= -box.y_bearing * scale < top + 1


@pytest.mark.parametrize("size", range(40, 72))
def test_joined_letters_have_neither_a_seam_nor_a_speck(size: int) -> None:
    """The line on top of a Devanagari word is one even stroke, also where its edge lies within a row of pixels."""
    seen = silhouette(Run("ममम", DEVANAGARI, rightwards=True), size, 0.0)
    assert seen is not None
    mask, _ = seen
    for row in range(3):
        stroke = mask.crop((2, row, mask.width - 2, row + 1)).tobytes()
        assert max(stroke) - min(stroke) <= 40


def test_no_setting_of_the_machine_has_a_say() -> None:
    assert pixels_in(OTHER_MACHINE) == pixels_in({})

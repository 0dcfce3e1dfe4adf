"""How words are read, fitted and ordered."""

import pytest

from dp.domain.template import Box, TextLayer
from dp.formats import bidi
from dp.formats.clusters import MISSING, read
from dp.formats.fitting import CAP_HEIGHT, DESCENT, LINE_HEIGHT, Setting, fit, line_width

LAYER = TextLayer(Box(0, 0, 600, 200), 30, 90, "#ffffff", field="name", weight="bold", max_lines=2)


def setting(words: str, layer: TextLayer = LAYER) -> Setting:
    return fit(read(words, layer.weight), layer)


def lines(words: str, layer: TextLayer = LAYER) -> list[str]:
    return ["".join(run.text for run in line) for line in setting(words, layer).lines]


def assert_inside(result: Setting, layer: TextLayer) -> None:
    assert all(line_width(line, result.size, layer.tracking) <= layer.box.width for line in result.lines)
    height = (CAP_HEIGHT + DESCENT + LINE_HEIGHT * (len(result.lines) - 1)) * result.size
    assert height <= layer.box.height


def test_a_short_name_is_set_at_the_largest_size_on_one_line() -> None:
    assert setting("Ada").size == 90
    assert lines("Ada") == ["Ada"]


def test_a_longer_name_is_set_as_large_as_fits_and_not_one_pixel_larger() -> None:
    found = setting(
        "Adaeze Okonkwo-Brown", single := TextLayer(LAYER.box, 30, 90, "#ffffff", field="name", max_lines=1)
    )
    assert 30 < found.size < 90
    assert_inside(found, single)
    assert line_width(found.lines[0], found.size + 1, 0) > single.box.width


def test_a_name_that_would_get_small_on_one_line_takes_two_of_like_length() -> None:
    assert lines("Oluwatobiloba Chukwuemeka Adeyemi Smithson") == [
        "Oluwatobiloba",
        "Chukwuemeka Adeyemi Smithson",
    ] or lines("Oluwatobiloba Chukwuemeka Adeyemi Smithson") == ["Oluwatobiloba Chukwuemeka", "Adeyemi Smithson"]


@pytest.mark.parametrize("words", ["Wolfeschlegelsteinhausen" * 4, "long " * 60, "W" * 300, "محمد " * 60])
def test_what_fits_at_no_size_ends_in_an_ellipsis_at_the_smallest(words: str) -> None:
    found = setting(words)
    assert found.size == 30
    assert found.cut
    assert_inside(found, LAYER)
    assert sum(run.text.count("\u2026") for line in found.lines for run in line) == 1


def test_the_text_that_fits_is_never_cut() -> None:
    assert not setting("Ada").cut


def test_a_box_too_low_for_a_second_line_gets_one() -> None:
    low = TextLayer(Box(0, 0, 300, 40), 30, 90, "#ffffff", field="name", max_lines=2)
    assert len(setting("a name much too long for this box", low).lines) == 1


@pytest.mark.parametrize("words", ["Tom & Jerry <3", "<script>alert(1)</script>", "{name} %s \\n", "=1+1"])
def test_exactly_the_typed_characters_are_set(words: str) -> None:
    assert " ".join(lines(words)) == words


def test_white_space_is_one_space_and_nothing_sets_nothing() -> None:
    assert lines("  Ada \n\t Obi ") == ["Ada Obi"]
    assert read(" \n ", "bold").clusters == ()


def test_each_script_is_drawn_by_the_face_that_has_it() -> None:
    found = {
        cluster.text: cluster.face for cluster in read("A ж ẹ ع क א ক த ก አ", "bold").clusters if not cluster.is_space
    }
    assert found == {
        "A": "InterDisplay-Bold.otf",
        "ж": "InterDisplay-Bold.otf",
        "ẹ": "InterDisplay-Bold.otf",
        "ع": "NotoSansArabic-Bold.ttf",
        "क": "NotoSansDevanagari-Bold.ttf",
        "א": "NotoSansHebrew-Bold.ttf",
        "ক": "NotoSansBengali-Bold.ttf",
        "த": "NotoSansTamil-Bold.ttf",
        "ก": "NotoSansThai-Bold.ttf",
        "አ": "NotoSansEthiopic-Bold.ttf",
    }


@pytest.mark.parametrize(
    "name", ["Žižkov", "Ẹ́niọlá", "Nguyễn", "Ǹgọzi ₦", "Øystein Þór", "Łódź", "Ἀθηνᾶ", "Айгүл", "Zoë’s “ball” – 5 €"]
)
def test_names_of_latin_greek_and_cyrillic_have_every_glyph(name: str) -> None:
    assert read(name, "black").missing == ()


def test_a_character_no_face_has_is_drawn_as_a_box_and_reported_once() -> None:
    found = read("Li 李 and 李 and 🎉", "bold")
    assert found.missing == ("李", "🎉")
    assert "".join(cluster.text for cluster in found.clusters) == f"Li {MISSING} and {MISSING} and {MISSING}"


@pytest.mark.parametrize("picture", ["👩🏽‍🚀", "🇳🇬", "❤️", "👨‍👩‍👧"])
def test_an_emoji_of_several_characters_is_one_box(picture: str) -> None:
    assert len(read(picture, "bold").clusters) == 1


def test_a_letter_and_its_marks_are_never_parted() -> None:
    assert [cluster.text for cluster in read("ẹ\u0301क्षि", "bold").clusters] == ["ẹ\u0301", "क्षि"]


@pytest.mark.parametrize(
    ("typed", "pieces"),
    [
        ("Ada אב Obi", ["Ada ", "אב", " Obi"]),
        ("אב Ada גד", [" גד", "Ada", "אב "]),
        ("אב 12", ["12", "אב "]),
        ("אב Ada (3)", ["Ada (3)", "אב "]),
        ("محمد (Ada) علي", [") علي", "Ada", "محمد ("]),
    ],
)
def test_runs_stand_in_the_order_they_are_read(typed: str, pieces: list[str]) -> None:
    """`pieces` are what is seen from left to right, each in the order it is typed."""
    wide = TextLayer(Box(0, 0, 5_000, 200), 30, 30, "#ffffff", field="name", weight="bold")
    runs = setting(typed, wide).lines[0]
    seen = "".join(run.text if run.rightwards else run.text[::-1] for run in runs)
    expected = "".join(piece if piece.isascii() else piece[::-1] for piece in pieces)
    assert seen == expected


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("abc", 0, [0, 0, 0]),
        ("אבג", 1, [1, 1, 1]),
        ("a א b", 0, [0, 0, 1, 0, 0]),
        ("א a", 1, [1, 1, 2]),
        ("א 12", 1, [1, 1, 2, 2]),
        ("ع 12", 1, [1, 1, 2, 2]),
        ("א $1.5", 1, [1, 1, 2, 2, 2, 2]),
        ("א (a) ב", 1, [1, 1, 1, 2, 1, 1, 1]),
        ("a (א) b", 0, [0, 0, 0, 1, 0, 0, 0]),
        ("a א (3)", 0, [0, 0, 1, 1, 1, 2, 1]),
        ("", 0, []),
    ],
)
def test_levels_are_those_of_the_unicode_bidirectional_algorithm(text: str, base: int, expected: list[int]) -> None:
    assert bidi.base_level(text) == base
    assert bidi.levels(text, base) == expected

"""What is printed, and what a person looks at first."""

import pytest

from dp.domain.wording import printable, suspicious


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("  Ada \n\t Obi ", "Ada Obi"),
        ("A\u200bd\u202ea\u2066\ufeff", "Ada"),
        ("Ada\x00\x07", "Ada"),
        ("e\u0323\u0301", "ẹ\u0301"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Tom & Jerry <3", "Tom & Jerry <3"),
        ("=1+1", "=1+1"),
        ("\u200b \u2060", ""),
        ("Ὀδυσσεύς", "Ὀδυσσεύς"),
    ],
)
def test_invisible_characters_are_taken_out_and_visible_ones_are_left_alone(typed: str, printed: str) -> None:
    assert printable(typed) == printed
    assert printable(printed) == printed


@pytest.mark.parametrize(
    "text",
    [
        "fuck",
        "FUCK you",
        "f u c k",
        "f.u.c.k",
        "fuuuuck",
        "sh1t",
        "fu\u200bck",
        "fu\u202eck",
        "ｆｕｃｋ",
        "fụ̈ck",
        "ѕһіt".replace("һ", "h"),
        "a$$hole",
        "Heil Hitler",
    ],
)
def test_an_unwanted_word_is_found_however_it_is_disguised(text: str) -> None:
    assert suspicious(text)


@pytest.mark.parametrize(
    "name",
    [
        "Scunthorpe",
        "Dick van Dyke",
        "Fanny Cochran",
        "Wang Li",
        "Cassandra Hancock",
        "Shitake Mushroom",
        "Ngozi Okafor",
        "Phuc Nguyen",
        "Analise Titmuss",
        "Mr. A. S. Smith",
        "J. R. R. Tolkien",
        "Ayọ̀délé Ẹ́niọlá",
        "عبد الله",
        "Gaylord Focker",
        "",
    ],
)
def test_an_awkward_name_is_not_held(name: str) -> None:
    assert not suspicious(name)

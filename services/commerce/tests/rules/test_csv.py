"""Cells of a spreadsheet: what people typed stays text, and amounts have their currency's digits."""

import csv
import io

import pytest

from commerce.formats.csv_lines import BEGINNING, decimal, line
from common.money import Money


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_takes_for_a_formula_becomes_text(first: str) -> None:
    [[cell]] = csv.reader(io.StringIO(line([f"{first}cmd|' /C calc'!A0"]).decode(), newline=""))
    assert cell == f"'{first}cmd|' /C calc'!A0"


def test_a_formula_behind_a_separator_of_another_country_becomes_text() -> None:
    written = line(["Ada;=HYPERLINK(0)", "Ben\t@SUM(0)", "a;b; -c", "d;=e;+f"]).decode()
    assert written == '"Ada;\'=HYPERLINK(0)","Ben\t\'@SUM(0)","a;b; -c","d;\'=e;\'+f"\r\n'


def test_any_text_comes_back_as_it_was() -> None:
    cells = ['Ada "Queen" Obi', "a,b;c", "two\r\nlines", "Zoë Ünal 東京 عمر", "", "plain"]
    [read] = csv.reader(io.StringIO(line(cells).decode(), newline=""))
    assert read == cells
    assert line(["a,b", None, 3]) == b'"a,b",,3\r\n'


def test_half_a_character_breaks_no_export() -> None:
    assert line(["a\ud800b"]) == b"a?b\r\n"


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(150_000, "NGN"), "1500.00"),
        (Money(5, "USD"), "0.05"),
        (Money(1500, "JPY"), "1500"),
        (Money(1_234_567, "KWD"), "1234.567"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(0, "KWD"), "0.000"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(money: Money, written: str) -> None:
    assert decimal(money) == written
    assert line([money]) == f"{written}\r\n".encode()


def test_the_file_says_that_it_is_unicode() -> None:
    assert BEGINNING == b"\xef\xbb\xbf"

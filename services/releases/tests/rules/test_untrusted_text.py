"""What strangers wrote is inert, short, and shows no address in public."""

import pytest

from releases.domain.untrusted_text import HIDDEN, clean_line, clean_prose, hide_addresses, public_author


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  two\twords\nand more ", "two words and more"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape[31m"),
        ("gpj.exe\u202etxt\u2066\u2069", "gpj.exetxt"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half \ud800 pair", "half pair"),
        ("line\u2028separator", "line separator"),
        ("<b onload=x>", "<b onload=x>"),
        ("\u202e \x00", None),
        ("", None),
        ("👩\u200d💻 می\u200cخواهم", "👩\u200d💻 می\u200cخواهم"),
    ],
)
def test_a_line_keeps_what_people_read_and_nothing_else(text: str, clean: str | None) -> None:
    assert clean_line(text) == clean


def test_prose_keeps_its_lines() -> None:
    assert clean_prose("Fix it\r\n\r\nbecause \x00 of that  \n") == "Fix it\n\nbecause  of that"


def test_long_text_is_cut_and_says_so() -> None:
    assert clean_line("x" * 201) == "x" * 199 + "…"
    assert clean_line("x" * 200) == "x" * 200
    assert len(clean_prose("y" * 100_000) or "") == 2000


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "Ada.Love-Lace+tag@mail.example.co.uk",
        "ada＠example.org",
        "ada﹫example.org",
        "ada%40example.org",
        '"ada b"@example.org',
        "дана@пример.рф",
        "ada@localhost",
        "o'hara@example.org",
    ],
)
def test_addresses_are_hidden_in_every_spelling(address: str) -> None:
    hidden = hide_addresses(f"Co-authored-by: Ada <{address}>, mailto:{address} ({address})")
    assert hidden == f"Co-authored-by: Ada <{HIDDEN}>, mailto:{HIDDEN} ({HIDDEN})"


def test_text_without_an_address_stays_as_it_is() -> None:
    assert hide_addresses("Meet @ noon, cost 5 @ 3, thanks @ada") == "Meet @ noon, cost 5 @ 3, thanks @ada"
    assert hide_addresses(None) is None


def test_hiding_takes_time_in_proportion_to_the_text() -> None:
    assert hide_addresses("a" * 200_000) == "a" * 200_000


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("Ada Lovelace <ada@example.org>", "Ada Lovelace"),
        ("Ada Lovelace ( ada@example.org )", "Ada Lovelace"),
        ("ada@example.org", None),
        ("<ada@example.org>", None),
        ("Ada Lovelace", "Ada Lovelace"),
        (None, None),
    ],
)
def test_an_author_is_a_name_in_public(author: str | None, shown: str | None) -> None:
    assert public_author(author) == shown

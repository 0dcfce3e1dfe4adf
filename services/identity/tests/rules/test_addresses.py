"""When two typed addresses are one person's, and when not."""

import pytest

from identity.domain.client import network_of
from identity.formats.addresses import parse_address


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Ada.Lovelace+tickets@Example.ORG", "ada.lovelace+tickets@example.org"),
        ("  ada@example.org ", "ada@example.org"),
        ("ＡＤＡ@example.org", "ada@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
        ("ada@xn--r8jz45g.jp", "ada@xn--r8jz45g.jp"),
    ],
)
def test_case_width_and_spelling_of_the_domain_do_not_make_another_address(typed: str, key: str) -> None:
    assert parse_address(typed).key == key


def test_dots_and_tags_make_another_address() -> None:
    keys = {parse_address(typed).key for typed in ("ada@example.org", "a.da@example.org", "ada+x@example.org")}
    assert len(keys) == 3


def test_a_look_alike_letter_makes_another_address_that_is_not_plain() -> None:
    latin, cyrillic = parse_address("ada@example.org"), parse_address("аda@example.org")
    assert latin.key != cyrillic.key
    assert (latin.is_plain, cyrillic.is_plain) == (True, False)


def test_the_local_part_is_mailed_as_it_was_typed() -> None:
    assert parse_address("Ada.L@Example.org").typed == "Ada.L@example.org"


@pytest.mark.parametrize(
    "typed", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b@c.org", "ada@exa mple.org", 7]
)
def test_what_no_mail_can_reach_is_refused(typed: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic shows the sentence, whatever it is
        parse_address(typed)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("nonsense", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_ipv6_client_is_counted_by_its_64_bit_network(address: str | None, network: str) -> None:
    assert network_of(address) == network

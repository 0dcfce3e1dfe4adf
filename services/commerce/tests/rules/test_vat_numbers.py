"""Which numbers are of the EU and of which member state, and what of the tax authority's answers counts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commerce.adapters.tax_authority import read_verdict
from commerce.domain.party import Party
from commerce.domain.vat_check import Verdict, check_of, could_be_checked_for
from commerce.domain.vat_number import VatNumber
from commerce.errors import VatNumberInvalid
from common.outgoing import Answer

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DUTCH = VatNumber("NL", "123456789B01")
GOOD = {
    "countryCode": "NL",
    "vatNumber": "123456789B01",
    "requestDate": "2026-11-21T12:00:00.000Z",
    "valid": True,
    "requestIdentifier": "WAPIAAAAaEDkvhHx",
    "name": "---",
    "address": "---",
    "traderName": "---",
    "traderNameMatch": "NOT_PROCESSED",
}


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("ATU12345678", "AT", "U12345678"),
        ("BE0123456789", "BE", "0123456789"),
        ("CY12345678L", "CY", "12345678L"),
        ("DE123456789", "DE", "123456789"),
        ("de 123.456-789", "DE", "123456789"),
        ("EL123456789", "EL", "123456789"),
        ("ESX1234567R", "ES", "X1234567R"),
        ("ES12345678Z", "ES", "12345678Z"),
        ("FRXX123456789", "FR", "XX123456789"),
        ("IE1234567FA", "IE", "1234567FA"),
        ("IE1A23456B", "IE", "1A23456B"),
        ("LT123456789012", "LT", "123456789012"),
        ("NL123456789B01", "NL", "123456789B01"),
        ("RO12", "RO", "12"),
        ("SE123456789001", "SE", "123456789001"),
        ("XIGD123", "XI", "GD123"),
    ],
)
def test_a_number_is_read_however_it_is_spelled(written: str, country: str, number: str) -> None:
    assert VatNumber.read(written) == VatNumber(country, number)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "DE",
        "123456789",
        "DE12345678",
        "DE1234567890",
        "DE12345678A",
        "GR123456789",
        "GB123456789",
        "CHE123456789",
        "US123456789",
        "ATX12345678",
        "DE١٢٣٤٥٦٧٨٩",
        "DE123456789\n",
        "BE2123456789",
    ],
)
def test_what_no_member_state_gave_is_no_number(written: str) -> None:
    assert VatNumber.read(written) is None


@pytest.mark.parametrize(
    ("seller", "asked"),
    [("DE123456789", True), ("XI123456789", True), ("NL123456789B02", False), ("", False), ("DE1", False)],
)
def test_only_sellers_of_another_member_state_ask(seller: str, asked: bool) -> None:
    assert could_be_checked_for(DUTCH, seller) == (VatNumber.read(seller) if asked else None)


def answer(told: object, status: int = 200) -> Answer:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return Answer(host="vies", status=status, headers={}, body=body)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, (True, "WAPIAAAAaEDkvhHx")),
        ({"userError": "VALID"}, (True, "WAPIAAAAaEDkvhHx")),
        ({"valid": False}, (False, "")),
        ({"valid": False, "requestIdentifier": "", "userError": "INVALID"}, (False, "")),
        ({"valid": False, "requestIdentifier": None, "userError": "INVALID_INPUT"}, (False, "")),
    ],
)
def test_a_plain_answer_about_the_very_number_counts(changes: dict[str, Any], verdict: tuple[bool, str]) -> None:
    assert read_verdict(answer({**GOOD, **changes}), DUTCH) == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"valid": "true"},
        {"valid": 1},
        {"valid": None},
        {"countryCode": "DE"},
        {"vatNumber": "123456789B02"},
        {"requestIdentifier": ""},
        {"requestIdentifier": None},
        {"requestIdentifier": 7},
        {"requestIdentifier": "<script>"},
        {"requestIdentifier": "W" * 65},
        {"userError": "MS_UNAVAILABLE"},
        {"userError": "INVALID"},
        {"valid": False, "userError": "MS_UNAVAILABLE"},
        {"valid": False, "userError": "SERVICE_UNAVAILABLE"},
        {"valid": False, "userError": "SOMETHING_NEW"},
        {"valid": False, "userError": ["INVALID"]},
        {"valid": False, "userError": "VALID"},
        {"valid": False, "actionSucceed": False},
        {"errorWrappers": [{"error": "MS_MAX_CONCURRENT_REQ"}]},
    ],
)
def test_anything_else_is_no_answer(changes: dict[str, Any]) -> None:
    assert read_verdict(answer({**GOOD, **changes}), DUTCH) is None


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"<html>Be right back</html>",
        b"\xff\xfe",
        b"[" * 100_000,
        [GOOD],
        None,
        7,
        {"actionSucceed": False, "errorWrappers": [{"error": "INVALID_INPUT"}]},
        {name: value for name, value in GOOD.items() if name != "valid"},
    ],
)
def test_what_cannot_be_read_is_no_answer(told: object) -> None:
    assert read_verdict(answer(told), DUTCH) is None


@pytest.mark.parametrize("status", [201, 204, 302, 400, 404, 429, 500, 503])
def test_no_other_status_is_an_answer(status: int) -> None:
    assert read_verdict(answer(GOOD, status), DUTCH) is None


@pytest.mark.parametrize(("valid", "kept"), [(True, timedelta(hours=24)), (False, timedelta(minutes=10))])
def test_a_verdict_holds_for_its_time_and_not_longer(valid: bool, kept: timedelta) -> None:
    verdict = Verdict(valid, "W1" if valid else "", NOW)
    assert verdict.holds(NOW + kept - timedelta(microseconds=1))
    assert not verdict.holds(NOW + kept)


def test_a_bad_number_refuses_and_no_answer_does_not() -> None:
    with pytest.raises(VatNumberInvalid) as refusal:
        check_of(Verdict(False, "", NOW), NOW)
    assert refusal.value.pointer == "/billing/taxId"
    nobody = check_of(None, NOW)
    assert (nobody.outcome, nobody.checked_at, nobody.identifier) == ("unavailable", NOW, "")
    good = check_of(Verdict(True, "W1", NOW - timedelta(hours=1)), NOW)
    assert (good.outcome, good.checked_at, good.identifier) == ("valid", NOW - timedelta(hours=1), "W1")


def test_the_same_number_may_be_spelled_otherwise() -> None:
    named = Party("Obi BV", tax_id="NL 1234.56789.B01")
    assert named.names_number_of(Party("Other", tax_id="nl123456789b01"))
    assert not named.names_number_of(Party("Obi BV", tax_id="NL123456789B02"))
    assert not named.names_number_of(Party("Obi BV"))
    assert Party("A", tax_id="CHE-1").names_number_of(Party("B", tax_id="CHE-1"))
    assert not Party("A", tax_id="CHE-1").names_number_of(Party("A", tax_id="CHE1"))

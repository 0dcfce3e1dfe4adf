"""Google's class, object and link, the link verified by PyJWT, which the service itself does not use."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import jwt
import pytest

from devstack.certificates import Certificates
from wallet.domain.face import Face, Venue
from wallet.errors import ServiceAccountUnreadable
from wallet.formats.google import (
    GoogleIssuer,
    event_ticket_class,
    event_ticket_object,
    full_save_link,
    skinny_save_link,
)
from wallet.formats.service_account import read_service_account

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)

ORIGIN = "https://lanyard.test"
SAVE = "https://pay.google.com/gp/v/save/"
OBJECT_ID = "3388000000022000000.wpass_01k9e0xq3wfkzv8h8d3rj4n5m6"
CLASS_ID = "3388000000022000000.evt_01k9e0xq3wfkzv8h8d3rj4n5m6"


def claims_of(link: str, issuer: GoogleIssuer) -> dict[str, object]:
    """What a verified link says."""
    assert link.startswith(SAVE)
    claims: dict[str, object] = jwt.decode(
        link.removeprefix(SAVE), issuer.account.key.public_key(), algorithms=["RS256"], audience="google"
    )
    return claims


def test_the_skinny_link_names_the_object_and_nothing_personal(face: Face, issuer: GoogleIssuer) -> None:
    link = skinny_save_link(face, issuer, origin=ORIGIN, now=NOW)
    assert claims_of(link, issuer) == {
        "iss": "wallet@lanyard-devstack.iam.gserviceaccount.com",
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(NOW.timestamp()),
        "origins": [ORIGIN],
        "payload": {"eventTicketObjects": [{"id": OBJECT_ID, "classId": CLASS_ID}]},
    }
    assert jwt.get_unverified_header(link.removeprefix(SAVE)) == {
        "alg": "RS256",
        "typ": "JWT",
        "kid": issuer.account.key_id,
    }


def test_the_skinny_link_stays_below_what_google_truncates_however_long_the_names_are(
    face: Face, issuer: GoogleIssuer
) -> None:
    link = skinny_save_link(
        replace(face, holder="ل" * 300, gathering=replace(face.gathering, name="Ž" * 300)),
        issuer,
        origin="https://" + "a" * 100,
        now=NOW,
    )
    assert len(link) < 1800


def test_a_link_signed_by_another_key_or_changed_does_not_verify(
    face: Face, issuer: GoogleIssuer, strangers: Certificates
) -> None:
    link = skinny_save_link(face, issuer, origin=ORIGIN, now=NOW)
    other = replace(issuer, account=read_service_account(strangers.google.read_bytes()))
    with pytest.raises(jwt.InvalidSignatureError):
        claims_of(link, other)
    head, body, signature = link.removeprefix(SAVE).split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        claims_of(f"{SAVE}{head}.{body[:-2]}AA.{signature}", issuer)


def test_the_full_link_carries_class_and_object(face: Face, issuer: GoogleIssuer) -> None:
    claims = claims_of(full_save_link(face, issuer, origin=ORIGIN, now=NOW), issuer)
    assert claims["payload"] == {
        "eventTicketClasses": [event_ticket_class(face.gathering, issuer, face.look.background)],
        "eventTicketObjects": [event_ticket_object(face, issuer)],
    }


def test_the_class_says_what_all_tickets_of_the_event_share(face: Face, issuer: GoogleIssuer) -> None:
    assert event_ticket_class(face.gathering, issuer, "#1b2a41") == {
        "id": CLASS_ID,
        "issuerName": "Kino Světozor",
        "eventId": "evt_01k9e0xq3wfkzv8h8d3rj4n5m6",
        "eventName": {"defaultValue": {"language": "en", "value": "Obscura Night"}},
        "dateTime": {"start": "2026-06-05T20:00:00+02:00", "end": "2026-06-06T00:30:00+02:00"},
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": "#1b2a41",
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
        "venue": {
            "name": {"defaultValue": {"language": "en", "value": "Světozor"}},
            "address": {"defaultValue": {"language": "en", "value": "Vodičkova 41, Praha"}},
        },
        "linksModuleData": {
            "uris": [{"id": "event", "uri": "https://lanyard.test/e/obscura-night", "description": "Event"}]
        },
    }


def test_a_venue_without_address_still_has_the_two_parts_google_demands(face: Face, issuer: GoogleIssuer) -> None:
    body = event_ticket_class(replace(face.gathering, venue=Venue("Online")), issuer, "#1b2a41")
    assert body["venue"] == {
        "name": {"defaultValue": {"language": "en", "value": "Online"}},
        "address": {"defaultValue": {"language": "en", "value": "Online"}},
    }
    assert "venue" not in event_ticket_class(replace(face.gathering, venue=None), issuer, "#1b2a41")


def test_the_object_is_one_admission_and_inactive_once_voided(face: Face, issuer: GoogleIssuer) -> None:
    assert event_ticket_object(face, issuer) == {
        "id": OBJECT_ID,
        "classId": CLASS_ID,
        "state": "ACTIVE",
        "ticketNumber": "wpass_01k9e0xq3wfkzv8h8d3rj4n5m6",
        "ticketType": {"defaultValue": {"language": "en", "value": "Early bird"}},
        "ticketHolderName": "Ada Lovelace",
        "barcode": {"type": "QR_CODE", "value": "LYD1.AbCdEf0123456789.ZyXwVu"},
        "groupingInfo": {"groupingId": "ord_01k9e0xq3wfkzv8h8d3rj4n5m6"},
        "validTimeInterval": {"end": {"date": "2026-06-06T12:30:00+02:00"}},
    }
    voided = event_ticket_object(replace(face, voided=True, holder=None), issuer)
    assert voided["state"] == "INACTIVE"
    assert "ticketHolderName" not in voided


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"client_email": "a", "private_key_id": "b", "private_key": "c"})]
)
def test_a_file_that_is_no_service_account_is_refused(content: str) -> None:
    with pytest.raises(ServiceAccountUnreadable):
        read_service_account(content)

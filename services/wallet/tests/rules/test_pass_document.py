"""What pass.json says about an event, exactly."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from wallet.domain.face import Face, Venue
from wallet.domain.relevance import relevant_intervals, spent_at
from wallet.formats.pass_json import UpdateService, pass_document
from wallet.formats.pass_words import TRANSLATIONS, strings_file

PASS_TYPE = "pass.test.lanyard"
TEAM = "TEAM123456"


def documented(face: Face, updates: UpdateService | None = None) -> dict[str, object]:
    """The document after a journey through JSON, as a phone reads it."""
    text = json.dumps(pass_document(face, pass_type_id=PASS_TYPE, team_id=TEAM, updates=updates))
    document: dict[str, object] = json.loads(text)
    return document


def test_a_classic_event_ticket_says_all_a_door_and_a_lock_screen_need(face: Face) -> None:
    document = documented(face)
    assert document == {
        "formatVersion": 1,
        "passTypeIdentifier": PASS_TYPE,
        "teamIdentifier": TEAM,
        "serialNumber": "wpass_01k9e0xq3wfkzv8h8d3rj4n5m6",
        "organizationName": "Kino Světozor",
        "description": "Ticket: Obscura Night",
        "logoText": "Kino Světozor",
        "groupingIdentifier": "ord_01k9e0xq3wfkzv8h8d3rj4n5m6",
        "voided": False,
        "sharingProhibited": True,
        "backgroundColor": "rgb(27, 42, 65)",
        "foregroundColor": "rgb(255, 255, 255)",
        "labelColor": "rgb(184, 196, 214)",
        "barcodes": [
            {
                "format": "PKBarcodeFormatQR",
                "message": "LYD1.AbCdEf0123456789.ZyXwVu",
                "messageEncoding": "iso-8859-1",
            }
        ],
        "relevantDate": "2026-06-05T20:00:00+02:00",
        "relevantDates": [
            {"startDate": "2026-06-05T20:00:00+02:00", "endDate": "2026-06-06T00:30:00+02:00"},
            {"date": "2026-06-05T20:00:00+02:00", "relevantDate": "2026-06-05T20:00:00+02:00"},
        ],
        "expirationDate": "2026-06-06T12:30:00+02:00",
        "locations": [{"latitude": 50.0815, "longitude": 14.4244}],
        "eventTicket": {
            "headerFields": [
                {
                    "key": "date",
                    "label": "Date",
                    "value": "2026-06-05T20:00:00+02:00",
                    "ignoresTimeZone": True,
                    "dateStyle": "PKDateStyleMedium",
                    "timeStyle": "PKDateStyleNone",
                }
            ],
            "primaryFields": [{"key": "event", "label": "", "value": "Obscura Night"}],
            "secondaryFields": [
                {
                    "key": "venue",
                    "label": "Venue",
                    "value": "Světozor",
                    "changeMessage": "The venue has changed: %@",
                },
                {
                    "key": "starts",
                    "label": "Starts",
                    "value": "2026-06-05T20:00:00+02:00",
                    "ignoresTimeZone": True,
                    "dateStyle": "PKDateStyleNone",
                    "timeStyle": "PKDateStyleShort",
                    "changeMessage": "The time has changed: %@",
                },
            ],
            "auxiliaryFields": [
                {"key": "attendee", "label": "Attendee", "value": "Ada Lovelace"},
                {"key": "ticket", "label": "Ticket", "value": "Early bird"},
            ],
            "backFields": [
                {"key": "address", "label": "Address", "value": "Světozor\nVodičkova 41, Praha"},
                {"key": "organizer", "label": "Organiser", "value": "Kino Světozor"},
                {"key": "website", "label": "Website", "value": "https://lanyard.test/e/obscura-night"},
            ],
        },
        "semantics": {
            "eventType": "PKEventTypeGeneric",
            "eventName": "Obscura Night",
            "eventStartDate": "2026-06-05T20:00:00+02:00",
            "eventEndDate": "2026-06-06T00:30:00+02:00",
            "admissionLevel": "Early bird",
            "attendeeName": "Ada Lovelace",
            "venueName": "Světozor",
            "venueLocation": {"latitude": 50.0815, "longitude": 14.4244},
        },
    }


def test_a_pass_without_venue_or_holder_leaves_their_fields_out(face: Face) -> None:
    document = pass_document(
        replace(face, holder=None, gathering=replace(face.gathering, venue=None, page_url=None)),
        pass_type_id=PASS_TYPE,
        team_id=TEAM,
    )
    text = json.dumps(document)
    assert [word for word in ("venue", "address", "attendee", "website", "locations") if word in text] == []


def test_a_venue_without_coordinates_has_no_location(face: Face) -> None:
    gathering = replace(face.gathering, venue=Venue("Online studio"))
    document = documented(replace(face, gathering=gathering))
    assert "locations" not in document
    assert "venueLocation" not in str(document["semantics"])


def test_every_field_key_is_used_once_over_all_groups(face: Face) -> None:
    groups = pass_document(face, pass_type_id=PASS_TYPE, team_id=TEAM)["eventTicket"]
    assert isinstance(groups, dict)
    keys = [field["key"] for group in groups.values() for field in group]
    assert len(keys) == len(set(keys)) == 9


def test_a_refunded_ticket_is_marked_voided(face: Face) -> None:
    assert documented(replace(face, voided=True))["voided"] is True


def test_a_code_outside_latin_1_is_labelled_utf_8(face: Face) -> None:
    document = documented(replace(face, code="vstup-Žižkov"))
    assert document["barcodes"] == [
        {"format": "PKBarcodeFormatQR", "message": "vstup-Žižkov", "messageEncoding": "utf-8"}
    ]


def test_the_update_service_and_its_token_come_together_or_not_at_all(face: Face) -> None:
    assert not {"webServiceURL", "authenticationToken"} & set(documented(face))
    document = documented(face, UpdateService("https://lanyard.test/v1/wallet/apple", "0123456789abcdef"))
    assert document["webServiceURL"] == "https://lanyard.test/v1/wallet/apple"
    assert document["authenticationToken"] == "0123456789abcdef"


def test_a_festival_over_the_clock_change_has_an_interval_a_day_of_at_most_24_hours(face: Face) -> None:
    gathering = replace(
        face.gathering,
        starts_at=datetime(2026, 10, 24, 16, 0, tzinfo=UTC),
        ends_at=datetime(2026, 10, 26, 21, 0, tzinfo=UTC),
    )
    assert [(begin.isoformat(), end.isoformat()) for begin, end in relevant_intervals(gathering)] == [
        ("2026-10-24T18:00:00+02:00", "2026-10-25T00:00:00+02:00"),
        ("2026-10-25T00:00:00+02:00", "2026-10-25T23:00:00+01:00"),
        ("2026-10-26T00:00:00+01:00", "2026-10-26T22:00:00+01:00"),
    ]
    document = documented(replace(face, gathering=gathering))
    assert document["relevantDates"] == [
        {"startDate": "2026-10-24T18:00:00+02:00", "endDate": "2026-10-25T00:00:00+02:00"},
        {"date": "2026-10-24T18:00:00+02:00", "relevantDate": "2026-10-24T18:00:00+02:00"},
        {"startDate": "2026-10-25T00:00:00+02:00", "endDate": "2026-10-25T23:00:00+01:00"},
        {"date": "2026-10-25T00:00:00+02:00", "relevantDate": "2026-10-25T00:00:00+02:00"},
        {"startDate": "2026-10-26T00:00:00+01:00", "endDate": "2026-10-26T22:00:00+01:00"},
        {"date": "2026-10-26T00:00:00+01:00", "relevantDate": "2026-10-26T00:00:00+01:00"},
    ]


def test_a_night_is_one_interval_and_not_cut_at_midnight(face: Face) -> None:
    gathering = replace(
        face.gathering,
        starts_at=datetime(2026, 3, 28, 21, 0, tzinfo=UTC),
        ends_at=datetime(2026, 3, 29, 4, 0, tzinfo=UTC),
    )
    assert [(begin.isoformat(), end.isoformat()) for begin, end in relevant_intervals(gathering)] == [
        ("2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00")
    ]
    assert spent_at(gathering).isoformat() == "2026-03-29T18:00:00+02:00"


def test_a_season_of_events_names_31_days_at_most(face: Face) -> None:
    gathering = replace(face.gathering, ends_at=datetime(2027, 6, 5, tzinfo=UTC))
    assert len(relevant_intervals(gathering)) == 31


def test_every_language_translates_every_word_and_keeps_the_placeholder() -> None:
    expected = set(TRANSLATIONS["cs"])
    assert {language: set(words) ^ expected for language, words in TRANSLATIONS.items() if set(words) ^ expected} == {}
    for words in TRANSLATIONS.values():
        assert [key for key, value in words.items() if key.count("%@") != value.count("%@")] == []


def test_a_strings_file_escapes_quotes_backslashes_and_line_breaks() -> None:
    assert (
        strings_file({"b": 'say "hi"\\\n', "a": "Místo"}).decode() == '"a" = "Místo";\n"b" = "say \\"hi\\"\\\\\\n";\n'
    )

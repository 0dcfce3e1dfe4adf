"""`pass.json`: one Face as Apple's classic event ticket.

The classic style, and not the poster one, because Apple gives a poster ticket no barcode and our doors scan codes.
"""

from dataclasses import dataclass
from datetime import datetime

from wallet.domain.face import Face, Gathering, Venue
from wallet.domain.relevance import relevant_intervals, spent_at
from wallet.formats import pass_words as words


@dataclass(frozen=True, slots=True)
class UpdateService:
    """Where a phone asks for newer versions: an https address and the pass's own secret of at least 16 characters."""

    url: str
    token: str


def pass_document(
    face: Face, *, pass_type_id: str, team_id: str, updates: UpdateService | None = None
) -> dict[str, object]:
    """The document that becomes `pass.json`. `face.serial` has at least 16 characters, as validators demand."""
    gathering = face.gathering
    document: dict[str, object] = {
        "formatVersion": 1,
        "passTypeIdentifier": pass_type_id,
        "teamIdentifier": team_id,
        "serialNumber": face.serial,
        "organizationName": gathering.organizer,
        "description": f"{words.TICKET}: {gathering.name}",
        "logoText": gathering.organizer,
        "groupingIdentifier": face.group,
        "voided": face.voided,
        "sharingProhibited": True,
        "backgroundColor": _rgb(face.look.background),
        "foregroundColor": _rgb(face.look.foreground),
        "labelColor": _rgb(face.look.label),
        "barcodes": [_barcode(face.code)],
        "relevantDate": _written(gathering.local(gathering.starts_at)),
        "relevantDates": _relevant_dates(gathering),
        "expirationDate": _written(spent_at(gathering)),
        "eventTicket": _fields(face),
        "semantics": _semantics(face),
    }
    if gathering.venue is not None and (place := _place(gathering.venue)):
        document["locations"] = [place]
    if updates is not None:
        document |= {"webServiceURL": updates.url, "authenticationToken": updates.token}
    return document


def _fields(face: Face) -> dict[str, object]:
    gathering, venue = face.gathering, face.gathering.venue
    start = _written(gathering.local(gathering.starts_at))
    # ignoresTimeZone shows the venue's time to somebody who is still at home, elsewhere.
    moment = {"value": start, "ignoresTimeZone": True}
    back: list[dict[str, object]] = [_field("organizer", words.ORGANIZER, gathering.organizer)]
    if venue is not None and venue.address:
        back.insert(0, _field("address", words.ADDRESS, f"{venue.name}\n{venue.address}"))
    if gathering.page_url:
        back.append(_field("website", words.WEBSITE, gathering.page_url))
    return {
        "headerFields": [
            {
                "key": "date",
                "label": words.DATE,
                **moment,
                "dateStyle": "PKDateStyleMedium",
                "timeStyle": "PKDateStyleNone",
            }
        ],
        "primaryFields": [{"key": "event", "label": "", "value": gathering.name}],
        "secondaryFields": [
            *([_field("venue", words.VENUE, venue.name, words.VENUE_CHANGED)] if venue else []),
            {
                "key": "starts",
                "label": words.STARTS,
                **moment,
                "dateStyle": "PKDateStyleNone",
                "timeStyle": "PKDateStyleShort",
                "changeMessage": words.TIME_CHANGED,
            },
        ],
        "auxiliaryFields": [
            *([_field("attendee", words.ATTENDEE, face.holder)] if face.holder else []),
            _field("ticket", words.TICKET, face.tier),
        ],
        "backFields": back,
    }


def _field(key: str, label: str, value: str, change_message: str | None = None) -> dict[str, object]:
    field: dict[str, object] = {"key": key, "label": label, "value": value}
    return field | ({"changeMessage": change_message} if change_message else {})


def _semantics(face: Face) -> dict[str, object]:
    gathering, venue = face.gathering, face.gathering.venue
    semantics: dict[str, object] = {
        "eventType": "PKEventTypeGeneric",
        "eventName": gathering.name,
        "eventStartDate": _written(gathering.local(gathering.starts_at)),
        "eventEndDate": _written(gathering.local(gathering.ends_at)),
        "admissionLevel": face.tier,
    }
    if face.holder:
        semantics["attendeeName"] = face.holder
    if venue is not None:
        semantics["venueName"] = venue.name
        if place := _place(venue):
            semantics["venueLocation"] = place
    return semantics


def _place(venue: Venue) -> dict[str, float] | None:
    if venue.latitude is None or venue.longitude is None:
        return None
    return {"latitude": venue.latitude, "longitude": venue.longitude}


def _barcode(message: str) -> dict[str, str]:
    # Older readers assume Latin-1; a message outside it must say so, or the QR carries question marks.
    try:
        message.encode("iso-8859-1")
        encoding = "iso-8859-1"
    except UnicodeEncodeError:
        encoding = "utf-8"
    return {"format": "PKBarcodeFormatQR", "message": message, "messageEncoding": encoding}


def _relevant_dates(gathering: Gathering) -> list[dict[str, str]]:
    """Per span its interval, and its start in both spellings: `relevantDate` of iOS 18 became `date` in iOS 26."""
    entries = []
    for begin, end in relevant_intervals(gathering):
        entries.append({"startDate": _written(begin), "endDate": _written(end)})
        entries.append({"date": _written(begin), "relevantDate": _written(begin)})
    return entries


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _rgb(colour: str) -> str:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgb({red}, {green}, {blue})"

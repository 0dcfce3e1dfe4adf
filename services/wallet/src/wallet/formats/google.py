"""Google Wallet: one Face as an event ticket class (the event) and object (the ticket), and the link that saves it.

Google truncates links over 1,800 characters, so the usual link is skinny: class and object are put to Google's API
first, and the link names the object alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wallet.domain.face import Face, Gathering
from wallet.domain.relevance import spent_at
from wallet.formats.service_account import ServiceAccount

_SAVE: Final = "https://pay.google.com/gp/v/save/"
_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class GoogleIssuer:
    """The issuer account at Google, and who signs for it."""

    issuer_id: str
    account: ServiceAccount

    def class_id(self, event_id: str) -> str:
        """Google's id of the class for an event."""
        return f"{self.issuer_id}.{event_id}"

    def object_id(self, serial: str) -> str:
        """Google's id of the object for one wallet pass. Objects are never deleted, so it is never used again."""
        return f"{self.issuer_id}.{serial}"


def event_ticket_class(gathering: Gathering, issuer: GoogleIssuer, background: str) -> dict[str, object]:
    """An EventTicketClass: what all tickets of the event share."""
    body: dict[str, object] = {
        "id": issuer.class_id(gathering.event_id),
        "issuerName": gathering.organizer,
        "eventId": gathering.event_id,
        "eventName": _localized(gathering.name),
        "dateTime": {"start": _written(gathering, gathering.starts_at), "end": _written(gathering, gathering.ends_at)},
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": background,
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
    }
    if (venue := gathering.venue) is not None:
        # Google demands both parts of a venue.
        body["venue"] = {"name": _localized(venue.name), "address": _localized(venue.address or venue.name)}
    if gathering.page_url:
        body["linksModuleData"] = {"uris": [{"id": "event", "uri": gathering.page_url, "description": "Event"}]}
    return body


def event_ticket_object(face: Face, issuer: GoogleIssuer) -> dict[str, object]:
    """An EventTicketObject: one admission. A voided one is INACTIVE, which greys it within moments."""
    body: dict[str, object] = {
        "id": issuer.object_id(face.serial),
        "classId": issuer.class_id(face.gathering.event_id),
        "state": "INACTIVE" if face.voided else "ACTIVE",
        "ticketNumber": face.serial,
        "ticketType": _localized(face.tier),
        "barcode": {"type": "QR_CODE", "value": face.code},
        "groupingInfo": {"groupingId": face.group},
        "validTimeInterval": {"end": {"date": spent_at(face.gathering).isoformat(timespec="seconds")}},
    }
    return body | ({"ticketHolderName": face.holder} if face.holder else {})


def skinny_save_link(face: Face, issuer: GoogleIssuer, *, origin: str, now: datetime) -> str:
    """The link for an object Google already holds."""
    named = {
        "id": issuer.object_id(face.serial),
        "classId": issuer.class_id(face.gathering.event_id),
    }
    return _link({"eventTicketObjects": [named]}, issuer.account, origin, now)


def full_save_link(face: Face, issuer: GoogleIssuer, *, origin: str, now: datetime) -> str:
    """The link that carries class and object itself, for where Google's API is not configured. It is long: Google asks
    for at most 1,800 characters."""
    payload = {
        "eventTicketClasses": [event_ticket_class(face.gathering, issuer, face.look.background)],
        "eventTicketObjects": [event_ticket_object(face, issuer)],
    }
    return _link(payload, issuer.account, origin, now)


def _link(payload: Mapping[str, object], account: ServiceAccount, origin: str, now: datetime) -> str:
    claims = {
        "iss": account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(now.timestamp()),
        "origins": [origin],
        "payload": payload,
    }
    return _SAVE + account.sign(claims)


def _localized(text: str) -> dict[str, object]:
    return {"defaultValue": {"language": _LANGUAGE, "value": text}}


def _written(gathering: Gathering, moment: datetime) -> str:
    return gathering.local(moment).isoformat(timespec="seconds")

"""What a picture says about its event. English for now; times are the event's own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.ids import EventId, OrganizationId, WorkspaceId

EventStatus = Literal["draft", "published", "ended", "cancelled"]


@dataclass(frozen=True, slots=True)
class Gathering:
    """dp's copy of an event."""

    id: EventId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    slug: str
    status: EventStatus
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue_name: str | None
    city: str | None


def event_words(event: Gathering, host: str) -> dict[str, str]:
    """The fields of a design that the event and the organisation hosting it fill."""
    return {"event.name": event.name, "event.date": dates(event), "event.place": place(event), "event.host": host}


def dates(event: Gathering) -> str:
    """`Saturday 14 March 2026, 10:00` for one day; `14–16 March 2026`, `30 March – 2 April 2026` for several.

    A night that ends before six in the morning belongs to the day it began on.
    """
    zone = _zone(event.timezone)
    start, end = event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
    days = (end.date() - start.date()).days
    if days == 0 or (days == 1 and end.hour < 6):
        return f"{start:%A} {start.day} {start:%B %Y}, {start:%H:%M}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}\u2013{end.day} {end:%B %Y}"
    if start.year == end.year:
        return f"{start.day} {start:%B} \u2013 {end.day} {end:%B %Y}"
    return f"{start.day} {start:%B %Y} \u2013 {end.day} {end:%B %Y}"


def place(event: Gathering) -> str:
    """The venue with its city, unless its name says the city already."""
    name, city = event.venue_name or "", event.city or ""
    if not city or city.casefold() in name.casefold():
        return name
    return f"{name}, {city}" if name else city


def _zone(name: str) -> ZoneInfo:
    # events checks the name; a zone this machine's tables do not know yet is no reason to make no pictures.
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")

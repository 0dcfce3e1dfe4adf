"""An event: a gathering with a time and a place, which goes from draft to published to ended, or is cancelled."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from common.ids import EventId, OrganizationId, WorkspaceId
from events.errors import DoorsOpenTooLate, EndsBeforeItStarts, EventClosed, EventIsOver, UnknownTimeZone

Status = Literal["draft", "published", "ended", "cancelled"]

_NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})


@dataclass(frozen=True, slots=True)
class Venue:
    """Where it takes place. Only the name must be known; `country` is ISO 3166-1 alpha-2."""

    name: str
    address: str | None = None
    city: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it stands. `version` grows with every change and is what an ETag carries."""

    id: EventId
    version: int
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    slug: str
    description: str | None
    status: Status
    starts_at: datetime
    ends_at: datetime
    doors_open_at: datetime | None
    timezone: str
    venue: Venue | None
    currency: str | None
    published_at: datetime | None

    @property
    def is_public(self) -> bool:
        """Everyone may know of an event that was ever published, also once it ended or was cancelled."""
        return self.published_at is not None


def checked(event: Event) -> Event:
    """The event itself when its time zone exists and its times are in order; refuses otherwise."""
    if event.timezone not in _timezones():
        raise UnknownTimeZone(timezone=event.timezone, pointer="/timezone")
    if event.ends_at <= event.starts_at:
        raise EndsBeforeItStarts(pointer="/endsAt")
    if event.doors_open_at is not None and event.doors_open_at >= event.ends_at:
        raise DoorsOpenTooLate(pointer="/doorsOpenAt")
    return event


def require_open(event: Event) -> None:
    """Refuse to change an event that ended or was cancelled: passes, money and wallets rest on what was said of it."""
    if event.status in ("ended", "cancelled"):
        raise EventClosed(status=event.status)


def published(event: Event, now: datetime) -> Event:
    """The event made public. One that is public already stays as it is; one that is over cannot be published."""
    if event.status == "published":
        return event
    require_open(event)
    if event.ends_at <= now:
        raise EventIsOver()
    return replace(event, status="published", published_at=now, version=event.version + 1)


def cancelled(event: Event) -> Event:
    """The event called off, for good. One that is cancelled already stays as it is; one that ended did take place."""
    if event.status == "cancelled":
        return event
    require_open(event)
    return replace(event, status="cancelled", version=event.version + 1)


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_PLACES

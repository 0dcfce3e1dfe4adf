"""Bodies and answers about events."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from common.db import Transaction
from common.ids import EventId, OrganizationId, WorkspaceId
from common.schemas import Body, Moment, Name, Prose, View
from events.domain.event import Event, Venue
from events.schemas.changes import refuse_null

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["NG"])]
TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=64), Field(examples=["Africa/Lagos"])]


class VenueBody(Body):
    """Where it takes place."""

    name: Name
    address: Name | None = None
    city: Name | None = None
    country: Country | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False, strict=True)
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False, strict=True)

    @model_validator(mode="after")
    def _a_point_has_both(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")
        return self

    def venue(self) -> Venue:
        """The value the domain works with."""
        return Venue(**self.model_dump())


class NewEvent(Body):
    """An event to be made."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId | None = None
    name: Name
    description: Prose | None = None
    starts_at: Moment = Field(examples=["2031-05-01T18:00:00+01:00"])
    ends_at: Moment = Field(examples=["2031-05-01T23:00:00+01:00"])
    doors_open_at: Moment | None = Field(default=None, examples=["2031-05-01T17:00:00+01:00"])
    timezone: TimeZone
    venue: VenueBody | None = None

    def event(self, tx: Transaction) -> Event:
        """The draft, without an address yet."""
        return Event(
            id=tx.new_id(EventId),
            version=1,
            organization_id=self.organization_id,
            workspace_id=self.workspace_id,
            name=self.name,
            slug="",
            description=self.description,
            status="draft",
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            doors_open_at=self.doors_open_at,
            timezone=self.timezone,
            venue=None if self.venue is None else self.venue.venue(),
            currency=None,
            published_at=None,
        )


class EventChanges(Body):
    """What to change of an event; what is left out stays. Only what may be unknown can be set to null."""

    name: Name | None = None
    description: Prose | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    doors_open_at: Moment | None = None
    timezone: TimeZone | None = None
    venue: VenueBody | None = None

    @model_validator(mode="after")
    def _some_are_always_known(self) -> Self:
        refuse_null(self, "name", "starts_at", "ends_at", "timezone")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, as the domain's values."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if self.venue is not None:
            sent["venue"] = self.venue.venue()
        return sent


class VenueView(View):
    """Where it takes place."""

    name: str
    address: str | None
    city: str | None
    country: str | None
    latitude: float | None
    longitude: float | None


class EventView(View):
    """An event as it stands."""

    id: EventId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    slug: str
    description: str | None
    status: Literal["draft", "published", "ended", "cancelled"]
    starts_at: datetime
    ends_at: datetime
    doors_open_at: datetime | None
    timezone: str
    venue: VenueView | None
    currency: str | None
    published_at: datetime | None
    version: int

    @classmethod
    def of(cls, event: Event) -> "EventView":
        """From the domain's value."""
        values = {name: getattr(event, name) for name in cls.model_fields if name != "venue"}
        return cls(venue=None if event.venue is None else VenueView(**asdict(event.venue)), **values)

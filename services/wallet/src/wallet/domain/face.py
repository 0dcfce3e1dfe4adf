"""What a wallet pass shows. Both vendors' formats are drawn from this one value, so they never tell two stories."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Venue:
    """Where the event is."""

    name: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Colours as `#rrggbb`."""

    background: str = "#1b2a41"
    foreground: str = "#ffffff"
    label: str = "#b8c4d6"


@dataclass(frozen=True, slots=True)
class Gathering:
    """The event a pass admits to. Times are aware; `timezone` is the IANA zone people at the venue live in."""

    event_id: str
    name: str
    organizer: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: Venue | None = None
    page_url: str | None = None

    def local(self, moment: datetime) -> datetime:
        """`moment` with the offset that clocks at the venue have then."""
        return moment.astimezone(ZoneInfo(self.timezone))


@dataclass(frozen=True, slots=True)
class Face:
    """One wallet pass as people see it. `code` is what the QR carries; `voided` greys the pass out."""

    serial: str
    gathering: Gathering
    tier: str
    code: str
    holder: str | None
    group: str
    voided: bool = False
    look: Look = Look()

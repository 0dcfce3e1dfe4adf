"""Bodies and answers about what happens at doors."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.ids import CheckInId, EventId, GateId, PassId
from common.schemas import Body, Moment, View
from events.domain.door import CheckIn, Direction, Reason, Scan
from events.store.passes import DoorCount

Nonce = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]


class NewScan(Body):
    """One attempt at a door. A retry of the same attempt carries the same nonce, a new attempt a new one."""

    code: str = Field(min_length=1, max_length=500)
    event_id: EventId
    gate_id: GateId | None = None
    direction: Direction = "in"
    scanned_at: Moment | None = None
    nonce: Nonce

    def scan(self, now: datetime) -> Scan:
        """The value the domain works with."""
        return Scan(
            code=self.code,
            event_id=self.event_id,
            gate_id=self.gate_id,
            direction=self.direction,
            scanned_at=self.scanned_at or now,
            nonce=self.nonce,
        )


class ScanAnswer(View):
    """What came of a scan. Fields that say nothing are left out."""

    id: CheckInId
    result: Literal["admitted", "refused"]
    reason: Reason | None = None
    direction: Direction
    inside: bool
    pass_id: PassId | None = None
    attendee_name: str | None = None
    ticket_tier_name: str | None = None
    gate_id: GateId | None = None
    scanned_at: datetime
    first_admitted_at: datetime | None = None
    first_gate_id: GateId | None = None

    @classmethod
    def of(cls, check_in: CheckIn) -> "ScanAnswer":
        """From the domain's value."""
        values = {name: getattr(check_in, name) for name in cls.model_fields if name != "result"}
        return cls(result="refused" if check_in.reason else "admitted", **values)


class CheckInView(ScanAnswer):
    """A scan in the list of all, with who scanned."""

    scanner: str
    recorded_at: datetime

    @classmethod
    def of(cls, check_in: CheckIn) -> "CheckInView":
        """From the domain's value."""
        answer = ScanAnswer.of(check_in)
        return cls(**answer.model_dump(), scanner=check_in.scanner, recorded_at=check_in.recorded_at)


class DoorView(View):
    """How many may enter, how many ever did, and how many are inside now."""

    admitted: int
    inside: int
    issued: int

    @classmethod
    def of(cls, count: DoorCount) -> "DoorView":
        """From the counts."""
        return cls(admitted=count.admitted, inside=count.inside, issued=count.issued)

"""What happens when a code is scanned at a door.

The checks run in this order, and the first that fails is the reason given: event_cancelled, voided, not_yet_valid,
expired, already_admitted. (forged, unknown and wrong_event are told apart before, from the code itself.)
Who is inside may always leave, whatever became of the pass or the event meanwhile. Who left may come back in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from common.ids import CheckInId, EventId, GateId, PassId
from events.domain.entry_pass import Pass
from events.domain.event import Event

Direction = Literal["in", "out"]
Reason = Literal[
    "already_admitted",
    "voided",
    "unknown",
    "forged",
    "wrong_event",
    "wrong_tier",
    "not_yet_valid",
    "expired",
    "event_cancelled",
    "full",
    "unpaid",
]

DOORS_OPEN_BEFORE = timedelta(hours=12)
"""How long before the start people may enter, where the organiser set no other time."""
DOORS_CLOSE_AFTER = timedelta(hours=6)
"""How long after the end people may still enter: events run late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One attempt at a door. `nonce` is the scanner's own word for it, the same in every retry."""

    code: str
    event_id: EventId
    gate_id: GateId | None
    direction: Direction
    scanned_at: datetime
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """A scan and what came of it, kept for good: refused ones too. `reason` is None when the person was let through."""

    id: CheckInId
    event_id: EventId
    pass_id: PassId | None
    direction: Direction
    reason: Reason | None
    gate_id: GateId | None
    scanner: str
    nonce: str
    code_digest: bytes
    scanned_at: datetime
    recorded_at: datetime
    inside: bool
    first_admitted_at: datetime | None
    first_gate_id: GateId | None
    attendee_name: str | None
    ticket_tier_name: str | None


def reason_to_refuse(
    entry: Pass, event: Event, generation: int, direction: Direction, scanned_at: datetime
) -> Reason | None:
    """Why this pass may not go through this door now, or None when it may."""
    if direction == "out" and entry.inside:
        return None
    withdrawn = entry.status == "voided" or generation != entry.generation
    if direction == "out":
        return "voided" if withdrawn else None
    if event.status == "cancelled":
        return "event_cancelled"
    if withdrawn:
        return "voided"
    if scanned_at < opens_at(event):
        return "not_yet_valid"
    if scanned_at > event.ends_at + DOORS_CLOSE_AFTER:
        return "expired"
    return "already_admitted" if entry.inside else None


def opens_at(event: Event) -> datetime:
    """From when on people may enter."""
    return event.doors_open_at or event.starts_at - DOORS_OPEN_BEFORE

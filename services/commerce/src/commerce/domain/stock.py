"""How many tickets of a tier are held and sold, and the one word others hear of it."""

from dataclasses import dataclass
from typing import Literal

from common.ids import EventId, TicketTierId

Word = Literal["available", "few", "sold_out"]


@dataclass(frozen=True, slots=True)
class Stock:
    """The counts of one tier. `word` is what was last told of it, `version` grows each time that is told anew."""

    ticket_tier_id: TicketTierId
    event_id: EventId
    capacity: int
    held: int
    sold: int
    word: Word
    version: int

    @property
    def left(self) -> int:
        """How many can still be ordered. Never negative: a capacity lowered below what is sold leaves none."""
        return max(0, self.capacity - self.held - self.sold)


def availability(capacity: int, left: int) -> Word:
    """Few is a tenth of the capacity; of a small tier, five, or half of it if that is less."""
    if left <= 0:
        return "sold_out"
    return "few" if left <= max(capacity // 10, min(5, capacity // 2)) else "available"

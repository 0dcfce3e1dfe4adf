"""What the platform owes an organiser, and what was paid out: periods with a statement for each event.

A line of a statement is what an event's payable moved since the statements before; so whatever commits late is in the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commerce.errors import NothingToPayOut
from common.ids import EventId, OrganizationId, PayoutId
from common.money import Money


@dataclass(frozen=True, slots=True)
class Balance:
    """An organisation's account in one currency. `at_door` is what it took itself and owes us; `held` is disputed.

    `refunds_due` is on its way to buyers and not the organiser's any more.
    """

    currency: str
    payable: int
    at_door: int
    held: int
    refunds_due: int
    paid_out: int

    @property
    def available(self) -> int:
        """What could be paid out now. Less than nothing where more went back than is there."""
        return self.payable - self.at_door


@dataclass(frozen=True, slots=True)
class StatementLine:
    """What an event's payable moved in a period: sales, less fees, refunds, what is held for disputes or was taken at the door.

    `refunds` is less the fees the platform gave up for them.
    """

    event_id: EventId
    event_name: str
    sales: int
    fees: int
    refunds: int
    held: int
    at_door: int

    @property
    def amount(self) -> int:
        """What it comes to; less than nothing where more went back than came."""
        return self.sales - self.fees - self.refunds - self.held - self.at_door

    @property
    def moved(self) -> bool:
        """Whether there is anything to state."""
        return any((self.sales, self.fees, self.refunds, self.held, self.at_door))


@dataclass(frozen=True, slots=True)
class Payout:
    """The number-th payout of an organisation in its currency. The period begins where the one before ended."""

    id: PayoutId
    organization_id: OrganizationId
    number: int
    amount: Money
    period_start: datetime | None
    period_end: datetime
    made_by: str
    made_at: datetime
    lines: tuple[StatementLine, ...]


def payable_sum(currency: str, lines: Sequence[StatementLine]) -> Money:
    """What the lines come to. Raises NothingToPayOut."""
    amount = Money(sum(line.amount for line in lines), currency)
    if amount.amount <= 0:
        raise NothingToPayOut(currency=currency, payable=str(amount))
    return amount

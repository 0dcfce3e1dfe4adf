"""Orders that staff make: given away, or sold at the door for money the organiser took.

Staff sell outside the window of a sale, without its limits for one order and without codes; never what was retired, nor more
than there is. The price is the tier's own: no discount, no fee on top. The platform's fee is the organiser's to bear.
"""

from dataclasses import dataclass, replace

from commerce.domain.add_on import AddOn, AddOnChoice, AddOnWish
from commerce.domain.basket import MOST_ADMISSIONS, Basket, Choice, Wish
from commerce.domain.order import TakenAs
from commerce.domain.quote import Offered
from commerce.domain.sale import TicketTier
from common.ids import EventId
from common.money import Money


@dataclass(frozen=True, slots=True)
class Made:
    """What is wanted, for whom, and how the money was taken; None where it was given away."""

    wishes: tuple[Wish, ...]
    add_ons: tuple[AddOnWish, ...]
    taken_as: TakenAs | None
    email: str
    name: str | None

    def basket(self, event_id: EventId) -> Basket:
        """As a buyer would ask for it."""
        return Basket(event_id, self.wishes, self.add_ons)


def offered_to_staff(offered: Offered) -> Offered:
    """What is offered, without what binds buyers alone."""
    return replace(
        offered,
        tiers={tier: _unbound(found) for tier, found in offered.tiers.items()},
        add_ons={add_on: _unbound_add_on(found) for add_on, found in offered.add_ons.items()},
        settings=replace(
            offered.settings, service_fee_per_order=0, service_fee_per_ticket=0, platform_fee_passed_on=False
        ),
        promo_codes=(),
    )


def given(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """For nothing."""
    return tuple(replace(choice, unit_price=Money.zero(choice.unit_price.currency)) for choice in choices)


def given_too(choices: tuple[AddOnChoice, ...]) -> tuple[AddOnChoice, ...]:
    """For nothing."""
    return tuple(replace(choice, unit_price=Money.zero(choice.unit_price.currency)) for choice in choices)


def _unbound(tier: TicketTier) -> TicketTier:
    return replace(tier, sales_start_at=None, sales_end_at=None, min_per_order=1, max_per_order=MOST_ADMISSIONS)


def _unbound_add_on(add_on: AddOn) -> AddOn:
    return replace(add_on, sales_start_at=None, sales_end_at=None)

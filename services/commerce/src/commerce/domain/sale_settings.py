"""How an organiser sells: taxes, fees, terms of cancellation, and what happens to money that comes late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from commerce.domain.order import HOLD, NO_CANCELLATION, CancellationTerms, Rounding
from commerce.domain.pricing import PriceTerms

LatePayment = Literal["complete_or_refund", "complete_or_review", "refund"]
"""What becomes of money that comes when the hold is over: the order if its places can still be had, else the money goes
back or a person decides; or the money goes back in any case."""
USUAL_LATE_PAYMENT: LatePayment = "complete_or_refund"

FIRST_VERSION = 1
"""The version of settings that nobody saved yet."""
LEAST_HOLD_MINUTES, MOST_HOLD_MINUTES = 5, 60
USUAL_HOLD_MINUTES = HOLD // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SaleSettings:
    """Of an event. Fees are minor units of `currency`, the event's; rates are in thousandths of a percent.

    `cancel_hours_before` is how long before the start buyers may last give a paid order back themselves; None: never.
    `capacity` is what all tiers of the event may hold and sell together; None: what each of them has. `reverse_charge` says
    that business buyers of other member states of the EU owe the tax themselves.
    """

    version: int = FIRST_VERSION
    prices_include_tax: bool = True
    rounding: Rounding = "line"
    currency: str | None = None
    service_fee_per_order: int = 0
    service_fee_per_ticket: int = 0
    platform_fee_passed_on: bool = False
    cancel_hours_before: int | None = None
    cancel_kept_rate: int = 0
    late_payment: LatePayment = USUAL_LATE_PAYMENT
    refund_keeps_fees: bool = False
    waiting_list: bool = False
    hold_minutes: int = USUAL_HOLD_MINUTES
    capacity: int | None = None
    reverse_charge: bool = False

    @property
    def hold(self) -> timedelta:
        """How long places are kept for an order that is not paid yet."""
        return timedelta(minutes=self.hold_minutes)

    def cancellation(self, starts_at: datetime) -> CancellationTerms:
        """The terms for an order of now, of an event that starts then."""
        if self.cancel_hours_before is None:
            return NO_CANCELLATION
        return CancellationTerms(starts_at - timedelta(hours=self.cancel_hours_before), self.cancel_kept_rate)


@dataclass(frozen=True, slots=True)
class TierSaleSettings:
    """Of a ticket tier. Where approval is needed, a card is held until the organiser decides."""

    version: int = FIRST_VERSION
    tax_rate: int = 0
    requires_approval: bool = False
    hidden_until_code: bool = False


@dataclass(frozen=True, slots=True)
class PlatformFee:
    """What the platform takes of what lines come to. `discounts` is how many percent of that each tier of backers is spared."""

    rate: int
    discounts: tuple[tuple[str, int], ...]

    def spared(self, backer_tiers: tuple[str, ...]) -> int:
        """In percent: of several tiers the best; of one that is not known, nothing."""
        return max((percent for tier, percent in self.discounts if tier in backer_tiers), default=0)


def price_terms(
    settings: SaleSettings,
    currency: str,
    platform: PlatformFee,
    backer_tiers: tuple[str, ...],
    *,
    buyer_owes_tax: bool = False,
) -> PriceTerms:
    """What makes a total in that currency. A fee in another one than the order's is none: there is nothing to add it to."""
    ours = settings.currency == currency
    return PriceTerms(
        prices_include_tax=settings.prices_include_tax,
        rounding=settings.rounding,
        service_fee_per_order=settings.service_fee_per_order if ours else 0,
        service_fee_per_ticket=settings.service_fee_per_ticket if ours else 0,
        platform_fee_rate=platform.rate,
        platform_fee_off=platform.spared(backer_tiers),
        platform_fee_passed_on=settings.platform_fee_passed_on,
        reverse_charge=buyer_owes_tax,
    )

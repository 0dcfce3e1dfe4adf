"""How an event and its tiers are sold."""

from pydantic import Field

from commerce.domain.order import Rounding
from commerce.domain.pricing import WHOLE
from commerce.domain.sale_settings import (
    LEAST_HOLD_MINUTES,
    MOST_HOLD_MINUTES,
    USUAL_HOLD_MINUTES,
    LatePayment,
    SaleSettings,
    TierSaleSettings,
)
from common.schemas import Body, CurrencyCode, View

MOST_HOURS = 24 * 366
MOST_PLACES = 10**9
MOST_FEE = 10**15


class ServiceFeeBody(Body):
    """What buyers pay beside their tickets: once an order, and for each ticket that costs something; minor units."""

    currency: CurrencyCode
    per_order: int = Field(default=0, ge=0, le=MOST_FEE, strict=True)
    per_ticket: int = Field(default=0, ge=0, le=MOST_FEE, strict=True)


class CancellationBody(Body):
    """Buyers may give a paid order back until so many hours before the start; this share of it is kept, in thousandths of
    a percent."""

    hours_before: int = Field(ge=0, le=MOST_HOURS, strict=True)
    kept_rate: int = Field(default=0, ge=0, le=WHOLE, strict=True)


class SaleSettingsBody(Body):
    """How an event is sold; what is left out is as if nobody ever said it. `capacity` is for all its tiers together.

    With `reverseCharge`, buyers who order with a good VAT number of another member state of the EU pay no tax: they owe it
    themselves. It takes effect while the organisation's billing details name a well-formed VAT number of its own.
    """

    prices_include_tax: bool = Field(default=True, strict=True)
    rounding: Rounding = "line"
    service_fee: ServiceFeeBody | None = None
    platform_fee_passed_on: bool = Field(default=False, strict=True)
    cancellation: CancellationBody | None = None
    late_payment: LatePayment = "complete_or_refund"
    refund_keeps_fees: bool = Field(default=False, strict=True)
    waiting_list: bool = Field(default=False, strict=True)
    hold_minutes: int = Field(default=USUAL_HOLD_MINUTES, ge=LEAST_HOLD_MINUTES, le=MOST_HOLD_MINUTES, strict=True)
    capacity: int | None = Field(default=None, ge=0, le=MOST_PLACES, strict=True)
    reverse_charge: bool = Field(default=False, strict=True)

    def settings(self) -> SaleSettings:
        """The value the domain works with."""
        fee, terms = self.service_fee, self.cancellation
        return SaleSettings(
            prices_include_tax=self.prices_include_tax,
            rounding=self.rounding,
            currency=None if fee is None else fee.currency,
            service_fee_per_order=0 if fee is None else fee.per_order,
            service_fee_per_ticket=0 if fee is None else fee.per_ticket,
            platform_fee_passed_on=self.platform_fee_passed_on,
            cancel_hours_before=None if terms is None else terms.hours_before,
            cancel_kept_rate=0 if terms is None else terms.kept_rate,
            late_payment=self.late_payment,
            refund_keeps_fees=self.refund_keeps_fees,
            waiting_list=self.waiting_list,
            hold_minutes=self.hold_minutes,
            capacity=self.capacity,
            reverse_charge=self.reverse_charge,
        )


class TierSaleSettingsBody(Body):
    """How a tier is sold. `taxRate` is in thousandths of a percent: 19 % is 19000."""

    tax_rate: int = Field(default=0, ge=0, le=WHOLE, strict=True)
    requires_approval: bool = Field(default=False, strict=True)
    hidden_until_code: bool = Field(default=False, strict=True)

    def settings(self) -> TierSaleSettings:
        """The value the domain works with."""
        return TierSaleSettings(
            tax_rate=self.tax_rate,
            requires_approval=self.requires_approval,
            hidden_until_code=self.hidden_until_code,
        )


class ServiceFeeView(View):
    """What buyers pay beside their tickets."""

    currency: str
    per_order: int
    per_ticket: int


class CancellationRuleView(View):
    """Until how many hours before the start buyers may give a paid order back, and which share of it is kept."""

    hours_before: int
    kept_rate: int


class SaleSettingsView(View):
    """How an event is sold."""

    prices_include_tax: bool
    rounding: Rounding
    service_fee: ServiceFeeView | None
    platform_fee_passed_on: bool
    cancellation: CancellationRuleView | None
    late_payment: LatePayment
    refund_keeps_fees: bool
    waiting_list: bool
    hold_minutes: int
    capacity: int | None
    reverse_charge: bool

    @classmethod
    def of(cls, settings: SaleSettings) -> "SaleSettingsView":
        """From the domain's value."""
        return cls(
            prices_include_tax=settings.prices_include_tax,
            rounding=settings.rounding,
            service_fee=_fee(settings),
            platform_fee_passed_on=settings.platform_fee_passed_on,
            cancellation=_cancellation(settings),
            late_payment=settings.late_payment,
            refund_keeps_fees=settings.refund_keeps_fees,
            waiting_list=settings.waiting_list,
            hold_minutes=settings.hold_minutes,
            capacity=settings.capacity,
            reverse_charge=settings.reverse_charge,
        )


class TierSaleSettingsView(View):
    """How a tier is sold."""

    tax_rate: int
    requires_approval: bool
    hidden_until_code: bool

    @classmethod
    def of(cls, settings: TierSaleSettings) -> "TierSaleSettingsView":
        """From the domain's value."""
        return cls(
            tax_rate=settings.tax_rate,
            requires_approval=settings.requires_approval,
            hidden_until_code=settings.hidden_until_code,
        )


def _fee(settings: SaleSettings) -> ServiceFeeView | None:
    if settings.currency is None:
        return None
    return ServiceFeeView(
        currency=settings.currency,
        per_order=settings.service_fee_per_order,
        per_ticket=settings.service_fee_per_ticket,
    )


def _cancellation(settings: SaleSettings) -> CancellationRuleView | None:
    if settings.cancel_hours_before is None:
        return None
    return CancellationRuleView(hours_before=settings.cancel_hours_before, kept_rate=settings.cancel_kept_rate)

"""Payments, providers and what they tell."""

from common.refusals import BadGateway, BadRequest, Conflict, NotFound, TooLarge, Unavailable, Unprocessable


class TooManyPayments(Conflict):
    """{limit} payments were tried for this order. Write to the organiser."""

    code = "commerce.too_many_payments"


class ProviderNotConfigured(Unprocessable):
    """Payments by {provider} are not set up on this platform."""

    code = "commerce.provider_not_configured"


class CurrencyNotTaken(Unprocessable):
    """Payments in {currency} are not taken by {provider}. Choose another way to pay."""

    code = "commerce.currency_not_taken"


class AmountNotTaken(Unprocessable):
    """By {provider}, a payment is at least {least} and at most {most}, in steps of {step}. Choose another way to pay."""

    code = "commerce.amount_not_taken"


class RefundOffTheSteps(Unprocessable):
    """By {provider}, money of this currency goes back in steps of {step}."""

    code = "commerce.refund_off_the_steps"


class ProviderCannotHold(Unprocessable):
    """This order needs a card that is held until it is approved, and {provider} cannot hold one."""

    code = "commerce.provider_cannot_hold"


class ProviderRefused(BadGateway):
    """The payment provider refused ({reason}). Nothing was charged; try another way to pay."""

    code = "commerce.provider_refused"


class NotOurPayment(NotFound):
    """This payment was not begun here."""

    code = "commerce.not_our_payment"


class ProviderUnreadable(BadGateway):
    """The payment provider answered something that cannot be read."""

    code = "commerce.provider_unreadable"


class ProviderAway(Unavailable):
    """The payment provider cannot be reached right now. Nothing was charged; try again."""

    code = "commerce.provider_away"


class UnknownProvider(NotFound):
    """No payment provider of this name is set up here."""

    code = "commerce.unknown_provider"


class WebhookNotAuthentic(BadRequest):
    """The signature does not fit this body, or its time is too far from now."""

    code = "commerce.webhook_not_authentic"


class WebhookUnreadable(BadRequest):
    """The signature is right, but the body is not one of this provider's notices."""

    code = "commerce.webhook_unreadable"


class WebhookOfOtherMode(BadRequest):
    """Test notices count only where test keys are set, live notices only where live keys are."""

    code = "commerce.webhook_of_other_mode"


class WebhookTooLarge(TooLarge):
    """A notice has at most {limit} bytes."""

    code = "commerce.webhook_too_large"


class SandboxOff(NotFound):
    """There is nothing here."""

    code = "commerce.sandbox_off"


class UnknownSandboxPayment(NotFound):
    """The sandbox knows no such payment."""

    code = "commerce.unknown_sandbox_payment"


class SandboxPaymentSettled(Conflict):
    """This payment is {status} already; it cannot become {wanted}."""

    code = "commerce.sandbox_payment_settled"


class UnknownOutcome(Unprocessable):
    """The sandbox knows no such outcome; its checkout page names them all."""

    code = "commerce.unknown_outcome"

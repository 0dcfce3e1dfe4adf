"""Why commerce refuses: each class name is the reason, each docstring the sentence people read."""

from common.refusals import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    Refusal,
    TooLarge,
    Unavailable,
    Unprocessable,
)


class UnknownEvent(NotFound):
    """This event is not on sale here. If it was published a moment ago, try again."""

    code = "commerce.unknown_event"


class UnknownTicketTier(NotFound):
    """This event has no such ticket. If it was made a moment ago, try again."""

    code = "commerce.unknown_ticket_tier"


class EventNotOnSale(Conflict):
    """Nothing is sold for this event ({reason})."""

    code = "commerce.event_not_on_sale"


class TicketTierNotOnSale(Conflict):
    """{ticket_tier_name} is not on sale ({reason})."""

    code = "commerce.ticket_tier_not_on_sale"


class SoldOut(Conflict):
    """There are not enough tickets left; `tiers` says what is."""

    code = "commerce.sold_out"


class QuantityOutsideLimits(Unprocessable):
    """Of {ticket_tier_name}, an order takes at least {least} and at most {most}."""

    code = "commerce.quantity_outside_limits"


class TooManyAdmissions(Unprocessable):
    """An order holds at most {limit} tickets."""

    code = "commerce.too_many_admissions"


class TooManyAttendees(Unprocessable):
    """More attendees are named than tickets ordered."""

    code = "commerce.too_many_attendees"


class TicketTierNamedTwice(Unprocessable):
    """Name each kind of ticket once, with its whole quantity."""

    code = "commerce.ticket_tier_named_twice"


class CurrenciesMixed(Unprocessable):
    """Tickets of different currencies cannot be in one order."""

    code = "commerce.currencies_mixed"


class VerifiedEmailNeeded(Forbidden):
    """Verify your mail address first: the tickets are sent there."""

    code = "commerce.verified_email_needed"


class UnknownOrder(NotFound):
    """There is no such order, or it is not yours."""

    code = "commerce.unknown_order"


class OrderNotAwaitingPayment(Conflict):
    """This order is {status}; it does not wait for a payment."""

    code = "commerce.order_not_awaiting_payment"


class ReservationOver(Conflict):
    """The time to pay for this order ran out. Order again."""

    code = "commerce.reservation_over"


class UnknownAdmission(NotFound):
    """No order line {line_id} holds an admission number {ordinal}."""

    code = "commerce.unknown_admission"


class TooManyPayments(Conflict):
    """{limit} payments were tried for this order. Write to the organiser."""

    code = "commerce.too_many_payments"


class ProviderNotConfigured(Unprocessable):
    """Payments by {provider} are not set up on this platform."""

    code = "commerce.provider_not_configured"


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
    """A payment of the sandbox ends by succeed, decline or abandon."""

    code = "commerce.unknown_outcome"


class UnknownPage(NotFound):
    """There is no order behind this link. Copy it from the mail once more."""

    code = "commerce.unknown_page"


class InvariantsBroken(Refusal):
    """The books do not add up: {findings}"""

    status = 500
    code = "commerce.invariants_broken"

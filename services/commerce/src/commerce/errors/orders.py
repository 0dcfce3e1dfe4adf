"""What may be ordered, and what becomes of an order."""

from common.refusals import Conflict, Forbidden, NotFound, TooManyRequests, Unprocessable


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


class OrderNotAwaitingApproval(Conflict):
    """This order is {status}; it does not wait for approval."""

    code = "commerce.order_not_awaiting_approval"


class ApprovalDecided(Conflict):
    """This order was {decision} already."""

    code = "commerce.approval_decided"


class ReservationOver(Conflict):
    """The time to pay for this order ran out. Order again."""

    code = "commerce.reservation_over"


class AdmissionOver(Conflict):
    """This ticket was used or given back; nobody else can come with it."""

    code = "commerce.admission_over"


class UnknownAdmission(NotFound):
    """No order line {line_id} holds an admission number {ordinal}."""

    code = "commerce.unknown_admission"


class PaymentUnderWay(Conflict):
    """A payment of this order is under way at {provider}. Finish it or call it off there first; or cancel this order and
    place another."""

    code = "commerce.payment_under_way"


class ExtendedToTheFull(Conflict):
    """Places are kept for at most {minutes} minutes. Pay now, or order again."""

    code = "commerce.extended_to_the_full"


class UnknownPage(NotFound):
    """There is no order behind this link. Copy it from the mail once more."""

    code = "commerce.unknown_page"


class ResentTooOften(TooManyRequests):
    """The mail for this order was sent {limit} times within an hour. Look into the spam folder, or try again later."""

    code = "commerce.resent_too_often"


class PriceChanged(Conflict):
    """The total is not what you expected; `total` says what it is now."""

    code = "commerce.price_changed"

"""Why commerce refuses: each class name is the reason, each docstring the sentence people read."""

from common.refusals import (
    BadGateway,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    Refusal,
    TooLarge,
    TooManyRequests,
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


class UnknownWaitingListEntry(NotFound):
    """There is no such entry of a waiting list, or it is not yours."""

    code = "commerce.unknown_waiting_list_entry"


class NoWaitingList(Conflict):
    """This event has no waiting list."""

    code = "commerce.no_waiting_list"


class NotSoldOut(Conflict):
    """{ticket_tier_name} is not sold out: order it instead."""

    code = "commerce.not_sold_out"


class WaitingAlready(Conflict):
    """You wait for this ticket already, or an offer for it is open."""

    code = "commerce.waiting_already"


class PlacesOfferedAlready(Conflict):
    """Places were offered to you. To give them up, cancel the order {order_id}."""

    code = "commerce.places_offered_already"


class UnknownPage(NotFound):
    """There is no order behind this link. Copy it from the mail once more."""

    code = "commerce.unknown_page"


class OrderNotRefundable(Conflict):
    """This order is {status}; nothing can be given back for it this way."""

    code = "commerce.order_not_refundable"


class NothingToRefund(Conflict):
    """Everything of this order went back already."""

    code = "commerce.nothing_to_refund"


class RefundsFrozen(Conflict):
    """The buyer's bank disputes a payment of this order. Until that is decided, nothing can be given back."""

    code = "commerce.refunds_frozen"


class RefundTooLarge(Conflict):
    """Of what was paid for this order, only {left} is left to give back."""

    code = "commerce.refund_too_large"


class AdmissionsUsed(Conflict):
    """Tickets that were used at a door are not refunded unless forced; `admissions` names them."""

    code = "commerce.admissions_used"


class AlreadyRefunded(Conflict):
    """Some of this went back already; `admissions` or `left` says what."""

    code = "commerce.already_refunded"


class UnknownOrderLine(Unprocessable):
    """This order has no such line."""

    code = "commerce.unknown_order_line"


class OrderLineNamedTwice(Unprocessable):
    """Name each line of the order once, with its whole quantity."""

    code = "commerce.order_line_named_twice"


class OrdinalsUnfit(Unprocessable):
    """Name as many different tickets of the line as the quantity says, or none. Add-ons have no ordinals."""

    code = "commerce.ordinals_unfit"


class LinesOrAmount(Unprocessable):
    """Name either lines or an amount."""

    code = "commerce.lines_or_amount"


class RefundOfOtherCurrency(Unprocessable):
    """This order was paid in {currency}."""

    code = "commerce.refund_of_other_currency"


class UnknownRefund(NotFound):
    """There is no such refund, or it is not yours."""

    code = "commerce.unknown_refund"


class RefundNotFailed(Conflict):
    """This refund is {status}; only a failed one is tried again."""

    code = "commerce.refund_not_failed"


class RefundUnderWay(Conflict):
    """Another refund of this payment is under way; what this one is for is decided when that has ended."""

    code = "commerce.refund_under_way"


class NotCancellable(Conflict):
    """This order cannot be given back any more ({reason})."""

    code = "commerce.not_cancellable"


class NotInReview(Conflict):
    """This order is {status}; there is nothing to decide."""

    code = "commerce.not_in_review"


class NotEnoughMoney(Conflict):
    """No single payment of this order covers its total. Give the money back instead."""

    code = "commerce.not_enough_money"


class NoRefundRun(NotFound):
    """No refunds were begun for this event; that happens when it is cancelled."""

    code = "commerce.no_refund_run"


class NothingToPayOut(Conflict):
    """There is nothing to pay out in {currency}: {payable} is payable."""

    code = "commerce.nothing_to_pay_out"


class PayoutsMadeAtOnce(Conflict):
    """Another payout of this organisation was made at this moment. Look at the balance again."""

    code = "commerce.payouts_made_at_once"


class UnknownOrganization(NotFound):
    """There is no such organisation, or it is not yours."""

    code = "commerce.unknown_organization"


class MalformedDay(Unprocessable):
    """A day is written as 2026-01-31."""

    code = "commerce.malformed_day"


class UnknownDocument(NotFound):
    """There is no such document, or it is not yours."""

    code = "commerce.unknown_document"


class DocumentIssued(Conflict):
    """The invoice or receipt of this order is written already; whom it names cannot change any more."""

    code = "commerce.document_issued"


class ResentTooOften(TooManyRequests):
    """The mail for this order was sent {limit} times within an hour. Look into the spam folder, or try again later."""

    code = "commerce.resent_too_often"


class InvariantsBroken(Refusal):
    """The books do not add up: {findings}"""

    status = 500
    code = "commerce.invariants_broken"


class IfMatchMissing(Refusal):
    """Send the `ETag` you read in an `If-Match` header, so that nobody's change is lost."""

    status = 428
    code = "commerce.if_match_missing"


class ChangedMeanwhile(PreconditionFailed):
    """This was changed by someone else in the meantime. Read it again, then repeat your change."""

    code = "commerce.changed_meanwhile"


class OtherCurrency(Unprocessable):
    """This event sells in {currency}."""

    code = "commerce.other_currency"


class NoCurrencyYet(Unprocessable):
    """This event has no currency yet: give one of its tickets a price first."""

    code = "commerce.no_currency_yet"


class UnknownPromoCode(Unprocessable):
    """This event has no such code."""

    code = "commerce.unknown_promo_code"


class PromoCodeNotApplicable(Unprocessable):
    """This code does not apply to this order ({reason})."""

    code = "commerce.promo_code_not_applicable"


class PromoCodeUsedUp(Conflict):
    """This code is used up. While orders that hold it are not paid, a use may come back."""

    code = "commerce.promo_code_used_up"


class NoSuchPromoCode(NotFound):
    """There is no such promo code, or none you may know of."""

    code = "commerce.no_such_promo_code"


class PromoCodeTaken(Conflict):
    """This event has this code already."""

    code = "commerce.promo_code_taken"


class TooManyDiscounts(Conflict):
    """An event has at most {limit} automatic discounts. Disable one first."""

    code = "commerce.too_many_discounts"


class PromoEndsBeforeItBegins(Unprocessable):
    """The end must come after the beginning."""

    code = "commerce.promo_ends_before_it_begins"


class PromoKindUnclear(Unprocessable):
    """A percentage names a `rate` and no `amount`; a fixed discount names an `amount` and no `rate`."""

    code = "commerce.promo_kind_unclear"


class PriceChanged(Conflict):
    """The total is not what you expected; `total` says what it is now."""

    code = "commerce.price_changed"


class UnknownAddOn(NotFound):
    """This event has no such add-on."""

    code = "commerce.unknown_add_on"


class AddOnNotOnSale(Conflict):
    """{add_on_name} is not on sale ({reason})."""

    code = "commerce.add_on_not_on_sale"


class AddOnNamedTwice(Unprocessable):
    """Name each add-on once, with its whole quantity."""

    code = "commerce.add_on_named_twice"


class AddOnNeedsTicket(Unprocessable):
    """{add_on_name} is sold only together with a ticket it belongs to."""

    code = "commerce.add_on_needs_ticket"


class AddOnOutsideLimits(Unprocessable):
    """Of {add_on_name}, this order takes at most {most}."""

    code = "commerce.add_on_outside_limits"


class OtherEventsTicket(Unprocessable):
    """This event has no such ticket."""

    code = "commerce.other_events_ticket"


class SaleEndsBeforeItBegins(Unprocessable):
    """The end of the sale must come after its beginning."""

    code = "commerce.sale_ends_before_it_begins"


class UnknownWebhook(NotFound):
    """There is no such webhook, or it is not your organisation's."""

    code = "commerce.unknown_webhook"


class WebhookUrlRefused(Unprocessable):
    """This address cannot be called: {reason}."""

    code = "commerce.webhook_url_refused"


class TooManyWebhooks(Conflict):
    """An organisation has at most {limit} webhooks."""

    code = "commerce.too_many_webhooks"


class WebhookTurnedOff(Conflict):
    """This webhook is turned off. Turn it on first."""

    code = "commerce.webhook_turned_off"

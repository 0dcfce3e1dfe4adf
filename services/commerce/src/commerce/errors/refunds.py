"""Refunds, reviews and payouts."""

from common.refusals import Conflict, NotFound, Unprocessable


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


class MoreWentBackSince(Conflict):
    """Up to then {amount} came together, but more went back since: {payable} is payable. Pay out up to now."""

    code = "commerce.more_went_back_since"


class PayoutsMadeAtOnce(Conflict):
    """Another payout of this organisation was made at this moment. Look at the balance again."""

    code = "commerce.payouts_made_at_once"

"""Prices and promo codes."""

from common.refusals import Conflict, NotFound, Unprocessable


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

"""Tax, and who owes it."""

from common.refusals import Conflict, Unprocessable


class VatNumberInvalid(Unprocessable):
    """The tax authority does not know this VAT number. Correct it, or order without it."""

    code = "commerce.vat_number_invalid"


class VatNumberFixed(Conflict):
    """This order is without tax because of the buyer's VAT number, which cannot change any more. Cancel it and order again."""

    code = "commerce.vat_number_fixed"


class ReverseChargeFixed(Conflict):
    """This order is without tax because of the buyer's VAT number, and what is in it cannot change. Cancel it and order again."""

    code = "commerce.reverse_charge_fixed"

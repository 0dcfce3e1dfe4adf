"""Add-ons."""

from common.refusals import Conflict, NotFound, Unprocessable


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

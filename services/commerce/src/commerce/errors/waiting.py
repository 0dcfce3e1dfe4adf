"""The waiting list."""

from common.refusals import Conflict, NotFound


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

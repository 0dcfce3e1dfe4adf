"""Why the events service refuses: each class name is the reason, each docstring the sentence people read.

A scan that is turned away at the door is no refusal of the request: it is a recorded answer (see `domain/door.py`).
"""

from common.refusals import Conflict, NotFound, PreconditionFailed, Refusal, Unprocessable


class NoSuchEvent(NotFound):
    """There is no such event, or none you may know of."""

    code = "events.no_such_event"


class NoSuchTicketTier(NotFound):
    """This event has no such ticket tier."""

    code = "events.no_such_ticket_tier"


class UpcomingOfNoOrder(Unprocessable):
    """Ask for upcoming passes or for those of an order: one list is not both."""

    code = "events.upcoming_of_no_order"


class NoSuchPass(NotFound):
    """There is no such pass, or it is not yours."""

    code = "events.no_such_pass"


class UnknownTimeZone(Unprocessable):
    """{timezone} is not a time zone of the IANA database, like Africa/Lagos."""

    code = "events.unknown_time_zone"


class EndsBeforeItStarts(Unprocessable):
    """The end must come after the start."""

    code = "events.ends_before_it_starts"


class DoorsOpenTooLate(Unprocessable):
    """The doors must open before the event ends."""

    code = "events.doors_open_too_late"


class SalesEndBeforeTheyStart(Unprocessable):
    """Sales must end after they start."""

    code = "events.sales_end_before_they_start"


class FewestAboveMost(Unprocessable):
    """The fewest tickets of an order ({fewest}) must not exceed the most ({most})."""

    code = "events.fewest_above_most"


class OtherCurrency(Unprocessable):
    """This event sells in {currency}; one event has one currency."""

    code = "events.other_currency"


class SessionOutsideEvent(Unprocessable):
    """A session must lie between the event's start and its end."""

    code = "events.session_outside_event"


class NonceReused(Unprocessable):
    """This nonce was used for another scan. Take a new nonce for each scan, and the same one only for a retry."""

    code = "events.nonce_reused"


class EventClosed(Conflict):
    """This event is {status} and can no longer be changed."""

    code = "events.event_closed"


class EventIsOver(Conflict):
    """This event lies in the past. Move its end first."""

    code = "events.event_is_over"


class SlugTaken(Conflict):
    """Another event took the same address at this moment. Try again."""

    code = "events.slug_taken"


class IfMatchMissing(Refusal):
    """Send the `ETag` you read in an `If-Match` header, so that nobody's change is lost."""

    status = 428
    code = "events.if_match_missing"


class ChangedMeanwhile(PreconditionFailed):
    """This was changed by someone else in the meantime. Read it again, then repeat your change."""

    code = "events.changed_meanwhile"

"""Which passes an order is due, and whose they are."""

import pytest

from common.ids import NOBODY, OrderLineId, TicketTierId, UserId
from common.testing.principals import fresh
from events.domain.entry_pass import Admission, Attendee, Holder, address, admissions_due, holder_of

BUYER = UserId(fresh(UserId))
LINE = OrderLineId(fresh(OrderLineId))
TIER = TicketTierId(fresh(TicketTierId))


def admission(ordinal: int, *, live: bool = True) -> Admission:
    return Admission(LINE, ordinal, TIER, Attendee(None, None), live)


@pytest.mark.parametrize("email", [None, "", "ben@example.org", " Ben@Example.ORG "])
def test_an_attendee_without_an_address_of_their_own_belongs_to_the_buyer(email: str | None) -> None:
    assert holder_of(Attendee("Ada", email), BUYER, "ben@example.org") == Holder(BUYER, None)


def test_an_attendee_with_an_own_address_is_the_holder() -> None:
    assert holder_of(Attendee("Ada", "Ada@Example.org"), BUYER, "ben@example.org") == Holder(None, "ada@example.org")


@pytest.mark.parametrize(("email", "holder"), [(None, "ben@example.org"), ("Ada@Example.org", "ada@example.org")])
def test_what_an_organiser_sold_to_an_address_belongs_to_who_verifies_it(email: str | None, holder: str) -> None:
    assert holder_of(Attendee("Ada", email), NOBODY, "Ben@example.org") == Holder(None, holder)


def test_addresses_are_compared_without_regard_to_case_and_space() -> None:
    assert address(" ÄDA@Example.Org") == "äda@example.org"


def test_a_paid_order_is_due_a_pass_for_each_admission() -> None:
    assert admissions_due([admission(1), admission(2)], status="paid", was_paid=True) == [admission(1), admission(2)]


def test_a_partly_refunded_order_keeps_what_is_live() -> None:
    sold = [admission(1), admission(2, live=False)]
    assert admissions_due(sold, status="partially_refunded", was_paid=True) == sold


@pytest.mark.parametrize("status", ["refunded", "cancelled", "expired", "review"])
def test_an_order_that_no_longer_stands_has_void_passes_whatever_its_admissions_say(status: str) -> None:
    assert admissions_due([admission(1)], status=status, was_paid=True) == [admission(1, live=False)]


@pytest.mark.parametrize("status", ["awaiting_payment", "expired", "cancelled"])
def test_an_order_that_was_never_paid_is_due_none(status: str) -> None:
    assert admissions_due([admission(1)], status=status, was_paid=False) == []

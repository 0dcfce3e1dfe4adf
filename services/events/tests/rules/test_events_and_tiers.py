"""When an event, a tier or a session is in order, and what may follow what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.ids import EventId, SessionId, TicketTierId
from common.money import Money
from common.testing.principals import fresh
from events.domain import event as events
from events.domain import session as sessions
from events.domain import ticket_tier as tiers
from events.domain.event import Event
from events.domain.session import Session
from events.domain.slug import slug_beside, slug_of
from events.domain.ticket_tier import TicketTier
from events.errors import (
    DoorsOpenTooLate,
    EndsBeforeItStarts,
    EventClosed,
    EventIsOver,
    FewestAboveMost,
    OtherCurrency,
    SalesEndBeforeTheyStart,
    SessionOutsideEvent,
    UnknownTimeZone,
)

BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def draft(event: Event) -> Event:
    return replace(event, status="draft", published_at=None)


@pytest.fixture
def tier(event: Event) -> TicketTier:
    return TicketTier(
        id=TicketTierId(fresh(TicketTierId)),
        version=1,
        event_id=event.id,
        name="Regular",
        price=Money(150_000, "NGN"),
        capacity=100,
        sales_start_at=None,
        sales_end_at=None,
        min_per_order=1,
        max_per_order=10,
        retired=False,
    )


@pytest.mark.parametrize("name", ["Africa/Lagos", "Europe/Prague", "America/Argentina/Buenos_Aires", "UTC"])
def test_a_real_time_zone_is_taken(event: Event, name: str) -> None:
    assert events.checked(replace(event, timezone=name)).timezone == name


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "africa/lagos", "GMT+25", "../etc/passwd", "localtime", "Factory", ""]
)
def test_what_is_no_time_zone_is_refused(event: Event, name: str) -> None:
    with pytest.raises(UnknownTimeZone) as refusal:
        events.checked(replace(event, timezone=name))
    assert refusal.value.pointer == "/timezone"


def test_an_event_ends_after_it_starts(event: Event) -> None:
    with pytest.raises(EndsBeforeItStarts):
        events.checked(replace(event, ends_at=event.starts_at))


def test_doors_open_before_the_end(event: Event) -> None:
    with pytest.raises(DoorsOpenTooLate):
        events.checked(replace(event, doors_open_at=event.ends_at))


def test_a_draft_becomes_public(draft: Event) -> None:
    public = events.published(draft, BEFORE)
    assert (public.status, public.published_at, public.version) == ("published", BEFORE, draft.version + 1)
    assert (draft.is_public, public.is_public) == (False, True)


def test_publishing_twice_changes_nothing(event: Event) -> None:
    assert events.published(event, BEFORE) is event


def test_what_is_over_is_not_published(draft: Event) -> None:
    with pytest.raises(EventIsOver):
        events.published(draft, draft.ends_at)


@pytest.mark.parametrize("status", ["ended", "cancelled"])
def test_an_event_that_is_closed_is_not_published(event: Event, status: str) -> None:
    closed = replace(event, status=status)  # type: ignore[arg-type]  # both parameters are statuses
    with pytest.raises(EventClosed, match=status):
        events.published(closed, BEFORE)


def test_an_event_that_took_place_is_not_cancelled(event: Event) -> None:
    with pytest.raises(EventClosed):
        events.cancelled(replace(event, status="ended"))


def test_cancelling_twice_changes_nothing(event: Event) -> None:
    gone = events.cancelled(event)
    assert (gone.status, gone.version) == ("cancelled", event.version + 1)
    assert events.cancelled(gone) is gone


def test_a_cancelled_draft_never_becomes_public(draft: Event) -> None:
    assert not events.cancelled(draft).is_public


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Lagos Jazz Night", "lagos-jazz-night"),
        ("  Žižkov & Friends -- 2026!  ", "zizkov-friends-2026"),
        ("東京", "event"),
        ("---", "event"),
        ("A" * 80, "a" * 50),
        ("x" * 49 + " yz", "x" * 49),
    ],
)
def test_a_name_becomes_a_readable_address(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_a_taken_address_is_set_apart_by_the_random_end_of_the_id() -> None:
    event_id = EventId(fresh(EventId))
    assert slug_beside("lagos", event_id) == f"lagos-{event_id[-6:]}"


def test_the_first_price_fixes_the_currency() -> None:
    assert tiers.currency_after(None, Money(100, "NGN")) == "NGN"
    assert tiers.currency_after("NGN", Money(500, "NGN")) == "NGN"


def test_a_free_tier_fixes_nothing_and_fits_any_currency() -> None:
    assert tiers.currency_after(None, Money(0, "NGN")) is None
    assert tiers.currency_after("NGN", Money(0, "USD")) == "NGN"


def test_a_second_currency_is_refused() -> None:
    with pytest.raises(OtherCurrency) as refusal:
        tiers.currency_after("NGN", Money(1, "USD"))
    assert refusal.value.pointer == "/price/currency"


def test_a_free_tier_is_told_in_its_events_currency() -> None:
    assert tiers.price_in(None, Money(0, "USD")) is None
    assert tiers.price_in("NGN", Money(0, "USD")) == Money(0, "NGN")
    assert tiers.price_in("NGN", Money(5, "NGN")) == Money(5, "NGN")


def test_sales_end_after_they_start(tier: TicketTier) -> None:
    with pytest.raises(SalesEndBeforeTheyStart):
        tiers.checked(replace(tier, sales_start_at=BEFORE, sales_end_at=BEFORE))


def test_the_fewest_of_an_order_do_not_exceed_the_most(tier: TicketTier) -> None:
    with pytest.raises(FewestAboveMost, match=r"\(5\).*\(4\)"):
        tiers.checked(replace(tier, min_per_order=5, max_per_order=4))
    assert tiers.checked(replace(tier, min_per_order=4, max_per_order=4)).min_per_order == 4


@pytest.mark.parametrize(("early", "late"), [(-1, 0), (0, 1)])
def test_a_session_lies_within_its_event(event: Event, early: int, late: int) -> None:
    whole = Session(
        id=SessionId(fresh(SessionId)),
        version=1,
        event_id=event.id,
        name="Opening",
        description=None,
        room=None,
        speakers=(),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
    )
    assert sessions.checked(whole, event) is whole
    minute = timedelta(minutes=1)
    beyond = replace(whole, starts_at=whole.starts_at + early * minute, ends_at=whole.ends_at + late * minute)
    with pytest.raises(SessionOutsideEvent):
        sessions.checked(beyond, event)
    with pytest.raises(EndsBeforeItStarts):
        sessions.checked(replace(whole, ends_at=whole.starts_at), event)

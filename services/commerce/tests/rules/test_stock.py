"""What is left of several things at once, and what is said of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from commerce.domain.stock import Goods, Left, SharedStock, Stock, in_lock_order, is_quiet, left_of, sold_out, word_of
from common.ids import AddOnId, EventId, TicketTierId
from common.testing.principals import fresh

EVENT = EventId(fresh(EventId))
FIRST, SECOND = in_lock_order([TicketTierId(fresh(TicketTierId)) for _ in range(2)])
PARKING = AddOnId(fresh(AddOnId))


def tier(left: int, *, shared: bool = True) -> Stock:
    """A tier of a hundred with so many left."""
    return Stock(FIRST, EVENT, 100, 0, 100 - left, shared=shared, word="available", version=0, waiting=0)


def together(left: int, capacity: int | None = 100) -> SharedStock:
    """What all tiers have left together."""
    return SharedStock(EVENT, capacity, 0, 100 - left, "available", told=True)


@pytest.mark.parametrize(
    ("left", "covered"),
    [
        (Left({FIRST: 2, SECOND: 1}, {PARKING: 1}, None), True),
        (Left({FIRST: 2, SECOND: 1}, {PARKING: None}, 3), True),
        (Left({FIRST: 2, SECOND: 1}, {PARKING: None}, 2), False),
        (Left({FIRST: 1, SECOND: 1}, {PARKING: 1}, None), False),
        (Left({FIRST: 2, SECOND: 1}, {PARKING: 0}, None), False),
        (Left({FIRST: 2}, {PARKING: 1}, None), False),
        (Left({FIRST: 2, SECOND: 1}, {}, None), False),
    ],
)
def test_all_is_covered_or_nothing_is(left: Left, covered: bool) -> None:
    assert left.covers(Goods({FIRST: 2, SECOND: 1}, {PARKING: 1})) is covered


@pytest.mark.parametrize(
    ("own", "shared", "word"),
    [
        (50, None, "available"),
        (50, together(50), "available"),
        (50, together(10), "few"),
        (50, together(0), "sold_out"),
        (50, together(0, capacity=None), "available"),
        (10, together(50), "few"),
        (0, together(50), "sold_out"),
    ],
)
def test_the_worse_word_of_a_tier_and_of_its_event_is_said(own: int, shared: SharedStock | None, word: str) -> None:
    assert word_of(tier(own), shared) == word


@given(capacity=st.integers(0, 200), taken=st.integers(0, 200), count=st.integers(1, 20))
@example(capacity=100, taken=88, count=1)
@example(capacity=100, taken=89, count=1)
@example(capacity=10, taken=0, count=5)
def test_what_is_taken_quietly_is_there_and_leaves_the_word_as_it_was(capacity: int, taken: int, count: int) -> None:
    before = replace(tier(0, shared=False), capacity=capacity, held=taken // 2, sold=taken - taken // 2)
    after = replace(before, held=before.held + count)
    stays = taken + count <= capacity and word_of(after, None) == "available"
    assert is_quiet(Goods({FIRST: count}, {}), {FIRST: before}) is stays


@pytest.mark.parametrize(
    "otherwise",
    [{"shared": True}, {"waiting": 1}, {"word": "few"}, {"word": "sold_out"}],
    ids=lambda changes: next(iter(changes)),
)
def test_nothing_is_taken_quietly_where_more_than_the_tiers_own_counts_decides(otherwise: dict[str, Any]) -> None:
    plain = tier(50, shared=False)
    assert is_quiet(Goods({FIRST: 1}, {}), {FIRST: plain})
    assert not is_quiet(Goods({FIRST: 1}, {}), {FIRST: replace(plain, **otherwise)})


@pytest.mark.parametrize(
    "goods",
    [Goods({FIRST: 1}, {PARKING: 1}), Goods({FIRST: -1}, {}), Goods({FIRST: 1, SECOND: 1}, {})],
    ids=["an add-on", "given back", "a tier that was not seen"],
)
def test_only_tickets_that_were_looked_at_are_taken_quietly(goods: Goods) -> None:
    assert not is_quiet(goods, {FIRST: tier(50, shared=False)})


def test_only_what_differs_is_moved() -> None:
    before = Goods({FIRST: 5}, {PARKING: 2})
    after = Goods({FIRST: 3, SECOND: 1}, {PARKING: 2})
    assert after.less(before) == Goods({FIRST: -2, SECOND: 1}, {})
    assert before.less(after) == Goods({FIRST: 2, SECOND: -1}, {})


def test_a_refusal_names_what_is_wanted_and_counts_in_what_the_order_is_about_to_give_back() -> None:
    left = left_of({FIRST: tier(1)}, {}, together(4)).plus(Goods({FIRST: 2}, {}))
    refusal = sold_out(Goods({FIRST: 4, SECOND: -1}, {PARKING: 1}), left)
    assert refusal.details["tiers"] == [{"ticket_tier_id": FIRST, "wanted": 4, "left": 3}]
    assert refusal.details["add_ons"] == [{"add_on_id": PARKING, "wanted": 1, "left": 0}]
    assert refusal.details["event"] == {"wanted": 3, "left": 4}

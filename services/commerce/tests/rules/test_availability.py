"""The word about what is left, and when a tier is on sale."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.domain.sale import TicketTier, why_tier_is_closed
from commerce.domain.stock import Stock, availability
from common.ids import EventId, TicketTierId
from common.testing.clock import SeededEntropy

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TIER, EVENT = TicketTierId.new(NOW, SeededEntropy(1)), EventId.new(NOW, SeededEntropy(2))


@pytest.mark.parametrize(
    ("capacity", "left", "word"),
    [
        (1000, 101, "available"),
        (1000, 100, "few"),
        (100, 11, "available"),
        (100, 10, "few"),
        (20, 6, "available"),
        (20, 5, "few"),
        (4, 3, "available"),
        (4, 2, "few"),
        (1, 1, "available"),
        (1, 0, "sold_out"),
        (0, 0, "sold_out"),
    ],
)
def test_few_is_a_tenth_and_of_a_small_tier_five_or_half(capacity: int, left: int, word: str) -> None:
    assert availability(capacity, left) == word


@given(capacity=st.integers(0, 10**6), held=st.integers(0, 10**6), sold=st.integers(0, 10**6))
def test_what_is_left_is_never_negative_and_sold_out_exactly_when_none_is(capacity: int, held: int, sold: int) -> None:
    stock = Stock(TIER, EVENT, capacity, held, sold, shared=False, waiting=0, word="available", version=0)
    assert stock.left == stock.free == max(0, capacity - held - sold)
    assert (availability(capacity, stock.left) == "sold_out") == (stock.left == 0)


def test_while_people_wait_what_is_free_is_for_nobody_else() -> None:
    stock = Stock(TIER, EVENT, 10, 4, 3, shared=False, waiting=1, word="sold_out", version=0)
    assert (stock.free, stock.left) == (3, 0)


@given(capacity=st.integers(1, 10**6))
def test_a_tier_nobody_bought_of_is_never_nearly_gone(capacity: int) -> None:
    assert availability(capacity, capacity) == "available"


@pytest.mark.parametrize(
    ("moment", "closed"),
    [
        (NOW - timedelta(microseconds=1), "not_started"),
        (NOW, None),
        (NOW + timedelta(hours=1, microseconds=-1), None),
        (NOW + timedelta(hours=1), "ended"),
    ],
)
def test_a_window_includes_its_start_and_not_its_end(moment: datetime, closed: str | None) -> None:
    tier = TicketTier(TIER, EVENT, "Regular", None, NOW, NOW + timedelta(hours=1), 1, 10, retired=False)
    assert why_tier_is_closed(tier, moment) == closed

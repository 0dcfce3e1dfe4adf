"""What goes back: which tickets, how much, and what the platform gives up of its fee."""

from dataclasses import replace

import pytest
from services.commerce.tests.rules.orders import NOW, bare_charge, paid_order

from commerce.domain.order import Admission, CancellationTerms, Line, Order
from commerce.domain.refunding import LineWish, fee_given_up, fees_on_top, kept_of, take_lines, take_unused
from commerce.errors import AdmissionsUsed, AlreadyRefunded, OrderLineNamedTwice, OrdinalsUnfit, UnknownOrderLine
from common.ids import OrderLineId, TicketTierId
from common.money import Money
from common.testing.clock import SeededEntropy

DRAW = SeededEntropy()
LINE_ID = OrderLineId.new(NOW, DRAW)


def naira(amount: int) -> Money:
    return Money(amount, "NGN")


def order_of(
    total: int, tickets: int, *, used: frozenset[int] = frozenset(), gone: frozenset[int] = frozenset()
) -> Order:
    """A paid order of one line; some tickets were used, some are gone."""
    admissions = tuple(
        Admission(ordinal, None, None, live=ordinal not in gone, admitted_at=NOW if ordinal in used else None)
        for ordinal in range(1, tickets + 1)
    )
    line = Line(LINE_ID, TicketTierId.new(NOW, DRAW), "Regular", naira(total), bare_charge(naira(total)), admissions)
    return paid_order(naira(total), lines=(line,))


def ordinals(order: Order, quantity: int, *named: int, forced: bool = False) -> list[int]:
    taken = take_lines(order, [LineWish(LINE_ID, quantity, named)], forced=forced)
    return [ordinal for _, ordinal in taken.admissions]


def test_the_last_tickets_that_were_not_used_go_first() -> None:
    order = order_of(500, 5, used=frozenset({5}), gone=frozenset({3}))
    assert ordinals(order, 2) == [2, 4]
    assert ordinals(order, 3) == [1, 2, 4]
    assert ordinals(order, 1, 1) == [1]
    with pytest.raises(AdmissionsUsed) as used:
        ordinals(order, 4)
    assert used.value.details == {"admissions": [{"line_id": LINE_ID, "ordinal": 5}]}
    assert ordinals(order, 4, forced=True) == [1, 2, 4, 5]
    assert [ordinal for _, ordinal in take_unused(order).admissions] == [1, 2, 4]


def test_tickets_given_back_one_by_one_come_to_what_the_line_cost() -> None:
    order = order_of(100, 3)
    costs = [take_lines(order, [LineWish(LINE_ID, 1, (ordinal,))], forced=False).cost for ordinal in (3, 1, 2)]
    assert costs == [naira(33), naira(34), naira(33)]
    assert sum(cost.amount for cost in costs) == 100


@pytest.mark.parametrize(
    ("wishes", "refusal"),
    [
        ([LineWish(LINE_ID, 3, ())], AlreadyRefunded),
        ([LineWish(LINE_ID, 1, (3,))], AlreadyRefunded),
        ([LineWish(LINE_ID, 1, (4,))], OrdinalsUnfit),
        ([LineWish(LINE_ID, 1, (0,))], OrdinalsUnfit),
        ([LineWish(LINE_ID, 2, (1, 1))], OrdinalsUnfit),
        ([LineWish(LINE_ID, 2, (1,))], OrdinalsUnfit),
        ([LineWish(LINE_ID, 1, ()), LineWish(LINE_ID, 1, ())], OrderLineNamedTwice),
        ([LineWish(OrderLineId.new(NOW, DRAW), 1, ())], UnknownOrderLine),
    ],
)
def test_what_is_not_there_cannot_go_back(wishes: list[LineWish], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        take_lines(order_of(300, 3, gone=frozenset({3})), wishes, forced=True)


@pytest.mark.parametrize("parts", [[100], [1] * 100, [33, 33, 34], [99, 1], [50, 49, 1]])
@pytest.mark.parametrize("fee", [0, 1, 7, 99])
def test_the_fee_given_up_in_parts_is_the_whole_fee_and_never_more_than_the_part(parts: list[int], fee: int) -> None:
    order = order_of(100, 1)
    order = replace(order, sums=replace(order.sums, platform_fee=naira(fee)))
    before, given_up = 0, 0
    for part in parts:
        share = fee_given_up(order, naira(before), naira(part)).amount
        assert 0 <= share <= part
        before, given_up = before + part, given_up + share
    assert given_up == fee


@pytest.mark.parametrize(
    ("total", "rate", "kept"), [(150_000, 0, 0), (150_000, 100_000, 150_000), (150_000, 12_345, 18_518), (1, 50_000, 1)]
)
def test_the_share_that_is_kept_is_rounded_half_up(total: int, rate: int, kept: int) -> None:
    order = replace(order_of(total, 1), cancellation=CancellationTerms(NOW, rate))
    assert kept_of(order) == naira(kept)


def test_fees_on_top_are_the_service_fee_and_a_platform_fee_that_is_passed_on() -> None:
    order = order_of(100, 1)
    sums = replace(order.sums, service_fee=naira(5), platform_fee=naira(7))
    assert fees_on_top(replace(order, sums=sums)) == naira(5)
    assert fees_on_top(replace(order, sums=replace(sums, platform_fee_passed_on=True))) == naira(12)

"""How a total comes about, to the minor unit, in every currency and every way to round."""

from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.domain.order import AddOnLine, Admission, Charge, Line, Rounding
from commerce.domain.pricing import (
    Item,
    Priced,
    PriceTerms,
    admission_shares,
    charges_of,
    price,
    share_of,
    share_of_add_on,
)
from common.ids import AddOnId, OrderLineId, TicketTierId
from common.money import Money
from common.testing.principals import fresh

ROUNDINGS: Final = get_args(Rounding)
VAT = 19_000


def item(amount: int, quantity: int = 1, *, rate: int = VAT, off: int = 0, currency: str = "EUR") -> Item:
    return Item(Money(amount, currency), quantity, Money(off, currency), rate)


def terms(**changes: object) -> PriceTerms:
    usual: dict[str, object] = {
        "prices_include_tax": True,
        "rounding": "line",
        "service_fee_per_order": 0,
        "service_fee_per_ticket": 0,
        "platform_fee_rate": 0,
        "platform_fee_off": 0,
        "platform_fee_passed_on": False,
    }
    return PriceTerms(**{**usual, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rounding", "tax", "total"),
    [("line", 7985, 50_000), ("sum_by_net", 7983, 49_998), ("sum_by_net_keep_gross", 7983, 50_000)],
)
@pytest.mark.parametrize("apart", [False, True], ids=["one-line", "five-lines"])
def test_five_tickets_at_a_hundred_with_nineteen_percent(rounding: Rounding, tax: int, total: int, apart: bool) -> None:
    """Scenario 35."""
    items = [item(10_000)] * 5 if apart else [item(10_000, 5)]
    priced = price("EUR", items, [], terms(rounding=rounding))
    assert (priced.sums.tax, priced.total) == (Money(tax, "EUR"), Money(total, "EUR"))
    assert sum(charge.gross.amount for charge in priced.tickets) == total


@pytest.mark.parametrize(
    ("currency", "amount", "tax", "total"), [("JPY", 40, 6, 120), ("KWD", 40_123, 6_406, 120_369), ("NGN", 1, 0, 3)]
)
def test_currencies_of_no_and_of_three_decimals_are_rounded_at_their_own_minor_unit(
    currency: str, amount: int, tax: int, total: int
) -> None:
    """Scenario 36."""
    [charge] = price(currency, [item(amount, 3, currency=currency)], [], terms()).tickets
    assert (charge.tax, charge.gross) == (Money(tax * 3, currency), Money(total, currency))


@pytest.mark.parametrize(
    ("rounding", "total"), [("line", 42_015), ("sum_by_net", 42_015), ("sum_by_net_keep_gross", 42_017)]
)
def test_a_buyer_who_owes_the_tax_pays_what_the_tax_as_it_was_rounded_leaves(rounding: Rounding, total: int) -> None:
    """Scenario 38."""
    priced = price("EUR", [item(10_000, 5)], [], terms(rounding=rounding, reverse_charge=True))
    [charge] = priced.tickets
    assert (charge.tax_rate, charge.tax, charge.gross) == (0, Money(0, "EUR"), Money(total, "EUR"))
    assert (priced.sums.reverse_charge, priced.sums.tax, priced.total) == (True, Money(0, "EUR"), Money(total, "EUR"))


@pytest.mark.parametrize(("currency", "amount", "total"), [("JPY", 40, 102), ("KWD", 40_123, 101_151), ("NGN", 1, 3)])
def test_a_buyer_who_owes_the_tax_pays_whole_minor_units_of_any_currency(
    currency: str, amount: int, total: int
) -> None:
    """Scenarios 36 and 38."""
    priced = price(currency, [item(amount, 3, currency=currency)], [], terms(reverse_charge=True))
    assert (priced.sums.tax, priced.total) == (Money(0, currency), Money(total, currency))


def test_prices_without_tax_are_what_a_buyer_pays_who_owes_it() -> None:
    owed = terms(prices_include_tax=False, reverse_charge=True)
    priced = price("EUR", [item(10_001, 3, off=2)], [item(999, rate=7_000)], owed)
    assert [charge.gross.amount for charge in (*priced.tickets, *priced.add_ons)] == [30_001, 999]
    assert (priced.total.amount, priced.sums.discount.amount) == (31_000, 2)


def test_fees_are_owed_as_ever_where_the_buyer_owes_the_tax() -> None:
    """The platform's is of what the lines come to; the service's is for each ticket that costs something."""
    fees = terms(
        service_fee_per_order=50,
        service_fee_per_ticket=10,
        platform_fee_rate=10_000,
        platform_fee_passed_on=True,
        reverse_charge=True,
    )
    priced = price("EUR", [item(11_900, 2), item(0, 3)], [], fees)
    assert (priced.sums.service_fee.amount, priced.sums.platform_fee.amount) == (70, 2_000)
    assert priced.total.amount == 20_000 + 70 + 2_000


def test_a_ticket_that_is_nothing_but_tax_bears_its_fee_as_for_others() -> None:
    """Of three at one cent with as much tax on top of the net, two cents are net: one of them comes to nothing."""
    odd = terms(rounding="sum_by_net_keep_gross", service_fee_per_ticket=10, reverse_charge=True)
    priced = price("EUR", [item(1, rate=100_000)] * 3, [], odd)
    assert sorted(charge.gross.amount for charge in priced.tickets) == [0, 1, 1]
    assert priced.sums.service_fee.amount == 30


@given(
    st.lists(st.builds(item, st.integers(0, 10**6), st.integers(1, 9), rate=st.integers(0, 100_000)), min_size=1),
    st.booleans(),
    st.sampled_from(ROUNDINGS),
)
def test_who_owes_the_tax_pays_exactly_it_less_than_others(
    items: list[Item], prices_include_tax: bool, rounding: Rounding
) -> None:
    usual = terms(prices_include_tax=prices_include_tax, rounding=rounding)
    others = price("EUR", items, [], usual)
    owed = price("EUR", items, [], terms(prices_include_tax=prices_include_tax, rounding=rounding, reverse_charge=True))
    assert owed.total == others.total - others.sums.tax
    assert sum(charge.gross.amount for charge in owed.tickets) == owed.total.amount
    assert all(not charge.tax and not charge.tax_rate and charge.gross.amount >= 0 for charge in owed.tickets)


def test_tax_on_top_of_prices_is_rounded_half_up_for_each_ticket() -> None:
    [charge] = charges_of([item(50, 3, rate=7_000)], prices_include_tax=False, rounding="line")
    assert (charge.tax, charge.gross) == (Money(12, "EUR"), Money(162, "EUR"))
    [charge] = charges_of([item(50, 3, rate=7_000)], prices_include_tax=False, rounding="sum_by_net")
    assert (charge.tax, charge.gross) == (Money(11, "EUR"), Money(161, "EUR"))


def test_each_rate_of_tax_is_rounded_by_itself_and_no_tax_is_no_tax() -> None:
    charges = charges_of(
        [item(999), item(999, rate=7_000), item(999), item(500, rate=0)], prices_include_tax=True, rounding="sum_by_net"
    )
    assert [charge.tax.amount for charge in charges] == [160, 65, 159, 0]
    assert [charge.gross.amount for charge in charges] == [999, 999, 998, 500]


def test_a_discount_comes_off_before_tax() -> None:
    [charge] = charges_of([item(10_000, 2, off=5_000)], prices_include_tax=True, rounding="line")
    assert charge == Charge(Money(5_000, "EUR"), VAT, Money(2 * 1197, "EUR"), Money(15_000, "EUR"))


def test_fees_are_for_the_order_and_for_each_ticket_that_costs_something() -> None:
    fees = terms(service_fee_per_order=100, service_fee_per_ticket=30)
    priced = price("EUR", [item(1_000, 2, rate=0), item(0, 3, rate=0)], [item(500, 4, rate=0)], fees)
    assert (priced.sums.service_fee, priced.total) == (Money(160, "EUR"), Money(4_160, "EUR"))


def test_what_is_free_bears_no_fee_at_all() -> None:
    """Scenario 28."""
    fees = terms(
        service_fee_per_order=100, service_fee_per_ticket=30, platform_fee_rate=5_000, platform_fee_passed_on=True
    )
    priced = price("EUR", [item(1_000, 2, off=2_000)], [], fees)
    assert (priced.sums.service_fee, priced.sums.platform_fee, priced.total) == (Money.zero("EUR"),) * 3


@pytest.mark.parametrize(
    ("off", "passed_on", "fee", "total"), [(0, False, 88, 3_500), (0, True, 88, 3_588), (50, True, 44, 3_544)]
)
def test_the_platforms_fee_is_absorbed_or_passed_on(off: int, passed_on: bool, fee: int, total: int) -> None:
    changes = {"platform_fee_rate": 2_500, "platform_fee_off": off, "platform_fee_passed_on": passed_on}
    priced = price("EUR", [item(1_500, 2)], [item(500)], terms(**changes))
    assert (priced.sums.platform_fee, priced.total) == (Money(fee, "EUR"), Money(total, "EUR"))


def test_the_dearest_order_there_can_be_fits_the_ledger() -> None:
    dear = terms(
        prices_include_tax=False,
        service_fee_per_order=10**15,
        service_fee_per_ticket=10**15,
        platform_fee_rate=100_000,
        platform_fee_passed_on=True,
    )
    priced = price("NGN", [item(10**15, 100, rate=100_000, currency="NGN")], [], dear)
    assert priced.total.amount < 2**63


amounts = st.integers(0, 10**12)
items = st.lists(
    st.tuples(amounts, st.integers(1, 20), st.sampled_from([0, 2_500, 7_000, 7_700, 19_000, 33_333, 100_000])).map(
        lambda drawn: (drawn[0], drawn[1], drawn[2])
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def baskets(draw: st.DrawFn) -> tuple[list[Item], list[Item], PriceTerms]:
    def some(least: int) -> list[Item]:
        return [
            item(amount, quantity, rate=rate, off=draw(st.integers(0, amount * quantity)))
            for amount, quantity, rate in draw(items)[: draw(st.integers(least, 6))]
        ]

    chosen = terms(
        prices_include_tax=draw(st.booleans()),
        rounding=draw(st.sampled_from(ROUNDINGS)),
        service_fee_per_order=draw(st.integers(0, 10_000)),
        service_fee_per_ticket=draw(st.integers(0, 10_000)),
        platform_fee_rate=draw(st.integers(0, 100_000)),
        platform_fee_off=draw(st.integers(0, 100)),
        platform_fee_passed_on=draw(st.booleans()),
    )
    return some(1), some(0), chosen


def _all(priced: Priced) -> tuple[Charge, ...]:
    return (*priced.tickets, *priced.add_ons)


@given(baskets())
def test_the_total_is_the_lines_and_the_fees_and_the_tax_is_theirs(
    basket: tuple[list[Item], list[Item], PriceTerms],
) -> None:
    """Scenario 37."""
    tickets, add_ons, chosen = basket
    priced = price("EUR", tickets, add_ons, chosen)
    lines = sum(charge.gross.amount for charge in _all(priced))
    passed_on = priced.sums.platform_fee.amount if chosen.platform_fee_passed_on else 0
    assert priced.total.amount == lines + priced.sums.service_fee.amount + passed_on
    assert priced.sums.tax.amount == sum(charge.tax.amount for charge in _all(priced))
    assert priced.sums.discount.amount == sum(line.discount.amount for line in (*tickets, *add_ons))
    assert all(0 <= charge.tax.amount <= charge.gross.amount for charge in _all(priced))
    assert priced.sums.platform_fee.amount <= lines


@given(baskets())
def test_gross_prices_stay_unless_the_net_prices_are_what_adds_up(
    basket: tuple[list[Item], list[Item], PriceTerms],
) -> None:
    tickets, _, chosen = basket
    charges = charges_of(tickets, prices_include_tax=chosen.prices_include_tax, rounding=chosen.rounding)
    for line, charge in zip(tickets, charges, strict=True):
        price = line.unit_price * line.quantity - line.discount
        if not chosen.prices_include_tax and chosen.rounding != "sum_by_net_keep_gross":
            assert charge.gross - charge.tax == price
        if chosen.prices_include_tax and chosen.rounding != "sum_by_net":
            assert charge.gross == price


def line_of(gross: int, tax: int, quantity: int) -> Line:
    admissions = tuple(Admission(ordinal, None, None, True, None) for ordinal in range(1, quantity + 1))
    charge = Charge(Money.zero("EUR"), VAT, Money(tax, "EUR"), Money(gross, "EUR"))
    ids = OrderLineId(fresh(OrderLineId)), TicketTierId(fresh(TicketTierId))
    return Line(*ids, "Regular", Money(gross, "EUR"), charge, admissions)


def test_what_each_ticket_of_a_line_cost_adds_up_to_the_line() -> None:
    line = line_of(1_000, 100, 3)
    assert [share.amount for share in admission_shares(line)] == [334, 333, 333]
    assert (share_of(line, [1]).gross.amount, share_of(line, [1]).tax.amount) == (334, 34)
    assert (share_of(line, [2, 3]).gross.amount, share_of(line, [2, 3]).tax.amount) == (666, 66)
    assert share_of(line, []).gross == Money.zero("EUR")


@given(st.integers(0, 10**12), st.integers(1, 100), st.data())
def test_shares_of_a_line_in_any_parts_are_the_whole(gross: int, quantity: int, data: st.DataObject) -> None:
    line = line_of(gross, data.draw(st.integers(0, gross)), quantity)
    ordinals = data.draw(st.permutations(range(1, quantity + 1)))
    cut = data.draw(st.integers(0, quantity))
    first, second = share_of(line, ordinals[:cut]), share_of(line, ordinals[cut:])
    assert (first.gross + second.gross, first.tax + second.tax) == (line.charge.gross, line.charge.tax)
    assert first.tax.amount <= first.gross.amount + cut


def test_pieces_of_an_add_on_go_back_one_after_the_other_until_all_of_it_is_back() -> None:
    charge = Charge(Money.zero("EUR"), VAT, Money(100, "EUR"), Money(1_000, "EUR"))
    ids = OrderLineId(fresh(OrderLineId)), AddOnId(fresh(AddOnId))

    def returned(count: int) -> AddOnLine:
        return AddOnLine(*ids, "T-shirt", Money(400, "EUR"), 3, count, charge)

    shares = [share_of_add_on(returned(0), 1), share_of_add_on(returned(1), 2)]
    assert [(share.gross.amount, share.tax.amount) for share in shares] == [(334, 34), (666, 66)]

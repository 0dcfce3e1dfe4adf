"""Money at its edges: nothing, one minor unit, the most there can be, and currencies that do not count in hundredths."""

from typing import TYPE_CHECKING, Any

import pytest

from common.money import exponent
from common.testing import Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

FEE = {"platform_fee_rate": 5_000}
MOST = 10**15


async def sell(world: Running, stall: "Stall", currency: str, amount: int, **settings: Any) -> Any:
    """A tier at that price, of an event in that currency."""
    now = world.clock.now()
    tier = stall.tier(now, price={"amount": amount, "currency": currency}, capacity=1_000, max_per_order=100)
    await world.hear(stall.event(now, currency=currency), tier)
    await stall.sell_by(world, **settings)
    return tier.ticket_tier_id


async def test_a_code_for_everything_spares_the_fees_that_would_be_passed_on_and_calls_no_provider(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 28, with every fee there is."""
    async with run(settings=FEE) as world:
        fees = {"currency": "NGN", "perOrder": 500, "perTicket": 300}
        tier = await sell(
            world, stall, "NGN", 150_000, platformFeePassedOn=True, serviceFee=fees, pricesIncludeTax=False
        )
        await stall.sell_tier_by(world, tier, taxRate=7_500)
        await stall.promo(world, code="ALL", rate=100_000)
        order = (await stall.order(world, (tier, 3), promoCode="ALL")).json()
        assert (order["status"], order["total"]["amount"]) == ("paid", 0)
        sums = {name: order["sums"][name]["amount"] for name in ("discount", "tax", "serviceFee", "platformFee")}
        assert sums == {"discount": 450_000, "tax": 0, "serviceFee": 0, "platformFee": 0}
        assert await world.count("payments") == 0
        assert await stall.books(world) == []
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", 0)]
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.books(world) == []


@pytest.mark.parametrize("currency", ["JPY", "NGN", "KWD"])
@pytest.mark.parametrize("inclusive", [True, False])
async def test_one_minor_unit_is_sold_taxed_and_given_back_to_the_last(
    run: RunService, stall: "Stall", currency: str, inclusive: bool
) -> None:
    async with run(settings=FEE) as world:
        tier = await sell(world, stall, currency, 1, platformFeePassedOn=True, pricesIncludeTax=inclusive)
        await stall.sell_tier_by(world, tier, taxRate=19_000)
        order = await stall.paid(world, (tier, 7))
        assert exponent(order["total"]["currency"]) == {"JPY": 0, "NGN": 2, "KWD": 3}[currency]
        total = order["total"]["amount"]
        assert total == 7 + order["sums"]["platformFee"]["amount"]
        line = order["lines"][0]["id"]
        for _ in range(6):
            await stall.refunded(world, order, lines=[{"lineId": line, "quantity": 1}])
        await stall.refunded(world, order)
        assert sum(amount for _, amount in await stall.refunds(world, order)) == total
        assert (await stall.show(world, order))["status"] == "refunded"
        await stall.books(world)


async def test_the_dearest_order_there_can_be_is_paid_refunded_reported_and_put_on_paper(
    run: RunService, stall: "Stall"
) -> None:
    async with run(settings=FEE) as world:
        fees = {"currency": "NGN", "perOrder": MOST, "perTicket": MOST}
        tier = await sell(world, stall, "NGN", MOST, platformFeePassedOn=True, serviceFee=fees, pricesIncludeTax=False)
        await stall.sell_tier_by(world, tier, taxRate=100_000)
        order = await stall.paid(world, (tier, 100))
        total = 200 * MOST + 10 * MOST + 101 * MOST
        assert (order["status"], order["total"]["amount"]) == ("paid", total)
        sales = await world.get(f"/v1/events/{stall.event_id}/sales", stall.manager)
        assert sales.json()["total"]["gross"]["amount"] == total
        [document] = (await world.get(f"/v1/orders/{order['id']}/documents", stall.buyer)).json()["items"]
        pdf = await world.get(document["path"], stall.buyer)
        assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
        exported = await world.get(f"/v1/events/{stall.event_id}/orders.csv?rows=orders", stall.manager)
        assert f"{total // 100}.00" in exported.text
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", total)]
        await stall.books(world)


@pytest.mark.parametrize("rounding", ["line", "sum_by_net", "sum_by_net_keep_gross"])
async def test_tax_in_many_odd_lines_adds_up_on_order_paper_and_refunds(
    run: RunService, stall: "Stall", rounding: str
) -> None:
    """Scenario 37, with as many lines as an order takes."""
    prices = [101 * place + 33 for place in range(1, 21)]
    async with run(settings=FEE) as world:
        tiers = await stall.open(
            world, *({"price": {"amount": price, "currency": "NGN"}, "name": f"Tier {price}"} for price in prices)
        )
        await stall.sell_by(world, rounding=rounding)
        for place, tier in enumerate(tiers):
            await stall.sell_tier_by(world, tier, taxRate=(0, 7_500, 19_000, 33_333)[place % 4])
        order = await stall.paid(world, *((tier, 3) for tier in tiers))
        lines = order["lines"]
        assert order["total"]["amount"] == sum(line["total"]["amount"] for line in lines)
        assert order["sums"]["tax"]["amount"] == sum(line["tax"]["amount"] for line in lines)
        await world.get(f"/v1/orders/{order['id']}/documents", stall.buyer)
        for line in lines:
            await stall.refunded(world, order, lines=[{"lineId": line["id"], "quantity": 1}])
        await stall.refunded(world, order)
        assert sum(amount for _, amount in await stall.refunds(world, order)) == order["total"]["amount"]
        documents = (await world.get(f"/v1/orders/{order['id']}/documents", stall.buyer)).json()["items"]
        credited = sum(each["total"]["amount"] for each in documents if each["kind"] == "credit_note")
        assert credited == order["total"]["amount"]
        await stall.books(world)

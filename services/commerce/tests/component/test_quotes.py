"""What an order would come to: the same as the order then does, told to everyone, with nothing kept."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from commerce.errors import InvariantsBroken
from common.ids import EventId, TicketTierId
from common.messages import MoneyPart
from common.testing import FrozenClock, RunService
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


def naira(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "NGN"}


async def test_a_quote_says_everything_and_keeps_nothing(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    """Scenario 37."""
    async with run(clock=clock, settings={"platform_fee_rate": 2_000}) as world:
        first, second = await stall.open(world, {}, {"name": "VIP", "price": MoneyPart(amount=1_001, currency="NGN")})
        await stall.sell_by(
            world,
            serviceFee={"currency": "NGN", "perOrder": 500, "perTicket": 0},
            platformFeePassedOn=True,
            cancellation={"hoursBefore": 24, "keptRate": 5_000},
            rounding="sum_by_net_keep_gross",
            holdMinutes=20,
        )
        await stall.sell_tier_by(world, first, taxRate=7_500)
        promo = await stall.promo(world, name="Early bird", ticketTierIds=[first])
        wanted = ((first, 2), (second, 1))
        answer = await stall.quote(world, *wanted, promoCode="early")
        assert answer.status_code == 200, answer.text
        quote = answer.json()
        assert quote == {
            "eventId": stall.event_id,
            "total": naira(270_000 + 1_001 + 500 + 5_420),
            "sums": {
                "discount": naira(30_000),
                "tax": naira(18_837),
                "serviceFee": naira(500),
                "platformFee": naira(5_420),
                "pricesIncludeTax": True,
                "rounding": "sum_by_net_keep_gross",
                "reverseCharge": False,
            },
            "discount": {"why": "promo_code", "name": "Early bird", "amount": naira(30_000)},
            "cancellation": {
                "until": (clock.now() + timedelta(days=29)).isoformat().replace("+00:00", "Z"),
                "keptRate": 5_000,
            },
            "needsApproval": False,
            "holdMinutes": 20,
            "vatCheck": None,
            "lines": [
                {
                    "ticketTierId": first,
                    "ticketTierName": "Regular",
                    "quantity": 2,
                    "unitPrice": naira(150_000),
                    "discount": naira(30_000),
                    "taxRate": 7_500,
                    "tax": naira(18_837),
                    "total": naira(270_000),
                },
                {
                    "ticketTierId": second,
                    "ticketTierName": "VIP",
                    "quantity": 1,
                    "unitPrice": naira(1_001),
                    "discount": naira(0),
                    "taxRate": 0,
                    "tax": naira(0),
                    "total": naira(1_001),
                },
            ],
            "addOns": [],
        }
        for table in ("orders", "outbox"):
            assert await world.count(table) == 0
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((0, 0), (0, 0))
        order = (await stall.order(world, *wanted, promoCode="EARLY", expectedTotal=quote["total"])).json()
        for name in ("total", "sums", "cancellation"):
            assert order[name] == quote[name]
        payment = await stall.pay(world, order)
        assert payment["total"] == quote["total"]
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        lines = sum(line["total"]["amount"] for line in order["lines"])
        fees = order["sums"]["serviceFee"]["amount"] + order["sums"]["platformFee"]["amount"]
        assert lines + fees == quote["total"]["amount"]
        await stall.books(world)


async def test_an_automatic_discount_names_itself(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.promo(world, name="Group", code=None, minTickets=3)
        for quantity, discount in ((2, None), (3, {"why": "automatic", "name": "Group", "amount": naira(45_000)})):
            assert (await stall.quote(world, (tier, quantity))).json()["discount"] == discount


async def test_a_quote_is_refused_as_the_order_would_be(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 1})
        cases = [
            (await stall.quote(world, (tier, 2)), 409, "commerce.sold_out"),
            (await stall.quote(world, (TicketTierId(fresh(TicketTierId)), 1)), 404, "commerce.unknown_ticket_tier"),
            (await stall.quote(world, (tier, 1), eventId=fresh(EventId)), 404, "commerce.unknown_event"),
            (await stall.quote(world, (tier, 1), promoCode="NONE"), 422, "commerce.unknown_promo_code"),
            (await stall.quote(world, (tier, 1), promoCode="\u0000"), 422, "common.invalid_request"),
            (await stall.quote(world, (tier, 1), promoCode=5), 422, "common.invalid_request"),
            (await stall.quote(world, (tier, 1), expectedTotal=naira(1)), 409, "commerce.price_changed"),
        ]
        await world.hear(stall.event(clock.now(), status="draft"))
        cases.append((await stall.quote(world, (tier, 1)), 404, "commerce.unknown_event"))
        for answer, status, code in cases:
            assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_price_raised_after_the_reservation_is_for_others(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 17."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        reserved = [await stall.placed(world, (tier, 1)) for _ in range(2)]
        dearer = MoneyPart(amount=200_000, currency="NGN")
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, price=dearer))
        await stall.end(world, await stall.pay(world, reserved[0]), "succeed")
        shown = await stall.show(world, reserved[0])
        assert (shown["status"], shown["total"]["amount"]) == ("paid", 150_000)
        clock.advance(timedelta(minutes=16))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, reserved[1]))["status"] == "expired"
        again = await stall.order(world, (tier, 1), expectedTotal=naira(150_000))
        assert (again.status_code, again.json()["code"]) == (409, "commerce.price_changed")
        assert again.json()["total"] == naira(200_000)
        assert await stall.stock(world, tier) == (0, 1)
        confirmed = await stall.order(world, (tier, 1), expectedTotal=naira(200_000))
        assert (confirmed.status_code, confirmed.json()["total"]["amount"]) == (201, 200_000)
        await stall.books(world)


async def test_a_sale_that_ends_while_a_ticket_is_quoted_refuses_the_order_and_charges_nothing(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 18."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"sales_end_at": clock.now() + timedelta(minutes=1)})
        assert (await stall.quote(world, (tier, 1))).status_code == 200
        clock.advance(timedelta(minutes=1))
        answer = await stall.order(world, (tier, 1))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.ticket_tier_not_on_sale")
        assert (answer.json()["reason"], await world.count("orders")) == ("ended", 0)


@pytest.mark.parametrize("wrong", ["total = total + 1", "tax = tax + 1", "discount = discount + 1"])
async def test_an_order_whose_parts_do_not_add_up_is_found(run: RunService, stall: "Stall", wrong: str) -> None:
    """Scenario 37."""
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.placed(world, (tier, 1))
        await stall.books(world)
        async with world.database.transaction() as tx:
            await tx.execute(text(f"UPDATE orders SET {wrong}"))
        with pytest.raises(InvariantsBroken, match="order ord_"):
            await stall.books(world)

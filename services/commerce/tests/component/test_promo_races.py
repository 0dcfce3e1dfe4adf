"""Promo codes wanted by many at the same moment, each race with a control that fails when its guard is taken away."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from commerce.actions.check_invariants import check_invariants
from commerce.actions.expire_orders import expire_orders
from commerce.domain.promo import UseOf
from commerce.errors import InvariantsBroken
from commerce.store import orders, promo_codes
from commerce.tables import promo_codes as promo_table
from common.db import Transaction
from common.ids import OrderId, PromoCodeId, TicketTierId
from common.testing import FrozenClock, Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

BUYERS = 4


async def buy_at_once(world: Running, stall: "Stall", tier: TicketTierId, buyers: int, **changes: Any) -> list[int]:
    """So many people order one ticket each with the same code and pay; how many orders were paid is what they wanted."""
    people = [principals.user(f"buyer{number}@example.org") for number in range(buyers)]

    async def buy(person: Any) -> int:
        answer = await stall.order(world, (tier, 1), by=person, promoCode="EARLY", **changes)
        if answer.status_code != 201:
            assert answer.json()["code"] == "commerce.promo_code_used_up"
            return answer.status_code
        path = f"/v1/orders/{answer.json()['id']}/payments"
        payment = await world.post(path, person, key=answer.json()["id"], json={"provider": "sandbox"})
        await world.post(f"/v1/sandbox/payments/{payment.json()['id']}", json={"outcome": "succeed"})
        return answer.status_code

    statuses = sorted(await asyncio.gather(*(buy(person) for person in people)))

    async def all_paid() -> bool:
        return {row["status"] for row in await world.rows("SELECT status FROM orders")} <= {"paid"}

    await eventually(all_paid, what="the orders being paid")
    return statuses


async def take_without_looking(tx: Transaction, promo_code_id: PromoCodeId, use: UseOf, amount: int) -> bool:
    """What taking a use would be with no condition in the update."""
    added = {f"{use}_uses": promo_table.c[f"{use}_uses"] + 1, f"{use}_amount": promo_table.c[f"{use}_amount"] + amount}
    await tx.execute(update(promo_table).where(promo_table.c.id == promo_code_id).values(**added))
    return True


async def test_four_parallel_checkouts_of_a_code_for_one(run: RunService, stall: "Stall") -> None:
    """Scenario 29."""
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, maxUses=1)
        assert await buy_at_once(world, stall, tier, BUYERS) == [201, 409, 409, 409]
        assert await stall.promo_counts(world, promo) == (0, 1, 0, 15_000)
        assert await stall.stock(world, tier) == (0, 1)
        await stall.books(world)


async def test_twelve_parallel_checkouts_of_a_budget_for_five(run: RunService, stall: "Stall") -> None:
    """Scenario 29, of money."""
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, budget={"amount": 5 * 15_000 + 14_999, "currency": "NGN"})
        assert await buy_at_once(world, stall, tier, 12) == [201] * 5 + [409] * 7
        assert await stall.promo_counts(world, promo) == (0, 5, 0, 75_000)
        await stall.books(world)


@pytest.mark.parametrize("limit", [{"maxUses": 1}, {"budget": {"amount": 15_000, "currency": "NGN"}}])
async def test_control_without_the_guard_in_the_update_each_checkout_gets_it(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch, limit: dict[str, Any]
) -> None:
    everyone_looked = asyncio.Barrier(BUYERS)

    async def look_then_take(tx: Transaction, promo_code_id: PromoCodeId, use: UseOf, amount: int) -> bool:
        await everyone_looked.wait()
        return await take_without_looking(tx, promo_code_id, use, amount)

    monkeypatch.setattr(promo_codes, "take", look_then_take)
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, **limit)
        assert await buy_at_once(world, stall, tier, BUYERS) == [201] * BUYERS
        assert await stall.promo_counts(world, promo) == (0, 4, 0, 60_000)


async def test_parallel_orders_of_an_automatic_discount_for_one_all_succeed_and_one_is_cheaper(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, code=None, maxUses=1)
        people = [principals.user(f"buyer{number}@example.org") for number in range(8)]
        answers = await asyncio.gather(*(stall.order(world, (tier, 1), by=person) for person in people))
        assert [answer.status_code for answer in answers] == [201] * 8
        discounts = sorted(answer.json()["sums"]["discount"]["amount"] for answer in answers)
        assert discounts == [0] * 7 + [15_000]
        assert await stall.promo_counts(world, promo) == (1, 0, 15_000, 0)
        await stall.books(world)


async def test_expiring_and_being_called_off_at_once_gives_the_use_back_once(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 31."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world)
        placed = [(await stall.order(world, (tier, 1), promoCode="EARLY")).json() for _ in range(6)]
        clock.advance(timedelta(minutes=16))
        calls = [world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer) for order in placed for _ in range(3)]
        expiring = asyncio.gather(expire_orders(world.database), expire_orders(world.database))
        answers = await asyncio.gather(*calls)
        await expiring
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        assert await stall.stock(world, tier) == (0, 0)
        await stall.books(world)


async def test_control_without_the_orders_lock_a_use_comes_back_twice(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)

    async def look_without_a_lock(tx: Transaction, order_id: OrderId) -> Any:
        found = await orders.find_order(tx, order_id)
        await both_looked.wait()
        return found

    monkeypatch.setattr(orders, "lock_order", look_without_a_lock)
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world)
        placed = [(await stall.order(world, (tier, 1), promoCode="EARLY")).json() for _ in range(2)]
        path = f"/v1/orders/{placed[0]['id']}/cancel"
        answers = await asyncio.gather(*(world.post(path, stall.buyer) for _ in range(2)))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        with pytest.raises(InvariantsBroken, match="promo code"):
            await check_invariants(world.database)


async def test_control_without_giving_back_the_books_say_so(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep(tx: Transaction, promo: PromoCodeId, use: UseOf, uses: int, amount: int) -> None:
        return None

    monkeypatch.setattr(promo_codes, "give_back", keep)
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.promo(world)
        order = (await stall.order(world, (tier, 1), promoCode="EARLY")).json()
        await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        with pytest.raises(InvariantsBroken, match="promo code"):
            await check_invariants(world.database)


async def test_a_code_that_is_turned_off_while_it_is_being_used_is_refused(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody was shown its price; between that and taking a use of it the organiser turned it off."""
    take = promo_codes.take

    async def turned_off_first(tx: Transaction, promo: PromoCodeId, use: UseOf, amount: int, *, uses: int = 1) -> bool:
        path = f"/v1/promo-codes/{promo}"
        answer = await world.patch(path, stall.manager, json={"disabled": True}, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return await take(tx, promo, use, amount, uses=uses)

    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world)
        monkeypatch.setattr(promo_codes, "take", turned_off_first)
        refused = await stall.order(world, (tier, 1), promoCode="EARLY")
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.promo_code_used_up")
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        assert (await stall.stock(world, tier), await world.count("orders")) == ((0, 0), 0)


async def test_an_order_grows_by_no_more_than_others_left_of_the_budget_meanwhile(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change was worked out while there was enough; between that and taking it somebody else took the rest."""
    take = promo_codes.take
    others: list[int] = []

    async def others_first(tx: Transaction, promo: PromoCodeId, use: UseOf, amount: int, *, uses: int = 1) -> bool:
        monkeypatch.setattr(promo_codes, "take", take)
        quick = principals.user("quick@example.org")
        others.append((await stall.order(world, (tier, 2), by=quick, promoCode="EARLY")).status_code)
        return await take(tx, promo, use, amount, uses=uses)

    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, budget={"amount": 60_000, "currency": "NGN"})
        order = (await stall.order(world, (tier, 2), promoCode="EARLY")).json()
        monkeypatch.setattr(promo_codes, "take", others_first)
        path, body = f"/v1/orders/{order['id']}/items", {"lines": [{"ticketTierId": tier, "quantity": 3}]}
        refused = await world.call("PUT", path, stall.buyer, key="k", json=body, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["code"], others) == (409, "commerce.promo_code_used_up", [201])
        assert (await stall.show(world, order))["lines"] == order["lines"]
        assert await stall.promo_counts(world, promo) == (2, 0, 60_000, 0)
        assert await stall.stock(world, tier) == (4, 0)
        await stall.books(world)

"""Many kinds of things done to the same few orders at the same moment: whatever wins, nothing is sold, used or sent twice, and
no money is left without a ticket or its way back."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from services.commerce.tests.fakes.steps import worked_off

from commerce.actions.send_refunds import send_refunds
from commerce.errors import InvariantsBroken
from commerce.store import orders as orders_store
from common.ids import TicketTierId
from common.testing import FrozenClock, Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

ORDERS = 5
CAPACITY = 12
POOL = {"database_pool_size": 15}


async def storm(
    world: Running, stall: "Stall", clock: FrozenClock, tier: TicketTierId, chance: random.Random
) -> list[httpx.Response]:
    """Orders of two with a code, begun to be paid; then all there is happens to each of them at once, and to their event."""
    placed = [await order_with_code(world, stall, tier) for _ in range(ORDERS)]
    payments = [await stall.pay(world, order) for order in placed]
    over = chance.choice([True, False])
    if over:
        clock.advance(timedelta(minutes=15))
    things: list[Awaitable[Any]] = [
        thing for order, payment in zip(placed, payments, strict=True) for thing in all_of(world, stall, order, payment)
    ]
    things += [stall.order(world, (tier, 1), by=principals.user(f"quick{place}@example.org")) for place in range(4)]
    things += [stall.job(world, name) for name in ("expire-orders", "offer-places", "check-payments")]
    things += [
        wait_for(world, stall, tier),
        world.hear(stall.tier(clock.now(), ticket_tier_id=tier, capacity=CAPACITY - 1)),
    ]
    chance.shuffle(things)
    return [answer for answer in await asyncio.gather(*things) if isinstance(answer, httpx.Response)]


async def order_with_code(world: Running, stall: "Stall", tier: TicketTierId) -> dict[str, Any]:
    answer = await stall.order(world, (tier, 2), promoCode="EARLY")
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


def all_of(
    world: Running, stall: "Stall", order: dict[str, Any], payment: dict[str, Any]
) -> list[Awaitable[httpx.Response | None]]:
    """All that may happen to an order."""
    path, line = f"/v1/orders/{order['id']}", order["lines"][0]
    fewer = {"lines": [{"ticketTierId": line["ticketTierId"], "quantity": 1}]}
    return [
        world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": "succeed"}),
        world.post(f"{path}/cancel", stall.buyer),
        world.post(f"{path}/extend", stall.buyer),
        world.call("PUT", f"{path}/items", stall.buyer, key="k", json=fewer, headers={"If-Match": "*"}),
        stall.refund(world, order, lines=[{"lineId": line["id"], "quantity": 1}], force=True),
        stall.refund(world, order, amount={"amount": 1_000, "currency": "NGN"}),
        stall.used(world, order, 1),
    ]


async def wait_for(world: Running, stall: "Stall", tier: TicketTierId) -> httpx.Response:
    body = {"ticketTierId": tier, "quantity": 2}
    path = f"/v1/events/{stall.event_id}/waiting-list"
    return await world.post(path, principals.user("patient@example.org"), json=body)


async def settle_down(world: Running, stall: "Stall", clock: FrozenClock) -> None:
    """Until nothing is under way any more."""
    for _ in range(2):
        clock.advance(timedelta(days=2))
        await stall.job(world, "expire-orders")
        await stall.job(world, "check-payments")
        await worked_off(world)
        await send_refunds(world.database, world.app.state.payments.providers)

    async def sent() -> bool:
        return not await world.rows("SELECT 1 FROM refunds WHERE status = 'pending'")

    await eventually(sent, what="every refund being sent")


ASTRAY = """
    SELECT orders.id, orders.status, captured, refunded, came, went FROM orders
    CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS came FROM sandbox_payments
        WHERE order_id = orders.id AND status = 'succeeded') AS paid
    CROSS JOIN LATERAL (SELECT coalesce(sum(back.amount), 0) AS went FROM sandbox_refunds AS back
        JOIN sandbox_payments ON sandbox_payments.id = back.payment
        WHERE sandbox_payments.order_id = orders.id AND back.status = 'done') AS sent
    WHERE (captured, refunded) <> (came, went)
        OR (status NOT IN ('paid', 'partially_refunded', 'refunded') AND captured <> refunded)
        OR (status = 'refunded' AND captured <> refunded)
"""
"""Orders whose money here is not the provider's, or lies here for nothing."""


GUARDS = """
    ALTER TABLE stock DROP CONSTRAINT ck_stock_held_not_negative, DROP CONSTRAINT ck_stock_sold_not_negative;
    ALTER TABLE event_capacity DROP CONSTRAINT ck_event_capacity_held_not_negative,
        DROP CONSTRAINT ck_event_capacity_sold_not_negative;
    ALTER TABLE promo_codes DROP CONSTRAINT ck_promo_codes_uses_not_negative,
        DROP CONSTRAINT ck_promo_codes_amounts_not_negative;
    DROP INDEX uq_ledger_transfers_payment_once, uq_ledger_transfers_order_once;
"""
"""What stops most of it a second time, in the tables themselves."""


async def weathered(
    run: RunService, stall: "Stall", clock: FrozenClock, seed: int, *, without_guards: bool = False
) -> None:
    """Raises where anything is not as it must be afterwards."""
    chance = random.Random(seed)
    async with run(settings=POOL, clock=clock) as world:
        if without_guards:
            with psycopg.connect(world.urls.superuser) as connection:
                connection.execute(GUARDS)
        [tier] = await stall.open(world, {"capacity": CAPACITY})
        await stall.sell_by(world, waitingList=True, capacity=CAPACITY)
        await stall.promo(world, maxUses=ORDERS)
        answers = await storm(world, stall, clock, tier, chance)
        assert [answer.text for answer in answers if answer.status_code >= 500] == []
        await settle_down(world, stall, clock)
        await stall.books(world)
        assert await world.rows(ASTRAY) == []
        held, sold = await stall.stock(world, tier)
        assert held + sold <= CAPACITY


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_at_once_ends_in_right_books_and_no_money_astray(
    run: RunService, stall: "Stall", clock: FrozenClock, seed: int
) -> None:
    await weathered(run, stall, clock, seed)


async def test_control_without_the_orders_lock_and_the_tables_constraints_the_storm_leaves_something_wrong(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_store, "lock_order", orders_store.find_order)
    with pytest.raises((AssertionError, InvariantsBroken)):
        await weathered(run, stall, clock, 0, without_guards=True)

"""The mail about an order once more: for the buyer, at most a few times an hour."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from commerce.store import orders, resends
from common.db import Transaction
from common.ids import OrderId
from common.messages import OrderPlaced, OrderResendRequested
from common.testing import FrozenClock, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_buyer_and_staff_may_ask_for_it_five_times_an_hour(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        path = f"/v1/orders/{order['id']}/resend"
        staff = principals.member_of(stall.organization_id, "finance")
        for person in (stall.buyer, staff, stall.buyer, stall.buyer, stall.buyer):
            answer = await world.post(path, person)
            assert (answer.status_code, answer.json()) == (202, {"sentTo": "ben@example.org"})
            clock.advance(timedelta(minutes=1))
        refused = await world.post(path, staff)
        assert (refused.status_code, refused.json()["code"]) == (429, "commerce.resent_too_often")
        assert refused.headers["Retry-After"] == str(55 * 60)
        clock.advance(timedelta(minutes=55))
        assert (await world.post(path, staff)).status_code == 202
        said = await world.said(OrderResendRequested)
        assert [(each.request, each.buyer_email, each.page_path) for each in said] == [
            (number, "ben@example.org", order["pagePath"]) for number in range(1, 7)
        ]
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert len(await world.said(OrderPlaced)) == 1


async def test_strangers_and_those_who_may_only_read_cannot_have_it_sent(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}/resend"
        for stranger in (principals.user(), principals.member_of(stall.organization_id, "scanner")):
            assert (await world.post(path, stranger)).json()["code"] == "commerce.unknown_order"
        suspended = await world.post(path, principals.member_of(stall.organization_id, "suspended"))
        assert (suspended.status_code, suspended.json()["capability"]) == (403, "commerce:order:resend")
        assert await world.said(OrderResendRequested) == []
        assert await world.count("order_resends") == 0
        assert (await world.post(path, principals.platform("support"))).status_code == 202


async def test_requests_at_the_same_moment_are_counted_too(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}/resend"
        answers = await asyncio.gather(*(world.post(path, stall.buyer) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * 7
        assert len(await world.said(OrderResendRequested)) == 5


async def test_control_without_the_orders_lock_nobody_is_told_to_wait(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_counted, add_request = asyncio.Barrier(6), resends.add_request

    async def add_after_everyone_counted(tx: Transaction, order_id: OrderId, by: str) -> int:
        await everyone_counted.wait()
        return await add_request(tx, order_id, by)

    monkeypatch.setattr(orders, "lock_order", orders.find_order)
    monkeypatch.setattr(resends, "add_request", add_after_everyone_counted)
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}/resend"
        answers = await asyncio.gather(*(world.post(path, stall.buyer) for _ in range(6)))
        assert {answer.status_code for answer in answers} <= {202, 500}

"""Orders that wait for their organiser: the card is held meanwhile, and taken or let go of by the decision."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from commerce.adapters.sandbox.provider import Sandbox
from commerce.errors import ProviderAway
from commerce.store import approvals, orders
from common.db import Transaction
from common.ids import OrderId, OrganizationId, PaymentId, TicketTierId
from common.messages import OrderCancelled, OrderExpired, OrderPaid, OrderRejected, PaymentFailed
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, principals
from common.testing.principals import fresh, member_of

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


def manager_of(stall: "Stall", email: str = "olu@example.org") -> Principal:
    """Someone of the organiser's team who may decide."""
    return member_of(stall.organization_id, "manager", email)


async def change_to(
    world: Running, stall: "Stall", order: dict[str, Any], tier: TicketTierId, count: int = 1
) -> dict[str, Any]:
    """The buyer takes so many tickets of that tier instead."""
    path, headers = f"/v1/orders/{order['id']}/items", {"If-Match": "*"}
    body = {"lines": [{"ticketTierId": tier, "quantity": count}]}
    answer = await world.call("PUT", path, stall.buyer, key="change", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def with_approval(world: Running, stall: "Stall", **tier: Any) -> TicketTierId:
    """A tier that is sold only with the organiser's approval."""
    [tier_id] = await stall.open(world, {"capacity": 2, **tier})
    await stall.sell_tier_by(world, tier_id, requiresApproval=True)
    return tier_id


async def authorised(world: Running, stall: "Stall", tier: TicketTierId) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order whose card is held, and the payment that holds it."""
    order = await stall.placed(world, (tier, 1))
    payment = await stall.pay(world, order)
    await stall.end(world, payment, "succeed")
    waiting = await stall.show(world, order)
    assert waiting["status"] == "awaiting_approval"
    return waiting, payment


async def approve(world: Running, order: dict[str, Any], by: Principal) -> httpx.Response:
    """Say yes."""
    return await world.post(f"/v1/orders/{order['id']}/approve", by)


async def reject(world: Running, order: dict[str, Any], by: Principal, reason: str = "members only") -> httpx.Response:
    """Say no."""
    return await world.post(f"/v1/orders/{order['id']}/reject", by, json={"reason": reason})


async def at_the_sandbox(world: Running, payment: dict[str, Any]) -> str:
    """How the payment stands there."""
    query = "SELECT status FROM sandbox_payments WHERE payment_id = :id"
    [row] = await world.rows(query, id=PaymentId(payment["id"]).uuid)
    return str(row["status"])


async def test_the_card_is_held_until_the_organiser_says_yes_and_then_charged(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        order, payment = await authorised(world, stall, tier)
        assert (order["reservedUntil"], order["approvalUntil"]) == (None, "2026-11-26T18:00:00Z")
        assert order["payments"][0]["status"] == "pending"
        assert await at_the_sandbox(world, payment) == "held"
        assert await stall.stock(world, tier) == (1, 0)
        assert await stall.books(world) == []
        clock.advance(timedelta(days=5))
        await stall.job(world, "expire-orders")
        await stall.job(world, "expire-approvals")
        answer = await approve(world, order, manager_of(stall))
        assert (answer.status_code, answer.json()["status"]) == (200, "paid")
        assert await at_the_sandbox(world, payment) == "succeeded"
        assert await stall.stock(world, tier) == (0, 1)
        assert sum(entry[3] for entry in await stall.books(world)) == 150_000
        again = await approve(world, order, manager_of(stall))
        assert (again.status_code, again.json()["status"]) == (200, "paid")
        no = await reject(world, order, manager_of(stall))
        assert (no.status_code, no.json()["code"]) == (409, "commerce.approval_decided")
        assert len(await world.said(OrderPaid)) == 1


async def test_a_no_lets_go_of_the_card_gives_the_place_back_and_tells_the_buyer_why(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        tier = await with_approval(world, stall)
        order, payment = await authorised(world, stall, tier)
        answer = await reject(world, order, manager_of(stall))
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert await at_the_sandbox(world, payment) == "abandoned"
        assert (await stall.show(world, order))["payments"][0]["status"] == "cancelled"
        assert await stall.stock(world, tier) == (0, 0)
        [said] = await world.said(OrderRejected)
        assert (said.reason, said.buyer_email) == ("members only", "ben@example.org")
        assert len(await world.said(OrderCancelled)) == 1
        assert await stall.books(world) == []
        assert await world.said(PaymentFailed) == []


async def test_an_order_nobody_decides_ends_while_the_card_is_still_held(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        order, payment = await authorised(world, stall, tier)
        clock.advance(timedelta(days=6))
        await stall.job(world, "expire-approvals")
        assert (await stall.show(world, order))["status"] == "expired"
        await stall.job(world, "check-payments")
        assert await at_the_sandbox(world, payment) == "abandoned"
        assert await stall.stock(world, tier) == (0, 0)
        assert len(await world.said(OrderExpired)) == 1
        late = await approve(world, order, manager_of(stall))
        assert (late.status_code, late.json()["code"]) == (409, "commerce.order_not_awaiting_approval")
        assert await stall.books(world) == []


async def test_a_free_order_waits_for_the_organiser_as_well(run: RunService, stall: "Stall") -> None:
    """Scenario 28."""
    async with run() as world:
        tier = await with_approval(world, stall, price=None)
        first, second = [(await stall.order(world, (tier, 1))).json() for _ in range(2)]
        assert (first["status"], second["status"]) == ("awaiting_approval", "awaiting_approval")
        assert await stall.stock(world, tier) == (2, 0)
        assert (await stall.order(world, (tier, 1))).status_code == 409
        assert await world.said(OrderPaid) == []
        assert (await approve(world, first, manager_of(stall))).json()["status"] == "paid"
        assert (await reject(world, second, manager_of(stall))).json()["status"] == "cancelled"
        [paid] = await world.said(OrderPaid)
        assert paid.order_id == first["id"]
        assert await stall.stock(world, tier) == (0, 1)
        await stall.books(world)


async def test_where_the_hold_is_gone_the_buyer_pays_anew_and_needs_no_second_yes(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        order, payment = await authorised(world, stall, tier)
        async with world.database.transaction() as tx:
            await tx.connection.exec_driver_sql("UPDATE sandbox_payments SET status = 'abandoned'")
        answer = (await approve(world, order, manager_of(stall))).json()
        assert (answer["status"], answer["reservedUntil"]) == ("awaiting_payment", "2026-11-21T18:00:00Z")
        assert [failed.payment_id for failed in await world.said(PaymentFailed)] == [payment["id"]]
        assert await stall.stock(world, tier) == (1, 0)
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert await stall.is_paid(world, order)
        assert await stall.stock(world, tier) == (0, 1)
        assert sum(entry[3] for entry in await stall.books(world)) == 150_000


async def test_what_was_changed_since_the_yes_needs_another(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        order, _ = await authorised(world, stall, tier)
        async with world.database.transaction() as tx:
            await tx.connection.exec_driver_sql("UPDATE sandbox_payments SET status = 'abandoned'")
        assert (await approve(world, order, manager_of(stall))).json()["status"] == "awaiting_payment"
        await change_to(world, stall, order, tier, 2)
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        assert (await approve(world, order, manager_of(stall))).json()["status"] == "paid"
        assert await stall.stock(world, tier) == (0, 2)
        await stall.books(world)


async def test_a_yes_stands_while_the_provider_is_away_and_is_carried_out_later(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    capture = Sandbox.capture

    async def away(*_: object) -> Any:
        raise ProviderAway()

    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        order, _ = await authorised(world, stall, tier)
        monkeypatch.setattr(Sandbox, "capture", away)
        assert (await approve(world, order, manager_of(stall))).json()["status"] == "awaiting_approval"
        clock.advance(timedelta(days=6))
        await stall.job(world, "expire-approvals")
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        cancelled = await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        assert (cancelled.status_code, cancelled.json()["code"]) == (409, "commerce.order_not_awaiting_payment")
        monkeypatch.setattr(Sandbox, "capture", capture)
        await stall.job(world, "check-payments")
        assert await stall.is_paid(world, order)
        await stall.books(world)


async def test_the_buyer_may_withdraw_while_nobody_decided(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        tier = await with_approval(world, stall)
        order, payment = await authorised(world, stall, tier)
        assert (await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)).json()["status"] == "cancelled"
        await stall.job(world, "check-payments")
        assert await at_the_sandbox(world, payment) == "abandoned"
        late = await approve(world, order, manager_of(stall))
        assert (late.status_code, late.json()["code"]) == (409, "commerce.order_not_awaiting_approval")
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.books(world) == []


async def test_only_staff_of_the_organisation_decide(run: RunService, stall: "Stall") -> None:
    stranger = member_of(OrganizationId(fresh(OrganizationId)), "owner")
    async with run() as world:
        tier = await with_approval(world, stall)
        order, _ = await authorised(world, stall, tier)
        finance = member_of(stall.organization_id, "finance")
        for person, status in ((stall.buyer, 404), (stranger, 404), (finance, 403), (principals.ANONYMOUS, 404)):
            assert (await approve(world, order, person)).status_code in (status, 401)
            assert (await reject(world, order, person)).status_code in (status, 401)
        for reason in ("", "   ", "x" * 501, "a\x00b"):
            assert (await reject(world, order, manager_of(stall), reason)).status_code == 422
        unknown = {"id": fresh(OrderId)}
        assert (await approve(world, unknown, manager_of(stall))).status_code == 404
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        assert await world.count("order_approvals") == 0


async def test_nothing_is_approved_for_an_event_that_was_called_off(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        tier = await with_approval(world, stall)
        order, payment = await authorised(world, stall, tier)
        await world.hear(stall.event(world.clock.now(), status="cancelled"))
        answer = await approve(world, order, manager_of(stall))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.event_not_on_sale")
        assert await world.count("order_approvals") == 0
        assert await at_the_sandbox(world, payment) == "held"
        await stall.job(world, "expire-approvals")
        assert (await stall.show(world, order))["status"] == "expired"
        await stall.job(world, "check-payments")
        assert await at_the_sandbox(world, payment) == "abandoned"


async def decide_both_ways(world: Running, stall: "Stall", order: dict[str, Any]) -> list[int]:
    """One of the team says yes and another no, at the same moment; what they are answered."""
    answers = await asyncio.gather(
        approve(world, order, manager_of(stall)), reject(world, order, manager_of(stall, "ola@example.org"))
    )
    return [answer.status_code for answer in answers]


async def test_of_two_who_decide_at_once_one_decides(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        tier = await with_approval(world, stall, capacity=10)
        for _ in range(4):
            order, _ = await authorised(world, stall, tier)
            yes, no = await decide_both_ways(world, stall, order)
            assert sorted((yes, no)) == [200, 409]
            expected = "paid" if yes == 200 else "cancelled"
            assert (await stall.show(world, order))["status"] == expected
        await stall.books(world)


async def test_control_without_the_lock_and_the_row_both_decide(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)

    async def nothing_decided(tx: Transaction, order_id: OrderId) -> None:
        await both_looked.wait()

    async def written(*_: object) -> bool:
        return True

    async with run() as world:
        tier = await with_approval(world, stall)
        order, _ = await authorised(world, stall, tier)
        monkeypatch.setattr(approvals, "find_decision", nothing_decided)
        monkeypatch.setattr(approvals, "add_decision", written)
        monkeypatch.setattr(orders, "lock_order", orders.find_order)
        assert await decide_both_ways(world, stall, order) == [200, 200]


@pytest.mark.parametrize("ended_early", [False, True], ids=["its-time-is-up", "it-was-ended"])
async def test_nothing_is_approved_for_an_event_that_is_over_and_the_card_is_let_go_of_at_once(
    run: RunService, stall: "Stall", clock: FrozenClock, ended_early: bool
) -> None:
    other = type(stall)(organization_id=stall.organization_id)
    async with run(clock=clock) as world:
        tier, still_on = await with_approval(world, stall), await with_approval(world, other)
        ends = clock.now() + timedelta(days=2)
        event = stall.event(clock.now(), starts_at=ends - timedelta(hours=4), ends_at=ends)
        await world.hear(event)
        order, payment = await authorised(world, stall, tier)
        waiting, _ = await authorised(world, other, still_on)
        clock.advance(timedelta(days=2) - timedelta(microseconds=1))
        await stall.job(world, "expire-approvals")
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        if ended_early:
            await world.hear(event.model_copy(update={"sequence": 1_000, "status": "ended"}))
        else:
            clock.advance(timedelta(microseconds=1))
        answer = await approve(world, order, manager_of(stall))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.event_not_on_sale")
        assert answer.json()["reason"] == "event_over"
        assert (await world.count("order_approvals"), await at_the_sandbox(world, payment)) == (0, "held")
        assert (await stall.stock(world, tier), await stall.books(world)) == ((1, 0), [])
        await stall.job(world, "expire-approvals")
        assert (await stall.show(world, order))["status"] == "expired"
        await stall.job(world, "check-payments")
        assert await at_the_sandbox(world, payment) == "abandoned"
        assert (await stall.stock(world, tier), await stall.books(world)) == ((0, 0), [])
        assert [said.order_id for said in await world.said(OrderExpired)] == [order["id"]]
        assert (await other.show(world, waiting))["status"] == "awaiting_approval"

"""From a tier to a paid order."""

from typing import TYPE_CHECKING

from common.messages import MoneyPart, OrderPaid, OrderPlaced
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Door, Stall


async def test_two_tickets_are_ordered_paid_and_admitted(
    run: RunService, stall: "Stall", door: "Door", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        attendees = [{"name": "Ada", "email": "ada@example.org"}, {"name": "Grace"}]
        line = {"ticketTierId": tier, "quantity": 2, "attendees": attendees}
        answer = await stall.order(world, lines=[line])
        assert answer.status_code == 201
        order = answer.json()
        assert order["status"] == "awaiting_payment"
        assert order["total"] == {"amount": 300_000, "currency": "NGN"}
        assert order["reservedUntil"] == "2026-11-20T18:15:00Z"
        assert await stall.stock(world, tier) == (2, 0)

        payment = await stall.pay(world, order)
        assert payment["status"] == "pending"
        await stall.end(world, payment, "succeed")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["payments"][0]["status"]) == ("paid", "succeeded")
        assert await stall.stock(world, tier) == (0, 2)

        [placed] = await world.said(OrderPlaced)
        [paid] = await world.said(OrderPaid)
        assert (placed.sequence, paid.sequence) == (1, 2)
        assert (paid.buyer_email, paid.buyer_name, paid.total.amount) == ("ben@example.org", "Ben", 300_000)
        assert [(part.ordinal, part.attendee_name, part.attendee_email, part.live) for part in paid.admissions] == [
            (1, "Ada", "ada@example.org", True),
            (2, "Grace", None, True),
        ]
        [(path, headers, _)] = door.passed
        assert path == "/v1/payments/webhooks/sandbox"
        assert headers["sandbox-signature"].startswith(f"t={int(clock.now().timestamp())},v1=")


async def test_a_free_order_is_paid_at_once_and_touches_no_provider(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"price": None, "name": "Guest"})
        answer = await stall.order(world, (tier, 2))
        assert answer.status_code == 201
        assert (answer.json()["status"], answer.json()["total"]) == ("paid", {"amount": 0, "currency": "NGN"})
        assert await stall.stock(world, tier) == (0, 2)
        [paid] = await world.said(OrderPaid)
        assert [(part.ordinal, part.live) for part in paid.admissions] == [(1, True), (2, True)]
        assert await world.said(OrderPlaced) == []
        path = f"/v1/orders/{answer.json()['id']}/payments"
        refused = await world.post(path, stall.buyer, key="k", json={"provider": "sandbox"})
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.order_not_awaiting_payment")
        assert await world.count("payments") == 0


async def test_paid_and_free_tickets_in_one_order_are_paid_together(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        paid_tier, free_tier = await stall.open(world, {}, {"price": None})
        order = await stall.placed(world, (paid_tier, 1), (free_tier, 3))
        assert order["total"] == {"amount": 150_000, "currency": "NGN"}
        assert [line["quantity"] for line in order["lines"]] == [1, 3]
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert await stall.stock(world, paid_tier) == (0, 1)
        assert await stall.stock(world, free_tier) == (0, 3)


async def test_the_price_of_the_moment_of_ordering_is_kept_while_the_hold_lives(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        dearer = MoneyPart(amount=900_000, currency="NGN")
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, price=dearer))
        payment = await stall.pay(world, order)
        assert payment["total"] == {"amount": 150_000, "currency": "NGN"}
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        assert (await stall.placed(world, (tier, 1)))["total"]["amount"] == 900_000

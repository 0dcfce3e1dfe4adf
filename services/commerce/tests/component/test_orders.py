"""An order's life beside its payment: expiry, cancelling, who sees it, and the word about what is left."""

from datetime import timedelta
from typing import TYPE_CHECKING

from common.ids import OrganizationId
from common.messages import OrderCancelled, OrderExpired, TicketTierAvailabilityChanged
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_an_unpaid_order_ends_after_fifteen_minutes_and_gives_its_places_back(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        clock.advance(timedelta(minutes=15, microseconds=-1))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        clock.advance(timedelta(microseconds=1))
        await stall.job(world, "expire-orders")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["reservedUntil"]) == ("expired", None)
        assert await stall.stock(world, tier) == (0, 0)
        [expired] = await world.said(OrderExpired)
        assert (expired.sequence, [part.live for part in expired.admissions]) == (2, [False, False])
        await stall.job(world, "expire-orders")
        assert len(await world.said(OrderExpired)) == 1


async def test_many_overdue_orders_are_all_ended_in_portions(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        first, second = await stall.open(world, {"capacity": 200}, {"capacity": 200})
        for _ in range(60):
            await stall.placed(world, (first, 1), (second, 2))
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert len(await world.said(OrderExpired)) == 60
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((0, 0), (0, 0))


async def test_a_buyer_calls_an_unpaid_order_off_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        path = f"/v1/orders/{order['id']}/cancel"
        stranger = await world.post(path, principals.user())
        assert (stranger.status_code, stranger.json()["code"]) == (404, "commerce.unknown_order")
        assert await stall.stock(world, tier) == (2, 0)
        assert [(await world.post(path, stall.buyer)).json()["status"] for _ in range(2)] == ["cancelled"] * 2
        assert await stall.stock(world, tier) == (0, 0)
        assert len(await world.said(OrderCancelled)) == 1


async def test_a_paid_order_cannot_be_called_off_like_this(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        await stall.end(world, await stall.pay(world, order), "succeed")
        answer = await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.not_cancellable")
        assert await stall.stock(world, tier) == (0, 1)


async def test_an_order_is_seen_by_its_buyer_and_by_staff_who_may(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}"
        other = OrganizationId(fresh(OrganizationId))
        seen = {
            "buyer": await world.get(path, stall.buyer),
            "finance": await world.get(path, principals.member_of(stall.organization_id, "finance")),
            "support": await world.get(path, principals.platform("support")),
            "scanner": await world.get(path, principals.member_of(stall.organization_id, "scanner")),
            "another's owner": await world.get(path, principals.member_of(other, "owner")),
            "stranger": await world.get(path, principals.user()),
            "anonymous": await world.get(path),
        }
        assert {who: answer.status_code for who, answer in seen.items()} == {
            "buyer": 200,
            "finance": 200,
            "support": 200,
            "scanner": 404,
            "another's owner": 404,
            "stranger": 404,
            "anonymous": 404,
        }


async def test_lists_show_ones_own_and_to_staff_an_events(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        orders = [(await stall.placed(world, (tier, 1)))["id"] for _ in range(3)]
        await stall.order(world, (tier, 1), by=principals.user("eve@example.org"))
        page = (await world.get("/v1/orders?limit=2", stall.buyer)).json()
        assert [item["id"] for item in page["items"]] == [orders[2], orders[1]]
        await stall.placed(world, (tier, 1))
        rest = (await world.get(f"/v1/orders?limit=2&cursor={page['nextCursor']}", stall.buyer)).json()
        assert ([item["id"] for item in rest["items"]], rest["nextCursor"]) == ([orders[0]], None)

        path = f"/v1/orders?eventId={stall.event_id}"
        staff = await world.get(path, principals.member_of(stall.organization_id, "manager"))
        assert len(staff.json()["items"]) == 5
        refused = await world.get(path, stall.buyer)
        assert (refused.status_code, refused.json()["capability"]) == (403, "commerce:order:read")
        assert (await world.get("/v1/orders")).status_code == 401


async def test_lists_show_only_what_stands_as_asked(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        cancelled, open_one = [(await stall.placed(world, (tier, 1)))["id"] for _ in range(2)]
        await world.post(f"/v1/orders/{cancelled}/cancel", stall.buyer)
        staff = principals.member_of(stall.organization_id, "manager")
        for path, by in (("/v1/orders?", stall.buyer), (f"/v1/orders?eventId={stall.event_id}&", staff)):
            waiting = (await world.get(f"{path}status=awaiting_payment", by)).json()["items"]
            gone = (await world.get(f"{path}status=cancelled", by)).json()["items"]
            assert ([each["id"] for each in waiting], [each["id"] for each in gone]) == ([open_one], [cancelled])
        assert (await world.get("/v1/orders?status=lost", stall.buyer)).status_code == 422


async def test_availability_is_told_only_when_the_word_changes(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 20, "max_per_order": 20})
        path = f"/v1/events/{stall.event_id}/availability"
        answer = await world.get(path)
        assert answer.headers["Cache-Control"] == "public, max-age=1"
        assert answer.json()["tiers"] == [
            {"ticketTierId": tier, "onSale": True, "reason": None, "availability": "available", "left": None}
        ]
        await stall.placed(world, (tier, 14))
        assert await world.said(TicketTierAvailabilityChanged) == []
        await stall.placed(world, (tier, 1))
        await stall.placed(world, (tier, 4))
        assert (await world.get(path)).json()["tiers"][0]["left"] == 1
        await stall.placed(world, (tier, 1))
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        said = await world.said(TicketTierAvailabilityChanged)
        assert [(part.sequence, part.availability) for part in said] == [
            (1, "few"),
            (2, "sold_out"),
            (3, "available"),
        ]


async def test_availability_says_why_nothing_is_on_sale(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        unknown = await world.get(f"/v1/events/{stall.event_id}/availability")
        assert (unknown.status_code, unknown.headers["Retry-After"]) == (404, "1")
        await stall.open(world, {"sales_start_at": clock.now() + timedelta(hours=1)}, {"retired": True})
        [tier] = (await world.get(f"/v1/events/{stall.event_id}/availability")).json()["tiers"]
        assert (tier["onSale"], tier["reason"]) == (False, "not_started")
        await world.hear(stall.event(clock.now(), status="cancelled"))
        [tier] = (await world.get(f"/v1/events/{stall.event_id}/availability")).json()["tiers"]
        assert (tier["onSale"], tier["reason"]) == (False, "event_cancelled")


async def test_an_id_of_another_kind_is_named(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        for wrong in (tier, "ord_x", "ord_", "01jd0000000000000000000000"):
            answer = await world.get(f"/v1/orders/{wrong}", stall.buyer)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == "/path/order_id"

"""Orders that are changed or kept longer before they are paid."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from common.ids import TicketTierId
from common.messages import MoneyPart, OrderPlaced
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

HOLD = timedelta(minutes=15)


async def change(
    world: Running,
    stall: "Stall",
    order: dict[str, Any],
    *wanted: tuple[TicketTierId, int],
    version: str | None = None,
    **body: object,
) -> httpx.Response:
    """Ask for other tickets in an order."""
    lines = [{"ticketTierId": tier, "quantity": quantity} for tier, quantity in wanted]
    headers = {"Idempotency-Key": uuid4().hex, "If-Match": version or f'"{order["version"]}"'}
    path = f"/v1/orders/{order['id']}/items"
    return await world.call("PUT", path, stall.buyer, json={"lines": lines, **body}, headers=headers)


async def test_fewer_tickets_free_the_others_and_more_are_not_locked_out_by_the_orders_own(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 7."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 5})
        order = await stall.placed(world, (tier, 5))
        fewer = await change(world, stall, order, (tier, 3))
        assert fewer.status_code == 200, fewer.text
        assert (fewer.json()["lines"][0]["quantity"], fewer.json()["total"]["amount"]) == (3, 450_000)
        assert fewer.json()["lines"][0]["id"] == order["lines"][0]["id"]
        assert fewer.json()["reservedUntil"] == order["reservedUntil"]
        assert await stall.stock(world, tier) == (3, 0)
        more = await change(world, stall, fewer.json(), (tier, 5))
        assert (more.status_code, more.json()["version"]) == (200, 3)
        assert await stall.stock(world, tier) == (5, 0)
        assert [said.sequence for said in await world.said(OrderPlaced)] == [1, 2, 3]
        await stall.end(world, await stall.pay(world, more.json()), "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        await stall.books(world)


async def test_a_change_is_all_or_nothing_and_says_what_is_left(run: RunService, stall: "Stall") -> None:
    """Scenario 8."""
    async with run() as world:
        first, second = await stall.open(world, {"capacity": 5}, {"capacity": 2})
        order = await stall.placed(world, (first, 3))
        refused = await change(world, stall, order, (first, 1), (second, 3))
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.sold_out")
        assert refused.json()["tiers"] == [{"ticketTierId": second, "wanted": 3, "left": 2}]
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((3, 0), (0, 0))
        assert (await stall.show(world, order))["lines"] == order["lines"]
        await stall.books(world)


async def test_what_stays_keeps_its_price_and_what_grows_is_priced_anew(run: RunService, stall: "Stall") -> None:
    """Scenario 17, in a change."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 3))
        dearer = MoneyPart(amount=200_000, currency="NGN")
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, price=dearer, retired=True))
        fewer = await change(world, stall, order, (tier, 2))
        assert (fewer.status_code, fewer.json()["total"]["amount"]) == (200, 300_000), fewer.text
        gone = await change(world, stall, fewer.json(), (tier, 3))
        assert (gone.status_code, gone.json()["reason"]) == (409, "retired")
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, price=dearer))
        expected = {"amount": 450_000, "currency": "NGN"}
        unexpected = await change(world, stall, fewer.json(), (tier, 3), expectedTotal=expected)
        assert (unexpected.status_code, unexpected.json()["code"]) == (409, "commerce.price_changed")
        assert await stall.stock(world, tier) == (2, 0)
        more = await change(world, stall, fewer.json(), (tier, 3))
        assert more.json()["total"]["amount"] == 600_000
        await stall.books(world)


async def test_an_order_under_payment_is_not_changed_and_says_how_to_go_on(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        payment = await stall.pay(world, order)
        refused = await change(world, stall, order, (tier, 1))
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.payment_under_way")
        assert refused.json()["paymentId"] == payment["id"]
        assert await stall.stock(world, tier) == (2, 0)
        await stall.end(world, payment, "abandon")
        assert (await change(world, stall, order, (tier, 1))).status_code == 200
        await stall.books(world)


async def test_a_payment_that_failed_before_a_change_and_comes_after_all_does_not_pay_the_changed_order(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 27, in a change: the amount is that of the order as it was."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await stall.end(world, payment, "decline")
        more = (await change(world, stall, order, (tier, 3))).json()
        await stall.end(world, payment, "succeed")
        shown = await stall.show(world, more)
        assert (shown["status"], shown["payments"][0]["reason"]) == ("review", "other_amount")
        assert await stall.stock(world, tier) == (3, 0)
        await stall.books(world)


async def test_of_two_changes_at_once_the_second_gets_a_conflict(run: RunService, stall: "Stall") -> None:
    """Scenario 44."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        order = await stall.placed(world, (tier, 5))
        answers = await asyncio.gather(*(change(world, stall, order, (tier, count)) for count in (2, 8)))
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        [lost] = [answer.json() for answer in answers if answer.status_code == 412]
        assert lost["code"] == "commerce.changed_meanwhile"
        assert await stall.stock(world, tier) == (won["lines"][0]["quantity"], 0)
        await stall.books(world)


async def test_control_without_saying_what_was_read_the_second_change_overwrites_the_first(
    run: RunService, stall: "Stall"
) -> None:
    """Control of scenario 44: `*` takes the guard away. The lock stays, so the books hold all the same."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        order = await stall.placed(world, (tier, 5))
        answers = await asyncio.gather(*(change(world, stall, order, (tier, count), version="*") for count in (2, 8)))
        assert [answer.status_code for answer in answers] == [200, 200]
        last = max((answer.json() for answer in answers), key=lambda body: body["version"])
        assert (last["version"], await stall.stock(world, tier)) == (3, (last["lines"][0]["quantity"], 0))
        await stall.books(world)


async def test_a_change_says_which_version_it_read(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}/items"
        body = {"lines": [{"ticketTierId": tier, "quantity": 2}]}
        without = await world.call("PUT", path, stall.buyer, json=body, headers={"Idempotency-Key": "k"})
        assert (without.status_code, without.json()["code"]) == (428, "commerce.if_match_missing")
        stranger = principals.user("eve@example.org")
        headers = {"Idempotency-Key": "k", "If-Match": "*"}
        assert (await world.call("PUT", path, stranger, json=body, headers=headers)).status_code == 404
        shown = await world.get(f"/v1/orders/{order['id']}", stall.buyer)
        assert (shown.headers["ETag"], await stall.stock(world, tier)) == ('"1"', (1, 0))


async def test_a_change_keeps_its_use_of_a_code_and_never_takes_a_second(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, maxUses=1)
        order = (await stall.order(world, (tier, 2), promoCode="EARLY")).json()
        assert await stall.promo_counts(world, promo) == (1, 0, 30_000, 0)
        more = (await change(world, stall, order, (tier, 3))).json()
        assert (more["total"]["amount"], more["promoCode"]) == (405_000, "EARLY")
        assert await stall.promo_counts(world, promo) == (1, 0, 45_000, 0)
        fewer = (await change(world, stall, more, (tier, 1))).json()
        assert (fewer["total"]["amount"], await stall.promo_counts(world, promo)) == (135_000, (1, 0, 15_000, 0))
        without = (await change(world, stall, fewer, (tier, 1), promoCode=None)).json()
        assert (without["total"]["amount"], await stall.promo_counts(world, promo)) == (150_000, (0, 0, 0, 0))
        again = (await change(world, stall, without, (tier, 1), promoCode="early")).json()
        assert (again["total"]["amount"], await stall.promo_counts(world, promo)) == (135_000, (1, 0, 15_000, 0))
        await stall.books(world)


@pytest.mark.parametrize(
    "meanwhile",
    [
        {},
        {"disabled": True},
        {"validUntil": "2026-11-20T18:01:00Z"},
        {"validFrom": "2026-11-21T18:00:00Z"},
    ],
    ids=["its-budget-is-used-up", "disabled", "ended", "not-begun"],
)
async def test_what_an_order_holds_of_a_code_stays_its_own_whatever_became_of_the_code(
    run: RunService, stall: "Stall", clock: FrozenClock, meanwhile: dict[str, Any]
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, budget={"amount": 30_000, "currency": "NGN"})
        order = (await stall.order(world, (tier, 2), promoCode="EARLY")).json()
        assert await stall.promo_counts(world, promo) == (1, 0, 30_000, 0)
        path, headers = f"/v1/promo-codes/{promo['id']}", {"If-Match": "*"}
        answer = await world.patch(path, stall.manager, json=meanwhile, headers=headers)
        assert answer.status_code == 200, answer.text
        clock.advance(timedelta(minutes=1))
        assert (await stall.order(world, (tier, 1), promoCode="EARLY")).status_code in (409, 422)
        fewer = await change(world, stall, order, (tier, 1))
        assert (fewer.status_code, fewer.json()["total"]["amount"]) == (200, 135_000)
        assert await stall.promo_counts(world, promo) == (1, 0, 15_000, 0)
        await stall.books(world)


async def test_a_change_to_what_costs_nothing_is_paid_at_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        dear, free = await stall.open(world, {}, {"price": MoneyPart(amount=0, currency="NGN")})
        order = await stall.placed(world, (dear, 2))
        changed = (await change(world, stall, order, (free, 1))).json()
        assert (changed["status"], changed["total"]["amount"], changed["reservedUntil"]) == ("paid", 0, None)
        assert (await stall.stock(world, dear), await stall.stock(world, free)) == ((0, 0), (0, 1))
        await stall.books(world)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"total": 0}, "/total"),
        ({"addOns": [{"addOnId": "addon_1", "quantity": 1}]}, "/addOns/0/addOnId"),
        ({"promoCode": "a\x00b"}, "/promoCode"),
        ({"promoCode": "NONE"}, "/promoCode"),
        ({"expectedTotal": {"amount": 10**30, "currency": "NGN"}}, "/expectedTotal/amount"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused_where_it_is_wrong(
    run: RunService, stall: "Stall", wrong: dict[str, Any], pointer: str
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        refused = await change(world, stall, order, (tier, 1), **wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
        assert (await stall.show(world, order))["version"] == 1
        assert await stall.stock(world, tier) == (2, 0)


async def test_no_ticket_of_another_event_and_none_twice_comes_into_an_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        [elsewhere] = await stall.__class__().open(world)
        order = await stall.placed(world, (tier, 2))
        assert (await change(world, stall, order, (tier, 1), (elsewhere, 1))).status_code == 404
        twice = await change(world, stall, order, (tier, 1), (tier, 1))
        assert (twice.status_code, twice.json()["code"]) == (422, "commerce.ticket_tier_named_twice")
        assert (await stall.stock(world, tier), await stall.stock(world, elsewhere)) == ((2, 0), (0, 0))


async def test_names_stay_on_a_line_that_names_nobody(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        attendees = [{"name": "Ada", "email": "ada@example.org"}, {"name": "Bola"}]
        lines = [{"ticketTierId": tier, "quantity": 2, "attendees": attendees}]
        order = (
            await world.post("/v1/orders", stall.buyer, key="k", json={"eventId": stall.event_id, "lines": lines})
        ).json()
        more = (await change(world, stall, order, (tier, 3))).json()
        assert [each["attendeeName"] for each in more["lines"][0]["admissions"]] == ["Ada", "Bola", None]


async def test_extended_again_and_again_a_hold_ends_an_hour_after_it_began(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 15."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        placed = clock.now()
        for minutes in (24, 34, 44, 54, 60):
            clock.advance(
                timedelta(minutes=minutes - 15) - (clock.now() - placed) if minutes < 60 else timedelta(minutes=9)
            )
            answer = await world.post(f"/v1/orders/{order['id']}/extend", stall.buyer)
            assert answer.status_code == 200, answer.text
            assert answer.json()["reservedUntil"] == (placed + timedelta(minutes=minutes)).isoformat().replace(
                "+00:00", "Z"
            )
        refused = await world.post(f"/v1/orders/{order['id']}/extend", stall.buyer)
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.extended_to_the_full")
        clock.advance(timedelta(minutes=60) - (clock.now() - placed))
        await stall.job(world, "expire-orders")
        late = await world.post(f"/v1/orders/{order['id']}/extend", stall.buyer)
        assert (late.status_code, late.json()["code"]) == (409, "commerce.order_not_awaiting_payment")
        assert await stall.stock(world, tier) == (0, 0)
        await stall.books(world)


async def test_nobody_extends_the_hold_of_another(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        clock.advance(timedelta(minutes=5))
        stranger = principals.user("eve@example.org")
        assert (await world.post(f"/v1/orders/{order['id']}/extend", stranger)).status_code == 404
        assert (await stall.show(world, order))["reservedUntil"] == order["reservedUntil"]

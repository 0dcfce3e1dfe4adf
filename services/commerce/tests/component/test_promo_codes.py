"""Promo codes and automatic discounts: made by organisers, taken by orders, given back once."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from commerce.actions.expire_orders import expire_orders
from commerce.domain.promo import PromoCode
from commerce.store import promo_codes as promo_codes_store
from common.db import Transaction
from common.ids import OrganizationId, PromoCodeId, TicketTierId
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

NAIRA = 150_000
"""What a ticket costs here."""


async def test_a_code_is_made_shown_and_changed(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        ends = (clock.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
        made = await stall.promo(
            world,
            code=" early-1 ",
            kind="fixed_per_ticket",
            amount={"amount": 500, "currency": "NGN"},
            maxUses=3,
            budget={"amount": 9_000, "currency": "NGN"},
            ticketTierIds=[tier, tier],
            validUntil=ends,
            minTickets=2,
        )
        assert made == {
            "id": made["id"],
            "eventId": stall.event_id,
            "version": 1,
            "name": "Early",
            "code": "EARLY-1",
            "kind": "fixed_per_ticket",
            "rate": None,
            "amount": {"amount": 500, "currency": "NGN"},
            "maxUses": 3,
            "heldUses": 0,
            "usedUses": 0,
            "budget": {"amount": 9_000, "currency": "NGN"},
            "heldAmount": 0,
            "usedAmount": 0,
            "ticketTierIds": [tier],
            "validFrom": None,
            "validUntil": ends,
            "minTickets": 2,
            "disabled": False,
        }
        await stall.order(world, (tier, 2), promoCode="Early-1")
        where, tag = f"/v1/promo-codes/{made['id']}", {"If-Match": '"1"'}
        changes = {"maxUses": 1, "validUntil": None, "disabled": True, "name": None}
        answer = await world.patch(where, stall.manager, json=changes, headers=tag)
        after = {**made, "version": 2, "maxUses": 1, "validUntil": None, "disabled": True}
        assert answer.json() == {**after, "heldUses": 1, "heldAmount": 1_000}
        answer = await world.patch(where, stall.manager, json={"disabled": False}, headers=tag)
        assert (answer.status_code, answer.json()["code"]) == (412, "commerce.changed_meanwhile")
        answer = await world.patch(where, stall.manager, json={"disabled": False})
        assert answer.status_code == 428
        clock.advance(timedelta(seconds=1))
        second = await stall.promo(world, code=None, rate=5_000)
        shown = (await world.get(f"/v1/events/{stall.event_id}/promo-codes", stall.manager)).json()
        assert [promo["id"] for promo in shown["items"]] == [second["id"], made["id"]]
        assert (shown["items"][1]["disabled"], shown["nextCursor"]) == (True, None)


WRONG: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"rate": None}, 422, "commerce.promo_kind_unclear", "/rate"),
    ({"kind": "fixed_per_order"}, 422, "commerce.promo_kind_unclear", "/rate"),
    ({"amount": {"amount": 5, "currency": "NGN"}}, 422, "commerce.promo_kind_unclear", "/kind"),
    ({"kind": "fixed_per_order", "rate": None}, 422, "commerce.promo_kind_unclear", "/kind"),
    ({"rate": 100_001}, 422, "common.invalid_request", "/rate"),
    ({"rate": -1}, 422, "common.invalid_request", "/rate"),
    ({"code": "A"}, 422, "common.invalid_request", "/code"),
    ({"code": "A\u0000BC"}, 422, "common.invalid_request", "/code"),
    ({"code": "GRÜN"}, 422, "common.invalid_request", "/code"),
    ({"maxUses": 10**12}, 422, "common.invalid_request", "/maxUses"),
    ({"minTickets": 0}, 422, "common.invalid_request", "/minTickets"),
    ({"budget": {"amount": 5, "currency": "EUR"}}, 422, "commerce.other_currency", "/budget"),
    ({"budget": {"amount": 5, "currency": "QQQ"}}, 422, "common.invalid_request", "/budget/currency"),
    ({"ticketTierIds": [fresh(TicketTierId)]}, 422, "commerce.other_events_ticket", "/ticketTierIds/0"),
    (
        {"validFrom": "2026-01-02T00:00:00Z", "validUntil": "2026-01-02T00:00:00Z"},
        *(422, "commerce.promo_ends_before_it_begins", "/validUntil"),
    ),
    ({"validFrom": "2026-01-02T00:00:00"}, 422, "common.invalid_request", "/validFrom"),
    ({"usedUses": 1}, 422, "common.invalid_request", "/usedUses"),
    ({"code": "taken"}, 409, "commerce.promo_code_taken", None),
]


async def test_what_cannot_be_a_code_is_refused_and_nothing_is_made(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        await stall.promo(world, code="TAKEN")
        where = f"/v1/events/{stall.event_id}/promo-codes"
        for changes, status, code, pointer in WRONG:
            body = {"name": "Early", "code": "EARLY", "kind": "percent", "rate": 10_000, **changes}
            answer = await world.post(where, stall.manager, key=uuid4().hex, json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), changes
            if pointer is not None:
                assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], changes
        assert await world.count("promo_codes") == 1


async def test_at_most_twenty_discounts_apply_by_themselves(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        made = [await stall.promo(world, code=None) for _ in range(20)]
        body = {"name": "Early", "kind": "percent", "rate": 10_000}
        answer = await world.post(f"/v1/events/{stall.event_id}/promo-codes", stall.manager, key="a", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.too_many_discounts")
        where = f"/v1/promo-codes/{made[0]['id']}"
        await world.patch(where, stall.manager, json={"disabled": True}, headers={"If-Match": "*"})
        await stall.promo(world, code=None)
        answer = await world.patch(where, stall.manager, json={"disabled": False}, headers={"If-Match": "*"})
        assert answer.status_code == 409


async def test_the_same_request_sent_twice_makes_one(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        body = {"name": "Group", "kind": "percent", "rate": 10_000}
        path = f"/v1/events/{stall.event_id}/promo-codes"
        manager = stall.manager
        first, second = [await world.post(path, manager, key="same", json=body) for _ in range(2)]
        assert (first.json(), second.headers["Idempotency-Replayed"]) == (second.json(), "true")
        assert await world.count("promo_codes") == 1


async def test_of_four_changes_at_once_one_is_made_and_the_others_are_told(run: RunService, stall: "Stall") -> None:
    """Scenario 44."""
    async with run() as world:
        await stall.open(world)
        made = await stall.promo(world)
        changes = [
            world.patch(
                f"/v1/promo-codes/{made['id']}", stall.manager, json={"maxUses": number}, headers={"If-Match": '"1"'}
            )
            for number in range(4)
        ]
        answers = await asyncio.gather(*changes)
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
        [changed] = [answer.json() for answer in answers if answer.status_code == 200]
        [row] = await world.rows("SELECT version, max_uses FROM promo_codes")
        assert (row["version"], row["max_uses"]) == (2, changed["maxUses"])


async def test_control_without_the_codes_lock_one_change_is_lost(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)

    async def look_without_lock(tx: Transaction, promo_code_id: PromoCodeId) -> PromoCode | None:
        seen = await promo_codes_store.find_promo_code(tx, promo_code_id)
        await both_looked.wait()
        return seen

    monkeypatch.setattr(promo_codes_store, "lock_promo_code", look_without_lock)
    async with run() as world:
        await stall.open(world)
        made = await stall.promo(world)
        path, headers = f"/v1/promo-codes/{made['id']}", {"If-Match": '"1"'}
        wishes = ({"maxUses": 7}, {"name": "Late"})
        answers = await asyncio.gather(
            *(world.patch(path, stall.manager, json=wish, headers=headers) for wish in wishes)
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        [row] = await world.rows("SELECT version, max_uses, name FROM promo_codes")
        assert (row["version"], (row["max_uses"], row["name"]) == (7, "Late")) == (2, False)


async def test_a_code_of_others_is_as_if_it_were_not_there(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        made = await stall.promo(world)
        for who in (stall.buyer, principals.member_of(OrganizationId(fresh(OrganizationId)), "owner")):
            answer = await world.patch(
                f"/v1/promo-codes/{made['id']}", who, json={"disabled": True}, headers={"If-Match": "*"}
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "commerce.no_such_promo_code")
        assert [row["disabled"] for row in await world.rows("SELECT disabled FROM promo_codes")] == [False]


async def test_a_use_is_held_until_it_is_paid_and_then_used(run: RunService, stall: "Stall") -> None:
    """Scenario 32."""
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, maxUses=1)
        order = (await stall.order(world, (tier, 5), promoCode="early")).json()
        assert (order["promoCode"], order["sums"]["discount"]["amount"]) == ("EARLY", 75_000)
        assert order["total"]["amount"] == 5 * NAIRA - 75_000
        assert await stall.promo_counts(world, promo) == (1, 0, 75_000, 0)
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert await stall.promo_counts(world, promo) == (0, 1, 0, 75_000)
        assert await stall.books(world)


async def test_three_orders_one_after_the_other_of_a_code_for_one(run: RunService, stall: "Stall") -> None:
    """Scenario 30."""
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, maxUses=1)
        answers = [await stall.order(world, (tier, 1), promoCode="EARLY") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 409, 409]
        assert {answer.json()["code"] for answer in answers[1:]} == {"commerce.promo_code_used_up"}
        assert await stall.promo_counts(world, promo) == (1, 0, 15_000, 0)
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)


@pytest.mark.parametrize("way", ["expired", "cancelled"])
async def test_a_use_comes_back_once(run: RunService, stall: "Stall", clock: FrozenClock, way: str) -> None:
    """Scenario 31."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, maxUses=2)
        order = (await stall.order(world, (tier, 1), promoCode="EARLY")).json()
        kept = (await stall.order(world, (tier, 1), promoCode="EARLY")).json()
        await stall.end(world, await stall.pay(world, kept), "succeed")
        for _ in range(2):
            if way == "expired":
                clock.advance(timedelta(minutes=16))
                await stall.job(world, "expire-orders")
            else:
                await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        assert (await stall.show(world, order))["status"] == way
        assert await stall.promo_counts(world, promo) == (0, 1, 0, 15_000)
        await stall.books(world)
        assert (await stall.order(world, (tier, 1), promoCode="EARLY")).status_code == 201


async def test_a_use_comes_back_when_all_of_the_money_does(run: RunService, stall: "Stall") -> None:
    """Scenario 31."""
    async with run() as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world)
        order = (await stall.order(world, (tier, 2), promoCode="EARLY")).json()
        await stall.end(world, await stall.pay(world, order), "succeed")
        part = {"lines": [{"lineId": order["lines"][0]["id"], "quantity": 1}]}
        await stall.refunded(world, order, **part)
        assert await stall.promo_counts(world, promo) == (0, 1, 0, 30_000)
        await stall.refunded(world, order)
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        await stall.books(world)


@pytest.mark.parametrize("others", [False, True], ids=["still-there", "used-by-others"])
async def test_a_late_payment_takes_the_use_again_or_nothing(
    run: RunService, stall: "Stall", clock: FrozenClock, others: bool
) -> None:
    """Scenario 22."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        promo = await stall.promo(world, maxUses=1)
        order = (await stall.order(world, (tier, 1), promoCode="EARLY")).json()
        payment = await stall.pay(world, order)
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE sandbox_payments SET status = 'succeeded'"))
        clock.advance(timedelta(minutes=15))
        await expire_orders(world.database)
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        if others:
            await stall.order(world, (tier, 1), promoCode="EARLY")
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == ("expired" if others else "paid")
        assert await stall.promo_counts(world, promo) == ((1, 0, 15_000, 0) if others else (0, 1, 0, 15_000))
        assert await stall.stock(world, tier) == ((1, 0) if others else (0, 1))
        await stall.books(world)


async def test_a_late_payment_without_places_leaves_the_use_to_others(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 22."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 1})
        promo = await stall.promo(world, maxUses=1)
        order = (await stall.order(world, (tier, 1), promoCode="EARLY")).json()
        payment = await stall.pay(world, order)
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE sandbox_payments SET status = 'succeeded'"))
        clock.advance(timedelta(minutes=15))
        await expire_orders(world.database)
        await stall.placed(world, (tier, 1))
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "expired"
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        await stall.books(world)


async def test_a_code_that_does_not_fit_is_refused_and_holds_nothing(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 34."""
    async with run(clock=clock) as world:
        first, second = await stall.open(world, {}, {"name": "VIP"})
        ends = (clock.now() + timedelta(minutes=5)).isoformat()
        promo = await stall.promo(world, ticketTierIds=[first], validUntil=ends)
        refused = [
            (await stall.order(world, (second, 1), promoCode="EARLY"), "commerce.promo_code_not_applicable"),
            (await stall.order(world, (first, 1), promoCode="LATE"), "commerce.unknown_promo_code"),
        ]
        kept = (await stall.order(world, (first, 1), promoCode="EARLY")).json()
        clock.advance(timedelta(minutes=5))
        refused.append((await stall.order(world, (first, 1), promoCode="EARLY"), "commerce.promo_code_not_applicable"))
        for answer, code in refused:
            assert (answer.status_code, answer.json()["code"]) == (422, code)
            assert [error["pointer"] for error in answer.json()["errors"]] == ["/promoCode"]
        assert await stall.promo_counts(world, promo) == (1, 0, 15_000, 0)
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((1, 0), (0, 0))
        await stall.end(world, await stall.pay(world, kept), "succeed")
        assert (await stall.show(world, kept))["total"]["amount"] == NAIRA - 15_000
        assert await stall.promo_counts(world, promo) == (0, 1, 0, 15_000)


async def test_the_better_of_a_code_and_an_automatic_discount_is_taken_and_only_that(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 34."""
    async with run() as world:
        [tier] = await stall.open(world)
        weak, strong = await stall.promo(world, code="WEAK"), await stall.promo(world, code="STRONG", rate=50_000)
        group = await stall.promo(world, name="Group", code=None, rate=20_000, minTickets=2)
        order = (await stall.order(world, (tier, 2), promoCode="WEAK")).json()
        assert (order["promoCode"], order["sums"]["discount"]["amount"]) == (None, 60_000)
        order = (await stall.order(world, (tier, 2), promoCode="STRONG")).json()
        assert (order["promoCode"], order["sums"]["discount"]["amount"]) == ("STRONG", 150_000)
        order = (await stall.order(world, (tier, 1))).json()
        assert (order["promoCode"], order["sums"]["discount"]["amount"]) == (None, 0)
        assert await stall.promo_counts(world, weak) == (0, 0, 0, 0)
        assert await stall.promo_counts(world, strong) == (1, 0, 150_000, 0)
        assert await stall.promo_counts(world, group) == (1, 0, 60_000, 0)
        await stall.books(world)


async def test_an_automatic_discount_that_is_used_up_is_as_if_there_were_none(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        first = await stall.promo(world, code=None, rate=20_000, maxUses=1)
        second = await stall.promo(world, code=None, budget={"amount": 20_000, "currency": "NGN"})
        orders = [(await stall.order(world, (tier, 1))).json() for _ in range(3)]
        assert [order["sums"]["discount"]["amount"] for order in orders] == [30_000, 15_000, 0]
        assert await stall.promo_counts(world, first) == (1, 0, 30_000, 0)
        assert await stall.promo_counts(world, second) == (1, 0, 15_000, 0)


async def test_a_code_for_everything_makes_the_order_paid_at_once_without_a_provider(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 28."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 2})
        await stall.sell_by(world, serviceFee={"currency": "NGN", "perOrder": 500, "perTicket": 50})
        promo = await stall.promo(world, rate=100_000)
        order = (await stall.order(world, (tier, 2), promoCode="EARLY")).json()
        assert (order["status"], order["total"]["amount"]) == ("paid", 0)
        assert await stall.promo_counts(world, promo) == (0, 1, 0, 2 * NAIRA)
        assert await stall.stock(world, tier) == (0, 2)
        assert await world.count("payments") == 0
        assert (await stall.order(world, (tier, 1), promoCode="EARLY")).json()["code"] == "commerce.sold_out"
        assert await stall.books(world) == []


async def test_a_hidden_tier_is_sold_only_to_who_has_a_code_that_names_it(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        open_tier, hidden = await stall.open(world, {}, {"name": "Friends"})
        await stall.sell_tier_by(world, hidden, hiddenUntilCode=True)
        key = await stall.promo(world, code="FRIENDS", rate=0, ticketTierIds=[hidden])
        await stall.promo(world, code="OTHER", ticketTierIds=[open_tier])
        for code, expected in ((None, 409), ("OTHER", 409), ("NONE", 409), ("FRIENDS", 201)):
            answer = await stall.order(world, (hidden, 1), promoCode=code)
            assert answer.status_code == expected, answer.text
            if expected == 409:
                assert answer.json()["reason"] == "code_needed"
        assert await stall.promo_counts(world, key) == (1, 0, 0, 0)
        shown = (await world.get(f"/v1/events/{stall.event_id}/availability")).json()["tiers"]
        assert [tier["ticketTierId"] for tier in shown] == [open_tier]


async def test_codes_and_discounts_of_one_event_take_nothing_off_at_another(run: RunService, stall: "Stall") -> None:
    """Scenario 34. Of the same organisation, and each event with a code of the same name."""
    async with run() as world:
        [here] = await stall.open(world)
        other = type(stall)(organization_id=stall.organization_id)
        [there] = await other.open(world)
        theirs = await other.promo(world, code="THEIRS", rate=50_000)
        await other.promo(world, code=None, rate=90_000)
        await other.promo(world, code="EARLY", rate=20_000)
        refused = await stall.order(world, (here, 1), promoCode="THEIRS")
        assert (refused.status_code, refused.json()["code"]) == (422, "commerce.unknown_promo_code")
        assert (await stall.quote(world, (here, 1), promoCode="THEIRS")).json()["code"] == "commerce.unknown_promo_code"
        plain = (await stall.order(world, (here, 1))).json()
        assert (plain["total"]["amount"], plain["sums"]["discount"]["amount"]) == (NAIRA, 0)
        mine = await stall.promo(world, code="EARLY")
        order = (await stall.order(world, (here, 1), promoCode="EARLY")).json()
        assert order["total"]["amount"] == NAIRA - 15_000
        assert await stall.promo_counts(world, mine) == (1, 0, 15_000, 0)
        assert await stall.promo_counts(world, theirs) == (0, 0, 0, 0)
        assert (await other.order(world, (there, 1), promoCode="THEIRS")).json()["total"]["amount"] == NAIRA // 10
        await stall.books(world)

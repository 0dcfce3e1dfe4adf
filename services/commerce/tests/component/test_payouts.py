"""Payable accounts and payouts: what is owed to organisers, stated by event, paid out once."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from commerce.actions.check_invariants import check_invariants
from commerce.store import payouts
from common.db import Transaction
from common.ids import OrganizationId, PaymentId
from common.messages import MoneyPart
from common.testing import FrozenClock, Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000
FEE = 7_500


async def balance(world: Running, stall: "Stall") -> dict[str, Any]:
    staff = principals.member_of(stall.organization_id, "finance")
    answer = await world.get(f"/v1/organizations/{stall.organization_id}/balance", staff)
    assert answer.status_code == 200, answer.text
    [account] = answer.json()["items"]
    return dict(account)


async def pay_out(world: Running, stall: "Stall", key: str = "k", **body: Any) -> tuple[int, dict[str, Any]]:
    path = f"/v1/organizations/{stall.organization_id}/payouts"
    answer = await world.post(path, ADMIN, key=key, json={"currency": "NGN", **body})
    return answer.status_code, answer.json()


ADMIN = principals.platform("admin")
FIVE_PERCENT = {"platform_fee_rate": 5_000}


async def test_the_platforms_fee_is_booked_with_the_charge_and_given_up_with_the_refund(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 39: the ledger sums to zero on a full refund."""
    async with run(settings=FIVE_PERCENT) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 3))
        assert await stall.books(world) == [
            ("charge", "provider_receivable", "organiser_payable", 3 * PRICE),
            ("platform_fee", "organiser_payable", "platform_fees", 3 * FEE),
        ]
        await stall.refunded(world, order, amount={"amount": 1, "currency": "NGN"})
        await stall.refunded(world, order, amount={"amount": 149_999, "currency": "NGN"})
        await stall.refunded(world, order)
        await stall.refunds(world, order)
        given_up = [amount for kind, *_, amount in await stall.books(world) if kind == "fee_returned"]
        assert (given_up, sum(given_up)) == ([FEE, 2 * FEE], 3 * FEE)
        shown = await balance(world, stall)
        assert (shown["payable"], shown["available"], shown["refundsDue"]) == (0, 0, 0)


async def test_what_is_owed_is_paid_out_once_with_a_statement_for_each_event(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(settings=FIVE_PERCENT, clock=clock) as world:
        [tier] = await stall.open(world)
        first, second = await stall.paid(world, (tier, 2)), await stall.paid(world, (tier, 1))
        await stall.refunded(world, first, amount={"amount": 100_000, "currency": "NGN"})
        await stall.refunds(world, first)
        owed = 3 * (PRICE - FEE) - 95_000
        assert (await balance(world, stall))["available"] == owed
        clock.advance(timedelta(seconds=1))
        status, made = await pay_out(world, stall)
        assert (status, made["number"], made["amount"]) == (201, 1, {"amount": owed, "currency": "NGN"})
        assert made["lines"] == [
            {
                "eventId": str(stall.event_id),
                "eventName": "Lagos Jazz Night",
                "sales": 3 * PRICE,
                "fees": 3 * FEE,
                "refunds": 95_000,
                "heldForDisputes": 0,
                "atDoor": 0,
                "amount": owed,
            }
        ]
        shown = await balance(world, stall)
        assert (shown["available"], shown["paidOut"]) == (0, owed)
        assert (await pay_out(world, stall))[1] == made
        status, problem = await pay_out(world, stall, key="other")
        assert (status, problem["code"]) == (409, "commerce.nothing_to_pay_out")
        await stall.refunded(world, second)
        await stall.refunds(world, second)
        clock.advance(timedelta(seconds=1))
        assert (await balance(world, stall))["available"] == -(PRICE - FEE)
        assert (await pay_out(world, stall, key="third"))[0] == 409
        await stall.paid(world, (tier, 2))
        clock.advance(timedelta(seconds=1))
        status, next_one = await pay_out(world, stall, key="fourth")
        assert (status, next_one["number"], next_one["amount"]["amount"]) == (201, 2, PRICE - FEE)
        assert next_one["periodStart"] == made["periodEnd"]
        path = f"/v1/organizations/{stall.organization_id}/payouts"
        listed = await world.get(path, principals.member_of(stall.organization_id, "finance"), params={"limit": 1})
        assert listed.json()["items"] == [next_one]
        cursor = listed.json()["nextCursor"]
        older = await world.get(path, ADMIN, params={"cursor": cursor})
        assert older.json() == {"items": [made], "nextCursor": None}
        await check_invariants(world.database)


async def test_what_is_disputed_is_held_and_paid_out_when_that_is_won(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.paid(world, (tier, 1))
        sandbox, payment = world.app.state.payments.sandbox, PaymentId(order["payments"][0]["id"])

        async def disputed(expected: bool) -> None:
            async def so() -> bool:
                return bool((await stall.show(world, order))["disputed"] is expected)

            await eventually(so)
            clock.advance(timedelta(seconds=1))

        await sandbox.dispute(payment, "open")
        await disputed(True)
        shown = await balance(world, stall)
        assert (shown["available"], shown["heldForDisputes"]) == (PRICE, PRICE)
        _, made = await pay_out(world, stall, key="first")
        assert (made["amount"]["amount"], made["lines"][0]["heldForDisputes"]) == (PRICE, PRICE)
        await sandbox.dispute(payment, "won")
        await disputed(False)
        _, rest = await pay_out(world, stall, key="second")
        assert (rest["amount"]["amount"], rest["lines"][0]["heldForDisputes"]) == (PRICE, -PRICE)
        await check_invariants(world.database)


async def test_a_period_ends_where_it_was_asked_to(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.paid(world, (tier, 1))
        clock.advance(timedelta(hours=1))
        border = clock.now().isoformat()
        clock.advance(timedelta(hours=1))
        await stall.paid(world, (tier, 2))
        assert (await pay_out(world, stall, until=border))[1]["amount"]["amount"] == PRICE
        clock.advance(timedelta(hours=1))
        assert (await pay_out(world, stall, key="rest"))[1]["amount"]["amount"] == 2 * PRICE


async def test_a_period_that_was_paid_out_is_not_paid_out_again(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """What went back after that period, and was stated, would count as if it came once more."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        clock.advance(timedelta(hours=1))
        border = clock.now().isoformat()
        clock.advance(timedelta(hours=1))
        await stall.refunded(world, order, amount={"amount": 40_000, "currency": "NGN"})
        await stall.refunds(world, order)
        clock.advance(timedelta(hours=1))
        assert (await pay_out(world, stall))[1]["amount"]["amount"] == PRICE - 40_000
        await stall.paid(world, (tier, 1))
        status, problem = await pay_out(world, stall, key="again", until=border)
        assert (status, problem["code"]) == (409, "commerce.nothing_to_pay_out")
        assert await world.count("payouts") == 1
        clock.advance(timedelta(hours=1))
        assert (await pay_out(world, stall, key="rest"))[1]["amount"]["amount"] == PRICE
        await check_invariants(world.database)


async def test_no_more_is_paid_out_than_there_is_however_much_a_period_brought(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        clock.advance(timedelta(hours=1))
        border = clock.now().isoformat()
        clock.advance(timedelta(hours=1))
        await stall.refunded(world, order, amount={"amount": PRICE, "currency": "NGN"})
        await stall.refunds(world, order)
        clock.advance(timedelta(hours=1))
        status, problem = await pay_out(world, stall, until=border)
        assert (status, problem["code"]) == (409, "commerce.more_went_back_since")
        assert ((await balance(world, stall))["paidOut"], await world.count("payouts")) == (0, 0)
        assert (await pay_out(world, stall, key="now"))[1]["amount"]["amount"] == PRICE
        assert (await balance(world, stall))["available"] == 0


async def test_payouts_at_once_pay_once(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.paid(world, (tier, 1))
        clock.advance(timedelta(seconds=1))
        answers = await asyncio.gather(*(pay_out(world, stall, key=f"k{number}") for number in range(6)))
        assert sorted(status for status, _ in answers) == [201] + [409] * 5
        assert (await balance(world, stall))["paidOut"] == PRICE


async def look_together(world: Running, stall: "Stall", monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two payouts that both read what is owed before either is made, without the lock; their statuses."""
    both_looked = asyncio.Barrier(2)
    last_payout = payouts.last_payout

    async def look_and_wait(tx: Transaction, organization_id: OrganizationId, currency: str) -> Any:
        seen = await last_payout(tx, organization_id, currency)
        await both_looked.wait()
        return seen

    async def lock_nothing(tx: Transaction, organization_id: OrganizationId) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(payouts, "lock_payouts", lock_nothing)
    monkeypatch.setattr(payouts, "last_payout", look_and_wait)
    answers = await asyncio.gather(*(pay_out(world, stall, key=f"k{number}") for number in range(2)))
    return sorted(status for status, _ in answers)


async def test_control_without_the_lock_only_the_number_stops_the_second_payout(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.paid(world, (tier, 1))
        clock.advance(timedelta(seconds=1))
        assert await look_together(world, stall, monkeypatch) == [201, 409]
        assert (await balance(world, stall))["paidOut"] == PRICE


async def test_control_without_lock_and_number_it_is_paid_out_twice(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, owner: Any
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.paid(world, (tier, 1))
        clock.advance(timedelta(seconds=1))
        await owner(world, "ALTER TABLE payouts DROP CONSTRAINT uq_payouts_number")
        assert await look_together(world, stall, monkeypatch) == [201, 201]
        assert (await balance(world, stall))["paidOut"] == 2 * PRICE


@pytest.fixture
def owner() -> Any:
    """Changes the tables as their owner does, which the service itself may not."""

    async def run_as_owner(world: Running, statement: str) -> None:
        engine = create_async_engine(world.urls.owner)
        async with engine.begin() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    return run_as_owner


async def test_only_the_platform_pays_out_and_only_those_concerned_see_it(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.paid(world, (tier, 1))
        path = f"/v1/organizations/{stall.organization_id}"
        owner_of_it = principals.member_of(stall.organization_id, "owner")
        manager = principals.member_of(stall.organization_id, "manager")
        foreign = principals.member_of(principals.fresh(OrganizationId), "owner")
        body = {"currency": "NGN"}
        made = [await world.post(f"{path}/payouts", each, key="k", json=body) for each in (owner_of_it, foreign)]
        assert [answer.status_code for answer in made] == [403, 404]
        seen = [await world.get(f"{path}/balance", each) for each in (owner_of_it, manager, foreign, stall.buyer)]
        assert [answer.status_code for answer in seen] == [200, 403, 404, 404]
        for wrong in ({"currency": "XXX"}, {"currency": "NGN", "until": "2026-01-01T00:00:00"}, {}):
            assert (await world.post(f"{path}/payouts", ADMIN, key=str(wrong), json=wrong)).status_code in (400, 422)
        assert await world.count("payouts") == 0


async def test_what_is_owed_in_one_currency_is_never_paid_out_in_another(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        abroad = type(stall)(organization_id=stall.organization_id)
        said = abroad.tier(clock.now(), price=MoneyPart(amount=20_000, currency="USD"))
        await world.hear(abroad.event(clock.now(), currency="USD"), said)
        await stall.paid(world, (tier, 1))
        await abroad.paid(world, (said.ticket_tier_id, 2))
        clock.advance(timedelta(seconds=1))
        path = f"/v1/organizations/{stall.organization_id}"
        finance = principals.member_of(stall.organization_id, "finance")

        async def available() -> dict[str, int]:
            items = (await world.get(f"{path}/balance", finance)).json()["items"]
            return {item["currency"]: item["available"] for item in items}

        assert await available() == {"NGN": PRICE, "USD": 40_000}
        status, made = await pay_out(world, stall, key="naira")
        assert (status, made["number"], made["amount"]) == (201, 1, {"amount": PRICE, "currency": "NGN"})
        assert [line["eventId"] for line in made["lines"]] == [stall.event_id]
        assert await available() == {"NGN": 0, "USD": 40_000}
        assert (await pay_out(world, stall, key="euros", currency="EUR"))[1]["code"] == "commerce.nothing_to_pay_out"
        status, made = await pay_out(world, stall, key="dollars", currency="USD")
        assert (status, made["number"], made["amount"]) == (201, 1, {"amount": 40_000, "currency": "USD"})
        assert ([line["eventId"] for line in made["lines"]], made["periodStart"]) == ([abroad.event_id], None)
        assert await available() == {"NGN": 0, "USD": 0}
        assert (await pay_out(world, stall, key="more"))[1]["code"] == "commerce.nothing_to_pay_out"
        await check_invariants(world.database)


async def test_a_period_ends_now_at_the_latest(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    """One that ended later would hold back what is sold until then."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.paid(world, (tier, 1))
        clock.advance(timedelta(hours=1))
        now = clock.now()
        status, made = await pay_out(world, stall, until=(now + timedelta(days=30)).isoformat())
        assert (status, made["amount"]["amount"]) == (201, PRICE)
        assert made["periodEnd"] == now.isoformat().replace("+00:00", "Z")
        await stall.paid(world, (tier, 2))
        clock.advance(timedelta(hours=1))
        status, rest = await pay_out(world, stall, key="rest")
        assert (status, rest["amount"]["amount"], rest["periodStart"]) == (201, 2 * PRICE, made["periodEnd"])

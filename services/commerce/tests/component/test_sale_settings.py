"""How an event and its tiers are sold: who may say so, what is refused, and what follows for orders."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from commerce.store import sale_settings
from common.ids import OrganizationId
from common.messages import OrganizationCreated
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

USUAL: dict[str, Any] = {
    "pricesIncludeTax": True,
    "rounding": "line",
    "serviceFee": None,
    "platformFeePassedOn": False,
    "cancellation": None,
    "latePayment": "complete_or_refund",
    "refundKeepsFees": False,
    "waitingList": False,
    "holdMinutes": 15,
    "capacity": None,
    "reverseCharge": False,
}
OTHERS: dict[str, Any] = {
    "pricesIncludeTax": False,
    "rounding": "sum_by_net",
    "serviceFee": {"currency": "NGN", "perOrder": 500, "perTicket": 100},
    "platformFeePassedOn": True,
    "cancellation": {"hoursBefore": 48, "keptRate": 10_000},
    "latePayment": "refund",
    "refundKeepsFees": True,
    "waitingList": True,
    "holdMinutes": 30,
    "capacity": 80,
    "reverseCharge": True,
}


def path(stall: "Stall") -> str:
    return f"/v1/events/{stall.event_id}/sale-settings"


async def test_what_nobody_said_is_as_usual_and_what_was_said_is_shown(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        answer = await world.get(path(stall), stall.manager)
        assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, USUAL, '"1"')
        answer = await world.call("PUT", path(stall), stall.manager, json=OTHERS, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, OTHERS, '"2"')
        assert (await world.get(path(stall), stall.manager)).json() == OTHERS
        assert await stall.sell_by(world) == USUAL
        of_tier = f"/v1/ticket-tiers/{tier}/sale-settings"
        said = {"taxRate": 7_500, "requiresApproval": True, "hiddenUntilCode": True}
        answer = await world.get(of_tier, stall.manager)
        assert answer.json() == {"taxRate": 0, "requiresApproval": False, "hiddenUntilCode": False}
        answer = await world.call("PUT", of_tier, stall.manager, json=said, headers={"If-Match": '"1"'})
        assert (answer.json(), answer.headers["ETag"]) == (said, '"2"')
        assert (await world.get(of_tier, stall.manager)).json() == said


async def test_whoever_read_something_older_changes_nothing(run: RunService, stall: "Stall") -> None:
    """Scenario 44."""
    async with run() as world:
        [tier] = await stall.open(world)
        for where, body in ((path(stall), OTHERS), (f"/v1/ticket-tiers/{tier}/sale-settings", {"taxRate": 1})):
            missing = await world.call("PUT", where, stall.manager, json=body)
            assert (missing.status_code, missing.json()["code"]) == (428, "commerce.if_match_missing")
            changed = await asyncio.gather(
                *(world.call("PUT", where, stall.manager, json=body, headers={"If-Match": '"1"'}) for _ in range(4))
            )
            assert sorted(answer.status_code for answer in changed) == [200, 412, 412, 412]
            assert (await world.get(where, stall.manager)).headers["ETag"] == '"2"'


async def test_control_without_the_version_in_the_update_one_change_is_lost(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_read = asyncio.Barrier(2)
    read = sale_settings.settings_of_event
    save = sale_settings.save_settings_of_event

    async def read_together(tx: Any, event_id: Any) -> Any:
        found = await read(tx, event_id)
        await both_read.wait()
        return found

    async def save_anyway(tx: Any, event_id: Any, settings: Any) -> Any:
        return await save(tx, event_id, settings) or settings

    monkeypatch.setattr(sale_settings, "settings_of_event", read_together)
    monkeypatch.setattr(sale_settings, "save_settings_of_event", save_anyway)
    async with run() as world:
        await stall.open(world)
        changed = await asyncio.gather(
            *(
                world.call(
                    "PUT", path(stall), stall.manager, json={"holdMinutes": minutes}, headers={"If-Match": '"1"'}
                )
                for minutes in (20, 30)
            )
        )
        assert [answer.status_code for answer in changed] == [200, 200]
        assert await world.count("event_sale_settings") == 1


async def test_only_who_reads_orders_reads_settings_and_only_who_sells_changes_them(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    stranger = principals.member_of(OrganizationId(fresh(OrganizationId)), "owner")
    finance, suspended, scanner = (
        principals.member_of(stall.organization_id, role) for role in ("finance", "suspended", "scanner")
    )
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        places = [path(stall), f"/v1/ticket-tiers/{tier}/sale-settings", f"/v1/events/{stall.event_id}/promo-codes"]
        for where in places:
            for who in (stranger, scanner, stall.buyer):
                answer = await world.get(where, who)
                assert answer.status_code == 403, answer.text
                assert answer.json()["capability"] == "commerce:order:read"
            for who in (finance, suspended):
                assert (await world.get(where, who)).status_code == 200
        await world.hear(stall.event(clock.now(), status="draft"))
        for where in places:
            assert (await world.get(where, stranger)).status_code == 404
            assert (await world.get(where, stall.manager)).status_code == 200
            if where.endswith("sale-settings"):
                for who in (finance, suspended):
                    answer = await world.call("PUT", where, who, json={}, headers={"If-Match": "*"})
                    assert (answer.status_code, answer.json()["capability"]) == (403, "commerce:sale:write")
        for kind, unknown in (("events", stall.event_id), ("ticket-tiers", tier)):
            other = type(unknown)(fresh(type(unknown)))
            answer = await world.call(
                "PUT", f"/v1/{kind}/{other}/sale-settings", stall.manager, json={}, headers={"If-Match": "*"}
            )
            assert answer.status_code == 404
        assert await world.count("event_sale_settings") == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"holdMinutes": 4}, "/holdMinutes"),
        ({"holdMinutes": 61}, "/holdMinutes"),
        ({"holdMinutes": "15"}, "/holdMinutes"),
        ({"rounding": "up"}, "/rounding"),
        ({"capacity": -1}, "/capacity"),
        ({"capacity": 10**30}, "/capacity"),
        ({"latePayment": "keep"}, "/latePayment"),
        ({"cancellation": {"hoursBefore": 1, "keptRate": 100_001}}, "/cancellation/keptRate"),
        ({"serviceFee": {"currency": "XXX", "perOrder": 1}}, "/serviceFee/currency"),
        ({"serviceFee": {"currency": "NGN", "perOrder": 10**18}}, "/serviceFee/perOrder"),
        ({"serviceFee": {"currency": "NGN", "perOrder": 1.5}}, "/serviceFee/perOrder"),
        ({"version": 7}, "/version"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
async def test_values_out_of_bounds_are_named(
    run: RunService, stall: "Stall", body: dict[str, Any], pointer: str
) -> None:
    async with run() as world:
        await stall.open(world)
        answer = await world.call("PUT", path(stall), stall.manager, json=body, headers={"If-Match": "*"})
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await world.count("event_sale_settings") == 0


async def test_fees_are_in_the_currency_of_the_event(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        await stall.open(world)
        fee, anything = {"serviceFee": {"currency": "EUR", "perOrder": 1}}, {"If-Match": "*"}
        answer = await world.call("PUT", path(stall), stall.manager, json=fee, headers=anything)
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.other_currency")
        free = type(stall)(organization_id=stall.organization_id)
        await world.hear(free.event(clock.now(), currency=None))
        answer = await world.call("PUT", path(free), stall.manager, json=fee, headers=anything)
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.no_currency_yet")


async def test_taxes_fees_and_terms_are_those_of_the_settings_and_stay_with_the_order(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 37."""
    async with run(clock=clock, settings={"platform_fee_rate": 2_500}) as world:
        [tier] = await stall.open(world, {"price": {"amount": 10_000, "currency": "NGN"}})
        await stall.sell_by(world, **OTHERS)
        await stall.sell_tier_by(world, tier, taxRate=7_500)
        order = await stall.placed(world, (tier, 3))
        assert order["sums"] == {
            "discount": {"amount": 0, "currency": "NGN"},
            "tax": {"amount": 2_250, "currency": "NGN"},
            "serviceFee": {"amount": 800, "currency": "NGN"},
            "platformFee": {"amount": 806, "currency": "NGN"},
            "pricesIncludeTax": False,
            "rounding": "sum_by_net",
            "reverseCharge": False,
        }
        [line] = order["lines"]
        assert (line["tax"]["amount"], line["total"]["amount"], line["taxRate"]) == (2_250, 32_250, 7_500)
        assert order["total"]["amount"] == 32_250 + 800 + 806
        starts_at = clock.now() + timedelta(days=30)
        assert order["cancellation"] == {
            "until": (starts_at - timedelta(hours=48)).isoformat().replace("+00:00", "Z"),
            "keptRate": 10_000,
        }
        assert order["reservedUntil"] == (clock.now() + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
        await stall.sell_by(world)
        await stall.end(world, await stall.pay(world, order), "succeed")
        shown = await stall.show(world, order)
        assert shown["status"] == "paid"
        for name in ("sums", "total", "cancellation"):
            assert shown[name] == order[name]


async def test_the_five_tickets_of_the_rounding_table_as_orders(run: RunService, stall: "Stall") -> None:
    """Scenario 35."""
    async with run() as world:
        [tier] = await stall.open(world, {"price": {"amount": 10_000, "currency": "NGN"}})
        await stall.sell_tier_by(world, tier, taxRate=19_000)
        found = []
        for rounding in ("line", "sum_by_net", "sum_by_net_keep_gross"):
            await stall.sell_by(world, rounding=rounding)
            order = await stall.placed(world, (tier, 5))
            found.append((order["sums"]["rounding"], order["sums"]["tax"]["amount"], order["total"]["amount"]))
        assert found == [
            ("line", 7_985, 50_000),
            ("sum_by_net", 7_983, 49_998),
            ("sum_by_net_keep_gross", 7_983, 50_000),
        ]


@pytest.mark.parametrize(("currency", "amount", "tax"), [("JPY", 40, 4), ("KWD", 40_123, 3_648)])
async def test_currencies_without_and_with_three_decimals_end_to_end(
    run: RunService, stall: "Stall", currency: str, amount: int, tax: int
) -> None:
    """Scenario 36."""
    async with run() as world:
        now = world.clock.now()
        said = stall.tier(now, price={"amount": amount, "currency": currency})
        await world.hear(stall.event(now, currency=currency), said)
        tier = said.ticket_tier_id
        await stall.sell_tier_by(world, tier, taxRate=10_000)
        order = await stall.placed(world, (tier, 1))
        assert order["total"] == {"amount": amount, "currency": currency}
        assert order["sums"]["tax"] == {"amount": tax, "currency": currency}
        payment = await stall.pay(world, order)
        assert payment["total"] == order["total"]
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        assert [amount for _, _, _, amount in await stall.books(world)][:1] == [amount]


@pytest.mark.parametrize(("backer_tiers", "fee"), [([], 1_000), (["Bronze"], 1_000), (["Gold", "Silver"], 500)])
async def test_backers_are_spared_the_best_of_their_discounts(
    run: RunService, stall: "Stall", backer_tiers: list[str], fee: int
) -> None:
    settings = {"platform_fee_rate": 10_000, "tier_discounts": {"Gold": 50, "Silver": 20}}
    async with run(settings=settings) as world:
        [tier] = await stall.open(world, {"price": {"amount": 10_000, "currency": "NGN"}})
        await stall.sell_by(world, platformFeePassedOn=True)
        await world.hear(
            OrganizationCreated(
                sequence=1,
                organization_id=stall.organization_id,
                name="Jazz",
                slug="jazz",
                suspended=False,
                created_at=world.clock.now(),
                backer_tiers=tuple(backer_tiers),
            )
        )
        order = await stall.placed(world, (tier, 1))
        assert (order["sums"]["platformFee"]["amount"], order["total"]["amount"]) == (fee, 10_000 + fee)


async def test_an_absorbed_fee_is_kept_with_the_order_but_not_shown_to_the_buyer(
    run: RunService, stall: "Stall"
) -> None:
    async with run(settings={"platform_fee_rate": 10_000}) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        assert (order["sums"]["platformFee"], order["total"]["amount"]) == (None, 150_000)
        [row] = await world.rows("SELECT platform_fee, platform_fee_passed_on FROM orders")
        assert (row["platform_fee"], row["platform_fee_passed_on"]) == (15_000, False)


async def test_a_free_ticket_that_needs_approval_waits_for_the_organiser(run: RunService, stall: "Stall") -> None:
    """Scenario 28."""
    async with run() as world:
        [tier] = await stall.open(world, {"price": None})
        await stall.sell_tier_by(world, tier, requiresApproval=True)
        order = await stall.placed(world, (tier, 1))
        assert (order["status"], order["reservedUntil"], order["paidAt"]) == ("awaiting_approval", None, None)
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)

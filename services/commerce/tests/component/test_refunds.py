"""Refunds: whole, by line, by ticket, by amount; what they take, what they leave, and what the ledger says of them."""

from typing import TYPE_CHECKING, Any

import pytest

from commerce.actions.read_ledger import read_ledger
from common.ids import OrderId, OrderLineId
from common.messages import OrderRefunded
from common.testing import Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000


async def is_back(world: Running) -> list[int]:
    """What the sandbox sent back, oldest first."""
    return [row["amount"] for row in await world.rows("SELECT amount FROM sandbox_refunds ORDER BY made_at, id")]


async def balances(world: Running, order: dict[str, Any]) -> dict[str, int]:
    """What each account says of the order, where it is not nothing; debits less credits."""
    shown = await read_ledger(world.database, {"orderId": order["id"]})
    assert list(shown) == ["NGN"]
    assert sum(shown["NGN"].values()) == 0
    return {account: balance for account, balance in shown["NGN"].items() if balance}


async def test_a_whole_order_goes_back_and_its_tickets_are_for_sale_again(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 2})
        order = await stall.paid(world, (tier, 2))
        refund = await stall.refunded(world, order)
        assert (refund["status"], refund["amount"]) == ("pending", {"amount": 2 * PRICE, "currency": "NGN"})
        assert [each["ordinal"] for each in refund["admissions"]] == [1, 2]
        shown = await stall.show(world, order)
        assert shown["status"] == "refunded"
        assert [each["live"] for each in shown["lines"][0]["admissions"]] == [False, False]
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.refunds(world, order) == [("done", 2 * PRICE)]
        assert await is_back(world) == [2 * PRICE]
        [said] = await world.said(OrderRefunded)
        assert (said.status, [part.live for part in said.admissions]) == ("refunded", [False, False])
        assert await stall.books(world) == [
            ("charge", "provider_receivable", "organiser_payable", 2 * PRICE),
            ("refund_due", "organiser_payable", "refunds_due", 2 * PRICE),
            ("refund_sent", "refunds_due", "provider_receivable", 2 * PRICE),
        ]
        assert await balances(world, order) == {}
        assert (await stall.order(world, (tier, 2))).status_code == 201


async def test_parts_of_an_order_go_back_one_after_the_other_and_add_up(run: RunService, stall: "Stall") -> None:
    """Scenario 39."""
    async with run() as world:
        one, two = await stall.open(world, {}, {"price": {"amount": 70_000, "currency": "NGN"}})
        order = await stall.paid(world, (one, 3), (two, 2))
        first, second = (line["id"] for line in order["lines"])
        last = await stall.refunded(world, order, lines=[{"lineId": first, "quantity": 1}])
        assert [each["ordinal"] for each in last["admissions"]] == [3]
        named = await stall.refunded(world, order, lines=[{"lineId": first, "quantity": 1, "ordinals": [1]}])
        assert (named["amount"]["amount"], [each["ordinal"] for each in named["admissions"]]) == (PRICE, [1])
        assert (await stall.show(world, order))["status"] == "partially_refunded"
        assert (await stall.stock(world, one), await stall.stock(world, two)) == ((0, 1), (0, 2))
        await stall.refunded(world, order, lines=[{"lineId": second, "quantity": 2}])
        await stall.refunded(world, order)
        amounts = [PRICE, PRICE, 140_000, PRICE]
        assert await stall.refunds(world, order) == [("done", amount) for amount in amounts]
        assert sorted(await is_back(world)) == sorted(amounts)
        assert (await stall.show(world, order))["status"] == "refunded"
        await stall.books(world)
        assert await balances(world, order) == {}
        again = await stall.refund(world, order)
        assert (again.status_code, again.json()["code"]) == (409, "commerce.nothing_to_refund")


async def test_an_amount_goes_back_and_the_tickets_stay(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        await stall.refunded(world, order, amount={"amount": 50_000, "currency": "NGN"})
        shown = await stall.show(world, order)
        assert shown["status"] == "partially_refunded"
        assert [each["live"] for each in shown["lines"][0]["admissions"]] == [True, True]
        assert await stall.stock(world, tier) == (0, 2)
        much = await stall.refund(world, order, amount={"amount": 250_001, "currency": "NGN"})
        assert (much.status_code, much.json()["code"]) == (409, "commerce.refund_too_large")
        assert "NGN 2,500.00" in much.json()["detail"]
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", 50_000), ("done", 250_000)]
        await stall.books(world)
        assert await balances(world, order) == {}


async def test_tickets_that_were_used_go_back_only_when_forced(run: RunService, stall: "Stall") -> None:
    """Scenario 40, for staff."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 3))
        line = order["lines"][0]["id"]
        await stall.used(world, order, 3)
        whole = await stall.refund(world, order)
        assert (whole.status_code, whole.json()["code"]) == (409, "commerce.admissions_used")
        assert whole.json()["admissions"] == [{"lineId": line, "ordinal": 3}]
        named = await stall.refund(world, order, lines=[{"lineId": line, "quantity": 1, "ordinals": [3]}])
        assert named.status_code == 409
        assert (await world.count("refunds"), await stall.stock(world, tier)) == (0, (0, 3))
        assert (await stall.show(world, order))["status"] == "paid"
        unused = await stall.refunded(world, order, lines=[{"lineId": line, "quantity": 2}])
        assert [each["ordinal"] for each in unused["admissions"]] == [1, 2]
        forced = await stall.refunded(world, order, force=True, reason="the band never played")
        assert (forced["forced"], [each["ordinal"] for each in forced["admissions"]]) == (True, [3])
        assert await stall.refunds(world, order) == [("done", 2 * PRICE), ("done", PRICE)]
        await stall.books(world)


async def test_an_order_that_cost_nothing_is_called_off_at_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"price": None, "capacity": 1})
        order = (await stall.order(world, (tier, 1))).json()
        refund = await stall.refunded(world, order)
        assert (refund["status"], refund["amount"]["amount"], refund["paymentId"]) == ("done", 0, None)
        assert (await stall.show(world, order))["status"] == "refunded"
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.books(world) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lines": [{"lineId": "LINE", "quantity": 3}]}, 409, "commerce.already_refunded"),
        ({"lines": [{"lineId": "LINE", "quantity": 1, "ordinals": [9]}]}, 422, "commerce.ordinals_unfit"),
        ({"lines": [{"lineId": "LINE", "quantity": 2, "ordinals": [1]}]}, 422, "commerce.ordinals_unfit"),
        ({"lines": [{"lineId": "LINE", "quantity": 2, "ordinals": [1, 1]}]}, 422, "commerce.ordinals_unfit"),
        ({"lines": [{"lineId": "LINE", "quantity": 1}] * 2}, 422, "commerce.order_line_named_twice"),
        ({"lines": [{"lineId": "OTHER", "quantity": 1}]}, 422, "commerce.unknown_order_line"),
        ({"lines": [{"lineId": "LINE", "quantity": 0}]}, 422, "common.invalid_request"),
        ({"lines": [{"lineId": "LINE", "quantity": 1, "ordinals": [2**70]}]}, 422, "common.invalid_request"),
        ({"lines": [{"lineId": "LINE", "quantity": 1}], "amount": {"amount": 1, "currency": "NGN"}}, 422, None),
        ({"amount": {"amount": 1, "currency": "USD"}}, 422, "commerce.refund_of_other_currency"),
        ({"amount": {"amount": 0, "currency": "NGN"}}, 422, "common.invalid_request"),
        ({"amount": {"amount": 10**15, "currency": "NGN"}}, 409, "commerce.refund_too_large"),
        ({"reason": ""}, 422, "common.invalid_request"),
        ({"reason": "a\x00b"}, 422, "common.invalid_request"),
        ({"whatever": 1}, 422, "common.invalid_request"),
        ({"lines": []}, 422, "common.invalid_request"),
    ],
    ids=str,
)
async def test_what_cannot_go_back_is_refused_and_changes_nothing(
    run: RunService, stall: "Stall", body: dict[str, Any], status: int, code: str | None
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        ids = {"LINE": order["lines"][0]["id"], "OTHER": str(principals.fresh(OrderLineId))}
        if "lines" in body:
            named = [{**line, "lineId": ids[line["lineId"]]} for line in body["lines"]]
            body = {**body, "lines": named}
        answer = await stall.refund(world, order, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code or "commerce.lines_or_amount")
        assert (await world.count("refunds"), await stall.stock(world, tier)) == (0, (0, 2))
        assert (await stall.show(world, order))["status"] == "paid"


async def test_nobody_else_moves_an_organisers_money(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        foreign = principals.member_of(principals.fresh(type(stall.organization_id)), "owner")
        answers = [
            await stall.refund(world, order, by=stall.buyer),
            await stall.refund(world, order, by=principals.member_of(stall.organization_id, "manager")),
            await stall.refund(world, order, by=foreign),
            await stall.refund(world, {"id": str(principals.fresh(OrderId))}),
        ]
        assert [answer.status_code for answer in answers] == [403, 403, 404, 404]
        assert answers[2].json()["code"] == answers[3].json()["code"] == "commerce.unknown_order"
        assert (await world.get(f"/v1/orders/{order['id']}/refunds", foreign)).status_code == 404
        assert await world.count("refunds") == 0


async def test_only_a_paid_order_is_refunded(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        answer = await stall.refund(world, order)
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.order_not_refundable")


async def test_the_same_key_gives_money_back_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        amount = {"amount": 10_000, "currency": "NGN"}
        staff = principals.member_of(stall.organization_id, "owner")
        first = await stall.refund(world, order, key="k", amount=amount, by=staff)
        again = await stall.refund(world, order, key="k", amount=amount, by=staff)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        assert await stall.refunds(world, order) == [("done", 10_000)]


async def test_money_taken_at_the_door_goes_back_out_of_the_organisers_till_at_once(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        body = {
            "lines": [{"ticketTierId": tier, "quantity": 2}],
            "payment": "cash",
            "buyer": {"email": "ada@example.org", "name": "Ada"},
        }
        made = await world.post(f"/v1/events/{stall.event_id}/orders", stall.manager, key="k", json=body)
        order = made.json()
        part = await stall.refunded(world, order, lines=[{"lineId": order["lines"][0]["id"], "quantity": 1}])
        assert (part["status"], part["amount"]["amount"], part["paymentId"]) == ("done", PRICE, None)
        assert (await stall.refunded(world, order))["status"] == "done"
        assert await stall.stock(world, tier) == (0, 0)
        assert [entry for entry in await stall.books(world) if entry[0] == "refund_sent"] == [
            ("refund_sent", "refunds_due", "door_receivable", PRICE)
        ] * 2
        assert await balances(world, order) == {}
        assert await is_back(world) == []


async def test_where_fees_are_kept_and_nothing_else_is_left_nothing_more_goes_back(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        fee = {"perOrder": 500, "perTicket": 0, "currency": "NGN"}
        await stall.sell_by(world, serviceFee=fee, refundKeepsFees=True)
        order = await stall.paid(world, (tier, 1))
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", 150_000)]
        refused = await stall.refund(world, order)
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.nothing_to_refund")
        assert await world.count("refunds") == 1
        await stall.refunded(world, order, amount={"amount": 500, "currency": "NGN"})
        assert await stall.refunds(world, order) == [("done", 150_000), ("done", 500)]
        await stall.books(world)

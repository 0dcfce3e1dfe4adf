"""Business buyers of another member state of the EU owe the tax themselves, once the tax authority knows their number."""

import asyncio
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from pypdf import PdfReader
from services.commerce.tests.fakes.vies import FakeVies
from services.commerce.tests.fakes.vies_shop import (
    BUYER,
    NET,
    SELLER,
    WITH_TAX,
    billed,
    check_kept,
    open_shop,
    papers_of,
    shop,
    taxed,
)
from sqlalchemy.exc import IntegrityError

from commerce.actions.check_invariants import check_invariants
from commerce.domain.vat_check import REVERSE_CHARGE_NOTE
from commerce.errors import InvariantsBroken
from common.ids import OrderId
from common.testing import FrozenClock, Running, RunService, eventually, principals
from common.testing.overhearing import naming, round_trips

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

ASKED = {
    "countryCode": "NL",
    "vatNumber": "123456789B01",
    "requesterMemberStateCode": "DE",
    "requesterNumber": "123456789",
}
PROOF = "WAPIAAAA00000001"
OWED = (True, NET, 0, [0])
CHARGED = (False, WITH_TAX, WITH_TAX - NET, [19_000])
UNKNOWN = {**BUYER, "taxId": "NL000000000B99"}


def words(pdf: bytes) -> str:
    """What stands in a document, wherever its lines end."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def moment_of(clock: FrozenClock) -> str:
    return clock.now().isoformat().replace("+00:00", "Z")


async def nothing_was_kept(world: Running, stall: "Stall", tier: Any) -> bool:
    """Neither an order, nor a place, nor a name."""
    assert await stall.stock(world, tier) == (0, 0)
    return await world.count("orders") == await world.count("buyer_details") == 0


async def test_a_business_buyer_of_another_member_state_owes_the_tax(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    """Scenario 38."""
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        quote = (await stall.quote(world, (tier, 2), billing=BUYER)).json()
        assert (taxed(quote), quote["vatCheck"]) == ((True, 2 * NET, 0, [0]), "valid")
        order = await billed(world, stall, tier, 2, expectedTotal=quote["total"])
        assert taxed(order) == (True, 2 * NET, 0, [0])
        assert (order["total"], order["sums"]) == (quote["total"], quote["sums"])
        assert vies.asked == [ASKED]
        checked = {"outcome": "valid", "checkedAt": moment_of(clock), "identifier": PROOF}
        assert await check_kept(world, stall, order) == checked
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert taxed(await stall.show(world, order)) == (True, 2 * NET, 0, [0])
        assert await stall.books(world) == [("charge", "provider_receivable", "organiser_payable", 2 * NET)]
        [invoice] = await papers_of(world, stall, order)
        text = words(invoice.content)
        assert "Total NGN 200.00" in text
        assert f"VAT number: {BUYER['taxId']} Checked on {clock.now():%d %B %Y}, consultation {PROOF}" in text
        assert REVERSE_CHARGE_NOTE in text
        assert "not checked" not in text
        assert "19 %" not in text


@pytest.mark.parametrize(
    ("rounding", "total"), [("line", 30_000), ("sum_by_net", 30_000), ("sum_by_net_keep_gross", 30_000)]
)
async def test_a_quote_is_what_is_charged_with_a_discount_and_a_fee_on_top(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies, rounding: str, total: int
) -> None:
    async with shop(run, vies, clock, platform_fee_rate=10_000) as world:
        fee = {"currency": "NGN", "perOrder": 500, "perTicket": 10}
        tier = await open_shop(world, stall, rounding=rounding, serviceFee=fee, platformFeePassedOn=True)
        await stall.promo(world, rate=25_000)
        quote = (await stall.quote(world, (tier, 4), billing=BUYER, promoCode="EARLY")).json()
        order = await billed(world, stall, tier, 4, promoCode="EARLY", expectedTotal=quote["total"])
        assert taxed(order) == taxed(quote) == (True, total + 540 + 3_000, 0, [0])
        assert order["sums"]["discount"]["amount"] == 11_900
        await check_invariants(world.database)


@pytest.mark.parametrize(
    ("tax_id", "sold"),
    [
        ("DE999999999", {}),
        ("CHE123456789", {}),
        ("NL12", {}),
        (BUYER["taxId"], {"reverseCharge": False}),
        (BUYER["taxId"], {"seller": None}),
        (BUYER["taxId"], {"seller": {**SELLER, "taxId": "30/123/45678"}}),
        (BUYER["taxId"], {"seller": {**SELLER, "taxId": "NL999999999B01"}}),
    ],
    ids=["own-country", "not-of-the-eu", "malformed", "not-wanted", "no-seller", "seller-without-number", "neighbours"],
)
async def test_where_it_makes_no_difference_nobody_is_asked_and_tax_is_charged(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies, tax_id: str, sold: dict[str, Any]
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall, **sold)
        order = await billed(world, stall, tier, billing={**BUYER, "taxId": tax_id})
        assert (taxed(order), vies.asked) == (CHARGED, [])
        assert await check_kept(world, stall, order) is None
        await stall.end(world, await stall.pay(world, order), "succeed")
        [paper] = await papers_of(world, stall, order)
        assert f"VAT number (not checked): {tax_id}" in words(paper.content)
        assert "The buyer's VAT number was not checked. Tax is charged as usual" in words(paper.content)


async def test_of_an_order_without_tax_nobody_is_asked(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        untaxed = await open_shop(world, stall, rate=0)
        assert taxed(await billed(world, stall, untaxed)) == (False, WITH_TAX, 0, [0])
        taxed_tier = await open_shop(world, stall)
        await stall.promo(world, rate=100_000)
        free = await billed(world, stall, taxed_tier, promoCode="EARLY")
        assert (free["status"], taxed(free)) == ("paid", (False, 0, 0, [19_000]))
        assert vies.asked == []


async def test_whoever_names_no_number_pays_as_ever_and_is_named(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        order = await billed(world, stall, tier, billing={"name": "Ada Obi"})
        assert (taxed(order), vies.asked) == (CHARGED, [])
        shown = (await world.get(f"/v1/orders/{order['id']}/billing-details", stall.buyer)).json()
        assert shown == {"name": "Ada Obi", "address": None, "taxId": None, "vatCheck": None}


async def test_a_number_nobody_bears_refuses_the_order_and_changes_nothing(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        refusals = [
            await stall.order(world, (tier, 1), key="once", billing=UNKNOWN),
            await stall.order(world, (tier, 1), key="once", billing=UNKNOWN),
            await stall.quote(world, (tier, 1), billing=UNKNOWN),
        ]
        for refusal in refusals:
            problem = refusal.json()
            assert (refusal.status_code, problem["code"]) == (422, "commerce.vat_number_invalid"), refusal.text
            assert [each["pointer"] for each in problem["errors"]] == ["/billing/taxId"]
        assert refusals[1].headers["Idempotency-Replayed"] == "true"
        assert await nothing_was_kept(world, stall, tier)
        assert len(vies.asked) == 1


FAULTS: dict[str, dict[str, Any]] = {
    "down": {"faults": {"POST": ["down"]}},
    "lost": {"faults": {"POST": ["lost"]}},
    "nonsense": {"faults": {"POST": ["garbage"]}},
    "another-shape": {"faults": {"POST": ["odd"]}},
    "member-state-away": {"errors": {"NL123456789B01": "MS_UNAVAILABLE"}},
    "too-many-at-once": {"errors": {"NL123456789B01": "MS_MAX_CONCURRENT_REQ"}},
    "we-are-blocked": {"errors": {"NL123456789B01": "IP_BLOCKED"}},
    "seller-unknown-there": {"known": {"NL123456789B01"}},
    "of-another-number": {"changes": {"vatNumber": "123456789B02"}},
    "without-proof": {"changes": {"requestIdentifier": ""}},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_reverse_charge_vatid_check_unavailable(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies, fault: str
) -> None:
    """Scenario 38: the order goes through with tax, and the next one is checked again."""
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        usual = {name: getattr(vies, name) for name in FAULTS[fault]}
        for name, value in FAULTS[fault].items():
            setattr(vies, name, value if name != "faults" else {call: list(what) for call, what in value.items()})
        order = await billed(world, stall, tier)
        assert (taxed(order), len(vies.asked)) == (CHARGED, 1)
        unavailable = {"outcome": "unavailable", "checkedAt": moment_of(clock), "identifier": None}
        assert await check_kept(world, stall, order) == unavailable
        assert await world.count("vat_verdicts") == 0
        for name, value in usual.items():
            setattr(vies, name, value)
        quote = (await stall.quote(world, (tier, 1), billing=BUYER)).json()
        assert (taxed(quote), quote["vatCheck"]) == (OWED, "valid")


async def test_nobody_is_charged_tax_they_were_not_quoted(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        quote = (await stall.quote(world, (tier, 1), billing=BUYER)).json()
        clock.advance(timedelta(hours=24))
        vies.faults = {"POST": ["down"]}
        answer = await stall.order(world, (tier, 1), billing=BUYER, expectedTotal=quote["total"])
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.price_changed")
        assert answer.json()["total"]["amount"] == WITH_TAX
        assert await nothing_was_kept(world, stall, tier)


async def test_the_document_says_that_the_number_could_not_be_checked(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock, tax_authority_url="") as world:
        tier = await open_shop(world, stall)
        quote = (await stall.quote(world, (tier, 1), billing=BUYER)).json()
        assert (taxed(quote), quote["vatCheck"]) == (CHARGED, "unavailable")
        order = await billed(world, stall, tier)
        assert (taxed(order), vies.asked) == (CHARGED, [])
        await stall.end(world, await stall.pay(world, order), "succeed")
        [invoice] = await papers_of(world, stall, order)
        text = words(invoice.content)
        assert f"VAT number (could not be checked): {BUYER['taxId']}" in text
        assert (
            "The buyer's VAT number could not be checked. Tax is charged as usual; there is no reverse charge." in text
        )
        assert REVERSE_CHARGE_NOTE not in text


async def test_an_authority_that_is_not_there_or_never_answers_keeps_a_buyer_only_for_a_moment(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock, tax_authority_seconds=0.3) as world:
        tier = await open_shop(world, stall)
        vies.answering.clear()
        async with asyncio.timeout(8):
            assert taxed(await billed(world, stall, tier)) == CHARGED
        assert len(vies.asked) == 1
    async with shop(run, vies, clock, tax_authority_url="http://127.0.0.1:1") as world:
        tier = await open_shop(world, stall)
        assert taxed(await billed(world, stall, tier)) == CHARGED
        assert len(vies.asked) == 1


async def test_a_good_number_is_asked_about_once_a_day(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        first = await billed(world, stall, tier)
        placed = moment_of(clock)
        clock.advance(timedelta(hours=24, microseconds=-1))
        vies.known = {"DE123456789"}
        second = await billed(world, stall, tier)
        assert (taxed(second), len(vies.asked)) == (OWED, 1)
        kept = {"outcome": "valid", "checkedAt": placed, "identifier": PROOF}
        assert await check_kept(world, stall, first) == await check_kept(world, stall, second) == kept
        clock.advance(timedelta(microseconds=1))
        answer = await stall.order(world, (tier, 1), billing=BUYER)
        assert (answer.status_code, len(vies.asked)) == (422, 2)


async def test_a_bad_number_is_asked_about_again_soon_and_another_seller_asks_for_itself(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        vies.known = {"DE123456789", "FR12345678901"}
        assert (await stall.order(world, (tier, 1), billing=BUYER)).status_code == 422
        vies.known |= {"NL123456789B01"}
        clock.advance(timedelta(minutes=10, microseconds=-1))
        assert (await stall.order(world, (tier, 1), billing=BUYER)).status_code == 422
        assert len(vies.asked) == 1
        clock.advance(timedelta(microseconds=1))
        assert taxed(await billed(world, stall, tier)) == OWED
        await open_shop(world, stall, seller={**SELLER, "taxId": "FR12345678901"})
        assert taxed(await billed(world, stall, tier)) == OWED
        assert [each["requesterMemberStateCode"] for each in vies.asked] == ["DE", "DE", "FR"]


async def test_verdicts_are_forgotten_once_they_may_not_be_used(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        order = await billed(world, stall, tier)
        clock.advance(timedelta(hours=24))
        await stall.job(world, "forget-vat-verdicts")
        assert await world.count("vat_verdicts") == 1
        clock.advance(timedelta(microseconds=1))
        await stall.job(world, "forget-vat-verdicts")
        assert await world.count("vat_verdicts") == 0
        check = await check_kept(world, stall, order)
        assert check is not None and check["identifier"] == PROOF


async def test_an_order_sent_twice_asks_once(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        first = await stall.order(world, (tier, 1), key="once", billing=BUYER)
        await world.rows("DELETE FROM vat_verdicts RETURNING 1")
        vies.known = set()
        again = await stall.order(world, (tier, 1), key="once", billing=BUYER)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (len(vies.asked), await world.count("orders")) == (1, 1)


async def test_colleagues_who_order_at_once_both_owe_the_tax(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        vies.answering.clear()
        orders = [asyncio.create_task(billed(world, stall, tier)) for _ in range(2)]

        async def both_ask() -> bool:
            return len(vies.asked) == 2

        await eventually(both_ask, what="both being asked about")
        vies.answering.set()
        assert [taxed(order) for order in await asyncio.gather(*orders)] == [OWED, OWED]
        assert await world.count("vat_verdicts") == 1
        await check_invariants(world.database)


async def test_an_organiser_who_thinks_better_of_it_meanwhile_is_heard(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        vies.answering.clear()
        order = asyncio.create_task(billed(world, stall, tier))

        async def asking() -> bool:
            return len(vies.asked) == 1

        await eventually(asking, what="the authority being asked")
        await stall.sell_by(world, reverseCharge=False)
        vies.answering.set()
        assert taxed(await order) == CHARGED


async def test_nobody_is_asked_for_whoever_may_not_order_or_what_is_not_to_be_had(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        strangers = principals.user(email=None)
        unverified = await stall.order(world, (tier, 1), by=strangers, billing=BUYER)
        assert (unverified.status_code, unverified.json()["code"]) == (403, "commerce.verified_email_needed")
        too_many = await stall.order(world, (tier, 11), billing=BUYER)
        assert (too_many.status_code, too_many.json()["code"]) == (422, "commerce.quantity_outside_limits")
        assert vies.asked == []
        assert await nothing_was_kept(world, stall, tier)


async def test_money_goes_back_without_tax_and_the_credit_notes_say_why(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        order = await billed(world, stall, tier, 3)
        await stall.end(world, await stall.pay(world, order), "succeed")
        line = order["lines"][0]["id"]
        await stall.refunded(world, order, lines=[{"lineId": line, "quantity": 1, "ordinals": [2]}])
        assert await stall.refunds(world, order) == [("done", NET)]
        clock.advance(timedelta(seconds=1))
        await stall.refunded(world, order)
        assert sorted(await stall.refunds(world, order)) == [("done", NET), ("done", 2 * NET)]
        await stall.books(world)
        _, first, second = await papers_of(world, stall, order)
        for note, total in ((first, "NGN 100.00"), (second, "NGN 200.00")):
            text = words(note.content)
            assert f"Total credited {total}" in text, text
            assert REVERSE_CHARGE_NOTE in text
            assert PROOF in text
            assert "19 %" not in text
        notes = await world.rows("SELECT paper FROM documents WHERE kind = 'credit_note'")
        assert {(e["tax"], e["taxRate"]) for row in notes for e in row["paper"]["entries"]} == {(0, 0)}


async def test_what_an_order_without_tax_rests_on_cannot_change(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        order = await billed(world, stall, tier)
        path, before = f"/v1/orders/{order['id']}", await world.rows("SELECT * FROM buyer_details")
        for number in ("NL000000000B99", "DE999999999", None):
            details = {"name": "Obi BV", **({} if number is None else {"taxId": number})}
            answer = await world.call("PUT", f"{path}/billing-details", stall.buyer, json=details)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (409, "commerce.vat_number_fixed"), answer.text
        items = {"lines": [{"ticketTierId": tier, "quantity": 2}]}
        answer = await world.call(
            "PUT", f"{path}/items", stall.buyer, key=uuid4().hex, json=items, headers={"If-Match": "*"}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.reverse_charge_fixed"), answer.text
        assert await world.rows("SELECT * FROM buyer_details") == before
        assert (await stall.show(world, order), await stall.stock(world, tier)) == ({**order, "payments": []}, (1, 0))
        named = {"name": "Obi Holding BV", "address": "Dam 2", "taxId": "nl123456789b01"}
        answer = await world.call("PUT", f"{path}/billing-details", stall.buyer, json=named)
        checked = {"outcome": "valid", "checkedAt": moment_of(clock), "identifier": PROOF}
        assert (answer.status_code, answer.json()) == (200, {**named, "vatCheck": checked})


async def test_another_number_on_an_order_with_tax_is_one_that_nobody_checked(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock, tax_authority_url="") as world:
        tier = await open_shop(world, stall)
        order = await billed(world, stall, tier)
        path = f"/v1/orders/{order['id']}/billing-details"
        same = (await world.call("PUT", path, stall.buyer, json={**BUYER, "name": "Obi"})).json()
        assert same["vatCheck"]["outcome"] == "unavailable"
        other = (await world.call("PUT", path, stall.buyer, json=UNKNOWN)).json()
        assert other["vatCheck"] is None
        assert taxed(await stall.show(world, order)) == CHARGED


async def test_orders_made_by_staff_are_taxed_as_ever(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        lines = [{"ticketTierId": tier, "quantity": 1}]
        body = {"lines": lines, "payment": "cash", "buyer": {"email": "obi@example.org"}}
        answer = await world.post(f"/v1/events/{stall.event_id}/orders", stall.manager, key=uuid4().hex, json=body)
        assert (answer.status_code, taxed(answer.json())) == (201, CHARGED), answer.text


async def test_an_order_without_billing_details_asks_the_database_nothing_more(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a rush of buyers does: the same round trips, and the same statements, whether or not an organiser wants this."""
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        with round_trips(monkeypatch) as trips:
            assert (await stall.order(world, (tier, 1))).status_code == 201
        heard = [sql for trip in naming(trips, b"idempotency_keys", b"orders") for sql in trip]
        assert any(b"INSERT INTO orders" in sql for sql in heard)
        for table in (b"vat_verdicts", b"buyer_details", b"seller_details"):
            assert [sql for sql in heard if table in sql] == []
        assert sum(b"FROM idempotency_keys" in sql for sql in heard) == 0
        assert vies.asked == []


async def test_the_books_notice_an_order_whose_buyer_owes_the_tax_without_proof(
    run: RunService, stall: "Stall", clock: FrozenClock, vies: FakeVies
) -> None:
    async with shop(run, vies, clock) as world:
        tier = await open_shop(world, stall)
        order = await billed(world, stall, tier)
        await check_invariants(world.database)
        order_id = OrderId(order["id"]).uuid
        await world.rows("DELETE FROM buyer_details WHERE order_id = :id RETURNING 1", id=order_id)
        with pytest.raises(InvariantsBroken, match="owes the tax without proof"):
            await check_invariants(world.database)
        with pytest.raises(IntegrityError, match="reverse_charge_holds_no_tax"):
            await world.rows("UPDATE orders SET tax = 1 WHERE id = :id RETURNING 1", id=order_id)

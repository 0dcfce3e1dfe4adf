"""Whatever does not add up is found: each question of the invariants, asked of books that were made wrong on purpose."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from commerce.actions.check_invariants import check_invariants
from commerce.errors import InvariantsBroken
from common.testing import Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

WRONG = [
    (
        "UPDATE stock SET sold = sold + 1",
        "UPDATE stock SET sold = sold - 1",
        "tier {tier}: 0 held and 2 sold, but orders say 0 and 1",
    ),
    (
        "UPDATE stock SET held = held + 1",
        "UPDATE stock SET held = held - 1",
        "tier {tier}: 1 held and 1 sold, but orders say 0 and 1",
    ),
    (
        "UPDATE stock SET ticket_tier_id = gen_random_uuid()",
        "UPDATE stock SET ticket_tier_id = (SELECT id FROM ticket_tiers)",
        "tier {tier}: None held and None sold, but orders say 0 and 1",
    ),
    (
        "UPDATE add_on_stock SET held = held + 1",
        "UPDATE add_on_stock SET held = held - 1",
        "add-on {add_on}: 1 held and 1 sold, but orders say 0 and 1",
    ),
    (
        "UPDATE add_on_stock SET sold = sold + 1",
        "UPDATE add_on_stock SET sold = sold - 1",
        "add-on {add_on}: 0 held and 2 sold, but orders say 0 and 1",
    ),
    (
        "UPDATE event_capacity SET sold = sold + 1",
        "UPDATE event_capacity SET sold = sold - 1",
        "event {event}: 0 held and 2 sold, but its tiers say 0 and 1",
    ),
    (
        "UPDATE event_capacity SET held = held + 1",
        "UPDATE event_capacity SET held = held - 1",
        "event {event}: 1 held and 1 sold, but its tiers say 0 and 1",
    ),
    (
        "UPDATE stock SET shared = false",
        "UPDATE stock SET shared = true",
        "event {event}: 0 held and 1 sold, but its tiers say 0 and 1",
    ),
    (
        "UPDATE event_capacity SET event_id = gen_random_uuid()",
        "UPDATE event_capacity SET event_id = (SELECT id FROM events)",
        "event {event}: None held and None sold, but its tiers say 0 and 1",
    ),
    (
        "UPDATE promo_codes SET held_uses = held_uses + 1",
        "UPDATE promo_codes SET held_uses = held_uses - 1",
        "promo code {promo}: held by 1 orders for 0 and used by 1 for 30000, but orders say 0 for 0 and 1 for 30000",
    ),
    (
        "UPDATE promo_codes SET held_amount = held_amount + 1",
        "UPDATE promo_codes SET held_amount = held_amount - 1",
        "promo code {promo}: held by 0 orders for 1 and used by 1 for 30000, but orders say 0 for 0 and 1 for 30000",
    ),
    (
        "UPDATE promo_codes SET used_uses = used_uses + 1",
        "UPDATE promo_codes SET used_uses = used_uses - 1",
        "promo code {promo}: held by 0 orders for 0 and used by 2 for 30000, but orders say 0 for 0 and 1 for 30000",
    ),
    (
        "UPDATE promo_codes SET used_amount = used_amount + 1",
        "UPDATE promo_codes SET used_amount = used_amount - 1",
        "promo code {promo}: held by 0 orders for 0 and used by 1 for 30001, but orders say 0 for 0 and 1 for 30000",
    ),
    (
        "UPDATE stock SET waiting = waiting + 1",
        "UPDATE stock SET waiting = waiting - 1",
        "tier {tier}: 1 wait, but the list says 0",
    ),
    (
        "UPDATE order_add_ons SET gross = gross + 1",
        "UPDATE order_add_ons SET gross = gross - 1",
        "order {part}: a total of 320000, lines and fees of 320001, tax fits, discount fits",
    ),
    (
        "UPDATE order_lines SET gross = gross + 1 WHERE gross = 150000",
        "UPDATE order_lines SET gross = gross - 1 WHERE gross = 150001",
        "order {whole}: a total of 150000, lines and fees of 150001, tax fits, discount fits",
    ),
    (
        "UPDATE orders SET service_fee = service_fee + 1 WHERE status = 'refunded'",
        "UPDATE orders SET service_fee = service_fee - 1 WHERE status = 'refunded'",
        "order {whole}: a total of 150000, lines and fees of 150001, tax fits, discount fits",
    ),
    (
        "UPDATE orders SET platform_fee_passed_on = true WHERE status = 'refunded'",
        "UPDATE orders SET platform_fee_passed_on = false WHERE status = 'refunded'",
        "order {whole}: a total of 150000, lines and fees of 157500, tax fits, discount fits",
    ),
    (
        "UPDATE orders SET tax = tax + 1 WHERE status = 'refunded'",
        "UPDATE orders SET tax = tax - 1 WHERE status = 'refunded'",
        "order {whole}: a total of 150000, lines and fees of 150000, tax differs, discount fits",
    ),
    (
        "UPDATE orders SET discount = discount + 1 WHERE status = 'refunded'",
        "UPDATE orders SET discount = discount - 1 WHERE status = 'refunded'",
        "order {whole}: a total of 150000, lines and fees of 150000, tax fits, discount differs",
    ),
    (
        "UPDATE orders SET total = total + 1, service_fee = service_fee + 1 WHERE status = 'refunded'",
        "UPDATE orders SET total = total - 1, service_fee = service_fee - 1 WHERE status = 'refunded'",
        "order {whole}: refunded, 150000 charged of 150001",
    ),
    (
        "UPDATE orders SET paid_at = NULL WHERE status = 'refunded'",
        "UPDATE orders SET paid_at = placed_at WHERE status = 'refunded'",
        "order {whole}: refunded, 150000 charged of 150000",
    ),
    (
        "UPDATE payments SET status = 'failed'",
        "UPDATE payments SET status = 'succeeded'",
        "payment {payment}: failed, 1 entries in the ledger",
    ),
    (
        "UPDATE ledger_transfers SET kind = 'door_charge' WHERE kind = 'charge' AND amount = 150000",
        "UPDATE ledger_transfers SET kind = 'charge' WHERE kind = 'door_charge' AND amount = 150000",
        "payment {payment}: succeeded, 0 entries in the ledger",
    ),
    (
        "UPDATE refunds SET status = 'failed' WHERE amount = 150000",
        "UPDATE refunds SET status = 'done' WHERE amount = 150000",
        "order {whole}: 0 is booked as owed to the buyer, its refunds say 150000",
    ),
    (
        "UPDATE refunds SET status = 'failed' WHERE amount = 150000",
        "UPDATE refunds SET status = 'done' WHERE amount = 150000",
        "refund {refund}: 150000 is booked as sent back, it says 0",
    ),
    (
        "UPDATE orders SET captured = captured + 1 WHERE status = 'refunded'",
        "UPDATE orders SET captured = captured - 1 WHERE status = 'refunded'",
        "order {whole}: came 150000 and went 150000, but it says 150001 and 150000",
    ),
    (
        "UPDATE orders SET refunded = refunded - 1 WHERE status = 'refunded'",
        "UPDATE orders SET refunded = refunded + 1 WHERE status = 'refunded'",
        "order {whole}: came 150000 and went 150000, but it says 150000 and 149999",
    ),
    (
        "UPDATE refunds SET amount = amount + 1 WHERE amount = 150000",
        "UPDATE refunds SET amount = amount - 1 WHERE amount = 150001",
        "payment {payment}: 150001 went back of 150000",
    ),
    (
        "UPDATE ledger_transfers SET debit = 'unallocated' WHERE kind = 'refund_due' AND amount = 150000",
        "UPDATE ledger_transfers SET debit = 'organiser_payable' WHERE kind = 'refund_due' AND amount = 150000",
        "order {whole}: all of its money went back, but organiser_payable is left with -150000",
    ),
    (
        "UPDATE admissions SET live = true WHERE ordinal = 2",
        "UPDATE admissions SET live = false WHERE ordinal = 2",
        "order line {line}: admission 2 was refunded and is live",
    ),
    (
        "UPDATE document_counters SET last = last + 1 WHERE kind = 'credit_note'",
        "UPDATE document_counters SET last = last - 1 WHERE kind = 'credit_note'",
        "organisation {organization}: 3 numbers of credit_note were given, 2 are there",
    ),
    (
        "UPDATE documents SET number = 3 WHERE kind = 'credit_note' AND number = 2",
        "UPDATE documents SET number = 2 WHERE kind = 'credit_note' AND number = 3",
        "organisation {organization}: 2 numbers of credit_note were given, 2 are there",
    ),
    (
        "UPDATE document_counters SET kind = 'none' WHERE kind = 'credit_note'",
        "UPDATE document_counters SET kind = 'credit_note' WHERE kind = 'none'",
        "organisation {organization}: 0 numbers of credit_note were given, 2 are there",
    ),
    (
        "UPDATE documents SET total = total + 1 WHERE kind <> 'credit_note' AND total = 150000",
        "UPDATE documents SET total = total - 1 WHERE kind <> 'credit_note' AND total = 150001",
        "document {document}: 150001, but its order is 150000",
    ),
]
"""What makes the books wrong, what mends them, and what is then said."""


async def everything_that_is_counted(world: Running, stall: "Stall") -> dict[str, str]:
    """An order with an add-on and a code, of which one ticket went back, and one that went back whole; with their papers.
    The ids of all that."""
    [tier] = await stall.open(world)
    await stall.sell_by(world, waitingList=True, capacity=50)
    promo = await stall.promo(world)
    parking = {"name": "Parking", "price": {"amount": 50_000, "currency": "NGN"}, "capacity": 5}
    path = f"/v1/events/{stall.event_id}/add-ons"
    add_on = (await world.post(path, stall.manager, key=uuid4().hex, json=parking)).json()["id"]
    extras = [{"addOnId": add_on, "quantity": 1}]
    part = (await stall.order(world, (tier, 2), promoCode="EARLY", addOns=extras)).json()
    await stall.end(world, await stall.pay(world, part), "succeed")
    await stall.refunded(world, part, lines=[{"lineId": part["lines"][0]["id"], "quantity": 1, "ordinals": [2]}])
    whole = await stall.paid(world, (tier, 1))
    refund = await stall.refunded(world, whole)
    for order in (part, whole):
        assert [status for status, _ in await stall.refunds(world, order)] == ["done"]
    await stall.job(world, "issue-documents")
    return {
        "event": stall.event_id,
        "organization": stall.organization_id,
        "tier": tier,
        "add_on": add_on,
        "promo": promo["id"],
        "part": part["id"],
        "line": part["lines"][0]["id"],
        "whole": whole["id"],
        "payment": whole["payments"][0]["id"],
        "refund": refund["id"],
        "document": await receipt_of(world, stall, whole),
    }


async def receipt_of(world: Running, stall: "Stall", order: dict[str, Any]) -> str:
    """The id of the paper of its sale."""
    papers = (await world.get(f"/v1/orders/{order['id']}/documents", stall.buyer)).json()["items"]
    [receipt] = [paper["id"] for paper in papers if paper["kind"] == "receipt"]
    return str(receipt)


async def test_each_thing_that_does_not_add_up_is_found_and_named_by_its_id(run: RunService, stall: "Stall") -> None:
    async with run(settings={"platform_fee_rate": 5_000}) as world:
        ids = await everything_that_is_counted(world, stall)
        await check_invariants(world.database)
        for wrong, mended, found in WRONG:
            with psycopg.connect(world.urls.superuser, autocommit=True) as owner:
                assert owner.execute(wrong).rowcount >= 1, wrong
                with pytest.raises(InvariantsBroken) as broken:
                    await check_invariants(world.database)
                findings = str(broken.value.details["findings"]).split("; ")
                assert found.format(**ids) in findings, (wrong, findings)
                owner.execute(mended)
            await check_invariants(world.database)

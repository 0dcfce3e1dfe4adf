"""Whatever does not add up is found: each question of the invariants, asked of books that were made wrong on purpose."""

import re
from typing import TYPE_CHECKING
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
        r"tier tier_\w+: 0 held and 2 sold, but orders say 0 and 1",
    ),
    (
        "UPDATE add_on_stock SET held = held + 1",
        "UPDATE add_on_stock SET held = held - 1",
        r"add-on \w+: 1 held and 1 sold, but orders say 0 and 1",
    ),
    (
        "UPDATE event_capacity SET sold = sold + 1",
        "UPDATE event_capacity SET sold = sold - 1",
        r"event evt_\w+: 0 held and 2 sold, but its tiers say 0 and 1",
    ),
    (
        "UPDATE stock SET shared = false",
        "UPDATE stock SET shared = true",
        r"event evt_\w+: 0 held and 1 sold, but its tiers say 0 and 1",
    ),
    (
        "UPDATE promo_codes SET used_amount = used_amount + 1",
        "UPDATE promo_codes SET used_amount = used_amount - 1",
        r"promo code promo_\w+: \[0, 1, 0, 30001\], but orders say \[0, 1, .*30000",
    ),
    (
        "UPDATE stock SET waiting = waiting + 1",
        "UPDATE stock SET waiting = waiting - 1",
        r"tier tier_\w+: 1 wait, but the list says 0",
    ),
    (
        "UPDATE orders SET total = total + 1, service_fee = service_fee + 1 WHERE status = 'refunded'",
        "UPDATE orders SET total = total - 1, service_fee = service_fee - 1 WHERE status = 'refunded'",
        r"order ord_\w+: refunded, 150000 charged of 150001",
    ),
    (
        "UPDATE payments SET status = 'failed'",
        "UPDATE payments SET status = 'succeeded'",
        r"payment pay_\w+: failed, 1 entries in the ledger",
    ),
    (
        "UPDATE refunds SET status = 'failed' WHERE amount = 150000",
        "UPDATE refunds SET status = 'done' WHERE amount = 150000",
        r"order \S+: 0 is booked as owed to the buyer, its refunds say 150000",
    ),
    (
        "UPDATE refunds SET status = 'failed' WHERE amount = 150000",
        "UPDATE refunds SET status = 'done' WHERE amount = 150000",
        r"refund \S+: 150000 is booked as sent back, it says 0",
    ),
    (
        "UPDATE orders SET captured = captured + 1 WHERE status = 'refunded'",
        "UPDATE orders SET captured = captured - 1 WHERE status = 'refunded'",
        r"order \S+: came 150000 and went 150000, but it says 150001 and 150000",
    ),
    (
        "UPDATE ledger_transfers SET debit = 'unallocated' WHERE kind = 'refund_due' AND amount = 150000",
        "UPDATE ledger_transfers SET debit = 'organiser_payable' WHERE kind = 'refund_due' AND amount = 150000",
        r"order \S+: all of its money went back, but organiser_payable is left with -150000",
    ),
    (
        "UPDATE admissions SET live = true WHERE ordinal = 2",
        "UPDATE admissions SET live = false WHERE ordinal = 2",
        r"order line \S+: admission 2 was refunded and is live",
    ),
    (
        "UPDATE documents SET total = total + 1 WHERE kind <> 'credit_note' AND total = 150000",
        "UPDATE documents SET total = total - 1 WHERE kind <> 'credit_note' AND total = 150001",
        r"document \w+: 150001, but its order is 150000",
    ),
]
"""What makes the books wrong, what mends them, and what is then said."""


async def everything_that_is_counted(world: Running, stall: "Stall") -> None:
    """An order with an add-on and a code, of which one ticket went back, and one that went back whole; with their papers."""
    [tier] = await stall.open(world)
    await stall.sell_by(world, waitingList=True, capacity=50)
    await stall.promo(world)
    parking = {"name": "Parking", "price": {"amount": 50_000, "currency": "NGN"}, "capacity": 5}
    path = f"/v1/events/{stall.event_id}/add-ons"
    add_on = (await world.post(path, stall.manager, key=uuid4().hex, json=parking)).json()["id"]
    extras = [{"addOnId": add_on, "quantity": 1}]
    part = (await stall.order(world, (tier, 2), promoCode="EARLY", addOns=extras)).json()
    await stall.end(world, await stall.pay(world, part), "succeed")
    await stall.refunded(world, part, lines=[{"lineId": part["lines"][0]["id"], "quantity": 1}])
    whole = await stall.paid(world, (tier, 1))
    await stall.refunded(world, whole)
    for order in (part, whole):
        assert [status for status, _ in await stall.refunds(world, order)] == ["done"]
    await stall.job(world, "issue-documents")


async def test_each_thing_that_does_not_add_up_is_found(run: RunService, stall: "Stall") -> None:
    async with run(settings={"platform_fee_rate": 5_000}) as world:
        await everything_that_is_counted(world, stall)
        await check_invariants(world.database)
        for wrong, mended, found in WRONG:
            with psycopg.connect(world.urls.superuser, autocommit=True) as owner:
                assert owner.execute(wrong).rowcount >= 1, wrong
                with pytest.raises(InvariantsBroken) as broken:
                    await check_invariants(world.database)
                assert re.search(found, str(broken.value.details["findings"])), (wrong, broken.value.details)
                owner.execute(mended)
            await check_invariants(world.database)

"""A German seller whose business buyers of other member states owe the tax, and the register that is asked about them."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import httpx
from services.commerce.tests.fakes.vies import FakeVies

from common.ids import TicketTierId
from common.messages import MoneyPart
from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

SELLER = {"name": "Jazz GmbH", "address": "Musterstraße 12\n10115 Berlin", "taxId": "DE123456789"}
BUYER = {"name": "Obi BV", "address": "Keizersgracht 1\nAmsterdam", "taxId": "NL 1234.56789.B01"}
WITH_TAX, NET = 11_900, 10_000
"""A ticket at 119.00 naira, 19 % in it."""


def shop(run: RunService, vies: FakeVies, clock: FrozenClock, **settings: Any) -> AbstractAsyncContextManager[Running]:
    """commerce with the stand-in for VIES."""
    return run(clock=clock, settings={"tax_authority_url": vies.base, "tax_authority_seconds": 8, **settings})


async def open_shop(
    world: Running, stall: "Stall", *, seller: dict[str, str] | None = SELLER, rate: int = 19_000, **settings: Any
) -> TicketTierId:
    """Tickets at WITH_TAX, sold so."""
    [tier] = await stall.open(world, {"price": MoneyPart(amount=WITH_TAX, currency="NGN")})
    await stall.sell_by(world, **{"reverseCharge": True, **settings})
    await stall.sell_tier_by(world, tier, taxRate=rate)
    if seller is not None:
        path = f"/v1/organizations/{stall.organization_id}/billing-details"
        answer = await world.call("PUT", path, stall.manager, json=seller)
        assert answer.status_code == 200, answer.text
    return tier


async def billed(
    world: Running, stall: "Stall", tier: TicketTierId, quantity: int = 1, **changes: Any
) -> dict[str, Any]:
    """An order placed with the buyer's billing details."""
    answer = await stall.order(world, (tier, quantity), **{"billing": BUYER, **changes})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def check_kept(world: Running, stall: "Stall", order: dict[str, Any]) -> dict[str, Any] | None:
    """What its billing details say of the check."""
    answer = await world.get(f"/v1/orders/{order['id']}/billing-details", stall.buyer)
    assert answer.status_code == 200, answer.text
    check: dict[str, Any] | None = answer.json()["vatCheck"]
    return check


async def papers_of(world: Running, stall: "Stall", order: dict[str, Any]) -> list[httpx.Response]:
    """The file of each of its documents, that of the sale first."""
    await stall.job(world, "issue-documents")
    shown = (await world.get(f"/v1/orders/{order['id']}/documents", stall.buyer)).json()["items"]
    return [await world.get(each["path"], stall.buyer) for each in shown]


def taxed(order: dict[str, Any]) -> tuple[bool, int, int, list[int]]:
    """Whether the buyer owes the tax, the total, the tax in it, and the rate of each line."""
    sums = order["sums"]
    rates = [line["taxRate"] for line in (*order["lines"], *order["addOns"])]
    return sums["reverseCharge"], order["total"]["amount"], sums["tax"]["amount"], rates

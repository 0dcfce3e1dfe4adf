"""The steps that tests of every provider take."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from commerce.actions.send_refunds import send_refunds
from common.testing import FrozenClock, Running, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

CHARGE = ("charge", "provider_receivable", "organiser_payable", 150_000)
"""What the books say of an order of one ticket once its money came: kind, debit, credit, amount."""


async def begin_at(
    provider: str, world: Running, stall: "Stall", order: dict[str, Any], *, key: str | None = None
) -> httpx.Response:
    """The buyer asks to pay there."""
    path = f"/v1/orders/{order['id']}/payments"
    return await world.post(path, stall.buyer, key=key or uuid4().hex, json={"provider": provider})


async def begun_at(provider: str, world: Running, stall: "Stall", **tier: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order of one ticket, and its payment begun there."""
    [tier_id] = await stall.open(world, tier)
    order = await stall.placed(world, (tier_id, 1))
    answer = await begin_at(provider, world, stall, order)
    assert answer.status_code == 201, answer.text
    return order, answer.json()


async def worked_off(world: Running) -> None:
    """Until nothing a provider told waits."""

    async def done() -> bool:
        return not await world.rows("SELECT 1 FROM payment_webhooks WHERE handled_at IS NULL")

    await eventually(done, what="every webhook being worked off")


async def ask_back(world: Running, stall: "Stall", order: dict[str, Any]) -> dict[str, Any]:
    """Staff give the whole order back."""
    finance = principals.member_of(stall.organization_id, "finance")
    path = f"/v1/orders/{order['id']}/refunds"
    answer = await world.post(path, finance, key=uuid4().hex, json={"reason": "asked for"})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def send(world: Running, clock: FrozenClock) -> None:
    """An hour later, whatever refund waits is sent."""
    clock.advance(timedelta(hours=1))
    await send_refunds(world.database, world.app.state.payments.providers)


@contextmanager
def refunds_reach_nobody(world: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Meanwhile the line to the sandbox goes dead before it hears of a refund."""

    async def away(*_: object) -> None:
        raise ConnectionResetError("the line went dead")

    with monkeypatch.context() as broken:
        broken.setattr(world.app.state.payments.sandbox, "refund", away)
        yield

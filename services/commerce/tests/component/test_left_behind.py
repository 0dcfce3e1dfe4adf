"""What a crash or a fault leaves behind is taken up again: nothing is lost, nothing is done twice."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from commerce.actions.check_invariants import check_invariants
from commerce.actions.receive_webhook import receive_webhook
from commerce.adapters.sandbox import store as sandbox_store
from commerce.adapters.sandbox.provider import Sandbox
from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment
from commerce.formats.webhook_signature import sign
from commerce.store import webhooks
from common.ids import OrderId
from common.messages import OrderPaid
from common.testing import FrozenClock, Running, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

SECRET = "a-secret-for-the-tests"


async def change(world: Running, statement: str) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(text(statement))


async def tell(world: Running, key: str = "sbxevt_1") -> bool:
    """Store a notice about the one payment there is without waking anyone, as a process that dies after its commit."""
    [row] = await world.rows("SELECT id FROM sandbox_payments")
    body = f'{{"id": "{key}", "payment": "{row["id"]}"}}'.encode()
    headers = {"sandbox-signature": sign(body, SECRET, world.clock.now())}
    return await receive_webhook(world.database, world.app.state.payments.providers, "sandbox", body, headers)


async def succeeded(world: Running, stall: "Stall") -> dict[str, Any]:
    """An order whose payment succeeded at the provider, which has told nobody."""
    [tier] = await stall.open(world)
    order = await stall.placed(world, (tier, 1))
    await stall.pay(world, order)
    await change(world, "UPDATE sandbox_payments SET status = 'succeeded'")
    return order


async def become_paid(world: Running, stall: "Stall", order: dict[str, Any]) -> None:
    async def paid() -> bool:
        return await stall.is_paid(world, order)

    await eventually(paid)
    assert len(await world.said(OrderPaid)) == 1
    await check_invariants(world.database)


async def test_a_notice_whose_worker_died_with_it_is_worked_off_when_the_lease_ends(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        order = await succeeded(world, stall)
        async with world.database.transaction() as tx:
            [row] = await world.rows("SELECT id FROM sandbox_payments")
            values = {"provider": "sandbox", "event_key": "sbxevt_1", "reference": row["id"], "body": b"{}"}
            await webhooks.add_webhook(tx, traceparent=None, **values)
            assert len(await webhooks.take_some_webhooks(tx, 8)) == 1
        clock.advance(webhooks.LEASE)
        await become_paid(world, stall, order)


async def test_the_sandboxs_notice_whose_postman_died_with_it_is_sent_when_the_lease_ends(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        order = await succeeded(world, stall)
        [row] = await world.rows("SELECT id FROM sandbox_payments")
        async with world.database.transaction() as tx:
            payment = await sandbox_store.find_by_reference(tx, row["id"])
            assert payment is not None
            await sandbox_store.tell(tx, payment, "payment.succeeded", "1")
            assert len(await sandbox_store.take_some_notices(tx, 8)) == 1
        clock.advance(sandbox_store.LEASE)
        await become_paid(world, stall, order)


async def test_a_notice_that_was_given_up_counts_when_it_is_told_again(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        order = await succeeded(world, stall)
        [row] = await world.rows("SELECT id FROM sandbox_payments")
        await change(
            world,
            "INSERT INTO payment_webhooks (provider, event_key, reference, body, received_at, attempts) "
            f"VALUES ('sandbox', 'sbxevt_1', '{row['id']}', '{{}}', now(), 12)",
        )
        assert await tell(world)
        await become_paid(world, stall, order)
        assert not await tell(world)
        assert await world.count("payment_webhooks") == 1


async def test_a_notice_is_tried_for_days_because_nobody_else_asks_about_a_payment_that_had_failed(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        order = await succeeded(world, stall)
        await change(world, "UPDATE payments SET status = 'failed', next_check_at = NULL, settled_at = now()")
        [row] = await world.rows("SELECT id FROM sandbox_payments")
        async with world.database.transaction() as tx:
            values = {"provider": "sandbox", "event_key": "sbxevt_1", "reference": row["id"], "body": b"{}"}
            await webhooks.add_webhook(tx, traceparent=None, **values)
            [stored] = await webhooks.take_some_webhooks(tx, 8)
            attempts = 0
            while clock.now() - tx.now < timedelta(days=2):
                attempts += 1
                tried = webhooks.StoredWebhook(stored.id, "sandbox", stored.reference, None, attempts)
                assert await webhooks.put_off(tx, tried, "the provider is away")
                clock.advance(timedelta(minutes=30))
        await become_paid(world, stall, order)


class Faulty:
    """The sandbox, except that chosen calls break the way an own fault or a broken connection would."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.open_breaks = False
        self.unfetchable: set[str] = set()

    async def open(self, payment: Payment, order: Order) -> Opened:
        if self.open_breaks:
            raise ConnectionResetError("the line went dead")
        return await Sandbox.open(self._sandbox, payment, order)

    async def fetch(self, reference: str) -> ProviderPayment:
        if reference in self.unfetchable:
            raise ConnectionResetError("the line went dead")
        return await Sandbox.fetch(self._sandbox, reference)


def faulty(world: Running, monkeypatch: pytest.MonkeyPatch) -> Faulty:
    sandbox = world.app.state.payments.sandbox
    broken = Faulty(sandbox)
    monkeypatch.setattr(sandbox, "open", broken.open)
    monkeypatch.setattr(sandbox, "fetch", broken.fetch)
    return broken


async def test_after_a_fault_the_same_key_goes_on_at_once_with_the_same_payment(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        provider = faulty(world, monkeypatch)
        provider.open_breaks = True
        path, body = f"/v1/orders/{order['id']}/payments", {"provider": "sandbox"}
        assert (await world.post(path, stall.buyer, key="k", json=body)).status_code == 500
        provider.open_breaks = False
        first = await world.post(path, stall.buyer, key="k", json=body)
        again = await world.post(path, stall.buyer, key="k", json=body)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json() == first.json()
        other = await world.post(path, stall.buyer, key="k", json={"provider": "stripe"})
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        assert (await world.count("payments"), await world.count("sandbox_payments")) == (1, 1)


async def test_a_crash_between_intent_and_provider_holds_the_key_for_a_minute_and_no_longer(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order, key="k")
        await change(
            world,
            "UPDATE idempotency_keys SET status = NULL, body = NULL, leased_until = created_at + interval '60 s'"
            " WHERE key = 'k'",
        )
        path, body = f"/v1/orders/{order['id']}/payments", {"provider": "sandbox"}
        running = await world.post(path, stall.buyer, key="k", json=body)
        assert (running.status_code, running.json()["code"]) == (409, "idempotency.still_running")
        assert running.headers["Retry-After"] == "1"
        clock.advance(timedelta(seconds=61))
        again = await world.post(path, stall.buyer, key="k", json=body)
        assert (again.status_code, again.json()) == (201, first)
        assert await world.count("payments") == 1


async def test_one_payment_that_cannot_be_asked_about_keeps_no_other_waiting(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        orders = [await stall.placed(world, (tier, 1)) for _ in range(4)]
        for order in orders:
            await stall.pay(world, order)
        await change(world, "UPDATE sandbox_payments SET status = 'succeeded'")
        rows = await world.rows("SELECT id, order_id FROM sandbox_payments")
        reference = {OrderId.from_uuid(row["order_id"]): row["id"] for row in rows}
        faulty(world, monkeypatch).unfetchable = {reference[order["id"]] for order in orders[:2]}
        clock.advance(timedelta(minutes=2))
        await stall.job(world, "check-payments")
        statuses = [(await stall.show(world, order))["status"] for order in orders]
        assert statuses == ["awaiting_payment"] * 2 + ["paid"] * 2
        await check_invariants(world.database)

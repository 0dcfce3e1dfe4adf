"""What a provider tells: believed only when signed, stored before it is answered, worked off once."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import text

from commerce.actions.receive_webhook import receive_webhook
from common.messages import OrderPaid
from common.testing import FrozenClock, Running, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PATH = "/v1/payments/webhooks/sandbox"
SECRET = "a-secret-for-the-tests"


def signature(body: bytes, at: datetime, secret: str = SECRET) -> str:
    """Written out again, so that the service's own code is not its judge."""
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


async def tell(world: Running, body: bytes, header: str | None) -> httpx.Response:
    headers = {} if header is None else {"Sandbox-Signature": header}
    return await world.post(PATH, content=body, headers=headers)


async def succeeded(world: Running, stall: "Stall") -> tuple[dict[str, Any], bytes]:
    """An order whose payment succeeded at the provider, which has not told it yet; and the notice it would send."""
    [tier] = await stall.open(world)
    order = await stall.placed(world, (tier, 1))
    await stall.pay(world, order)
    async with world.database.transaction() as tx:
        await tx.execute(text("UPDATE sandbox_payments SET status = 'succeeded'"))
    [row] = await world.rows("SELECT id FROM sandbox_payments")
    notice = {"id": "sbxevt_1", "type": "payment.succeeded", "payment": row["id"]}
    return order, json.dumps(notice).encode()


async def test_a_notice_that_is_not_authentic_leaves_no_trace(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        order, body = await succeeded(world, stall)
        now = clock.now()
        good = signature(body, now)
        wrong = {
            "none": (body, None),
            "empty": (body, ""),
            "nonsense": (body, "t=now,v1=yes"),
            "one byte changed": (body.replace(b"succeeded", b"succeedee"), good),
            "written again": (json.dumps(json.loads(body), separators=(",", ":")).encode(), good),
            "another secret": (body, signature(body, now, "another-secret")),
            "no secret": (body, signature(body, now, "")),
            "old": (body, signature(body, now - timedelta(seconds=301))),
            "from tomorrow": (body, signature(body, now + timedelta(seconds=61))),
            "another scheme": (body, good.replace("v1", "v0")),
            "two times": (body, f"t={int(now.timestamp())},{good}"),
        }
        for why, (content, header) in wrong.items():
            answer = await tell(world, content, header)
            assert (answer.status_code, answer.json()["code"]) == (400, "commerce.webhook_not_authentic"), why
        assert await world.count("payment_webhooks") == 0
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        for at in (now - timedelta(seconds=300), now + timedelta(seconds=60)):
            assert (await tell(world, body, signature(body, at))).status_code == 200
        assert await world.count("payment_webhooks") == 1


async def test_both_secrets_are_good_while_one_replaces_the_other(run: RunService, stall: "Stall") -> None:
    async with run(settings={"sandbox_webhook_secret": "new-secret,a-secret-for-the-tests"}) as world:
        order, body = await succeeded(world, stall)
        now = world.clock.now()
        old, new = signature(body, now), signature(body, now, "new-secret").split(",")[1]
        for header in (old, f"{old.split(',')[0]},{new}", f"{old},{new}"):
            assert (await tell(world, body, header)).status_code == 200

        async def paid() -> bool:
            return await stall.is_paid(world, order)

        await eventually(paid)


async def test_an_authentic_notice_that_says_nothing_is_refused(run: RunService) -> None:
    async with run() as world:
        for body in (b"", b"[]", b'{"id": 1, "payment": "x"}', b'{"id": "x"}', b"\xff"):
            answer = await tell(world, body, signature(body, world.clock.now()))
            assert (answer.status_code, answer.json()["code"]) == (400, "commerce.webhook_unreadable"), body
        assert await world.count("payment_webhooks") == 0


async def test_a_notice_has_a_size_and_a_provider_a_name(run: RunService) -> None:
    async with run() as world:
        large = b" " * (256 * 1024 + 1)
        answer = await tell(world, large, signature(large, world.clock.now()))
        assert (answer.status_code, answer.json()["code"]) == (413, "commerce.webhook_too_large")
        unknown = await world.post("/v1/payments/webhooks/nobody", content=b"{}")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "commerce.unknown_provider")
        assert await world.count("payment_webhooks") == 0


async def test_what_a_notice_claims_is_not_believed_without_asking(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        await stall.pay(world, order)
        [row] = await world.rows("SELECT id FROM sandbox_payments")
        body = json.dumps({"id": "sbxevt_lie", "type": "payment.succeeded", "payment": row["id"]}).encode()
        assert (await tell(world, body, signature(body, world.clock.now()))).status_code == 200

        async def worked_off() -> bool:
            return await stall.told(world) == 1

        await eventually(worked_off)
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert await world.said(OrderPaid) == []


async def test_a_notice_that_was_stored_before_a_crash_is_worked_off_after_it(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        order, body = await succeeded(world, stall)
        header = signature(body, world.clock.now())
        # Stored without waking anyone, as by a process that died right after its commit.
        await receive_webhook(
            world.database, world.app.state.payments.providers, "sandbox", body, {"sandbox-signature": header}
        )

        async def paid() -> bool:
            return await stall.is_paid(world, order)

        await eventually(paid)
        assert (await tell(world, body, header)).status_code == 200
        assert await world.count("payment_webhooks") == 1


async def test_a_notice_that_cannot_be_worked_off_is_tried_again_and_others_go_on(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        order, body = await succeeded(world, stall)
        poison = b'{"id": "sbxevt_0", "payment": "sbx_nobody_knows"}'
        for content in (poison, body):
            assert (await tell(world, content, signature(content, clock.now()))).status_code == 200

        async def paid() -> bool:
            return await stall.is_paid(world, order)

        await eventually(paid)
        waiting = "SELECT attempts, outcome FROM payment_webhooks WHERE handled_at IS NULL"

        async def tried_once() -> bool:
            [row] = await world.rows(waiting)
            return row["outcome"] is not None

        await eventually(tried_once)
        clock.advance(timedelta(seconds=2))

        async def tried_twice() -> bool:
            [row] = await world.rows(waiting)
            return bool(row["attempts"] == 2)

        await eventually(tried_twice)
        [row] = await world.rows(waiting)
        assert row["outcome"] == "UnknownSandboxPayment: The sandbox knows no such payment."

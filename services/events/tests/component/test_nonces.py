"""A scan repeated under its nonce."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from common.messages import CheckInRecorded
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage


async def test_a_repeat_of_a_nonce_gets_the_first_answer_whatever_happened_since(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    scanner = stage.member("scanner")
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        again: dict[str, Any] = {"by": scanner, "nonce": "n-1"}
        first = await stage.scan(world, event, shown["code"], **again)
        refused = await stage.scan(world, event, shown["code"], by=scanner, nonce="n-2")
        await stage.scan(world, event, shown["code"], by=scanner, direction="out")
        clock.advance(timedelta(hours=1))
        repeated = await stage.scan(world, event, shown["code"], **again)
        assert (first.status_code, repeated.status_code) == (201, 200)
        assert repeated.content == first.content
        repeated = await stage.scan(world, event, shown["code"], by=scanner, nonce="n-2")
        assert (repeated.status_code, repeated.content) == (200, refused.content)
        assert (await world.count("check_ins"), len(await world.said(CheckInRecorded))) == (3, 2)
        assert await world.rows("SELECT inside FROM passes") == [{"inside": False}]


async def test_a_nonce_admits_nobody_else(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    scanner = stage.member("scanner")
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        ada, cy = await stage.buy(world, event, tier, ("Ada", None), ("Cy", None))
        await stage.scan(world, event, ada["code"], by=scanner, nonce="n-1")
        for changes in ({"code": cy["code"]}, {"code": ada["code"], "direction": "out"}):
            body = {"eventId": event["id"], "nonce": "n-1", **changes}
            answer = await world.post("/v1/check-ins", scanner, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "events.nonce_reused")
        assert await world.count("check_ins") == 1
        other_scanner = await stage.scan(world, event, cy["code"], nonce="n-1")
        assert other_scanner.status_code == 201

"""Things that happen at the same moment, each with a control that fails when its guard is taken away."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from common.db import Transaction
from common.ids import PassId
from common.messages import (
    CheckInRecorded,
    OrderPaid,
    PassIssued,
    PassUpdated,
    PassVoided,
    UserCreated,
)
from common.testing import FrozenClock, Running, RunService, principals
from common.tokens import SigningKey
from events.actions.attach_passes import attach_passes
from events.actions.match_passes import MatchPasses, OrderMessage
from events.domain.entry_pass import Pass
from events.formats.pass_code import PassCodes
from events.store import check_ins, copies, passes, ticket_tiers

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

GATES = 12
TRIALS = 5
ADA = principals.user("ada@example.org", "Ada")


class Together:
    """Stands in for a lock: everyone reads, and nobody goes on before all have read."""

    def __init__(self, parties: int) -> None:
        self._barrier = asyncio.Barrier(parties)

    async def read_pass(self, tx: Transaction, pass_id: PassId) -> Pass | None:
        entry = await passes.find_pass(tx, pass_id)
        await asyncio.wait_for(self._barrier.wait(), 20)
        return entry

    async def pass_by(self, tx: Transaction, *_: object) -> None:
        await asyncio.wait_for(self._barrier.wait(), 20)


async def scan_at_many_gates(world: Running, stage: "Stage", event: dict[str, Any], code: str) -> Counter[str]:
    """How often each answer came when all gates scanned one code at once."""
    answers = await asyncio.gather(*(stage.scan(world, event, code) for _ in range(GATES)))
    return Counter(answer.json().get("reason", answer.json()["result"]) for answer in answers)


async def test_of_many_gates_that_scan_one_code_at_once_exactly_one_admits(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        for shown in await stage.buy(world, event, tier, *[("Ada", None)] * TRIALS):
            seen = await scan_at_many_gates(world, stage, event, shown["code"])
            assert seen == {"admitted": 1, "already_admitted": GATES - 1}
        assert len(await world.said(CheckInRecorded)) == TRIALS
        assert await world.count("check_ins") == GATES * TRIALS
        rows = await world.rows("SELECT DISTINCT status, inside, version FROM passes")
        assert rows == [{"status": "admitted", "inside": True, "version": 2}]


async def test_control_without_the_lock_on_the_pass_several_gates_admit(
    run: RunService, stage: "Stage", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        monkeypatch.setattr(passes, "lock_pass", Together(GATES).read_pass)
        seen = await scan_at_many_gates(world, stage, event, shown["code"])
        assert seen == {"admitted": GATES}
        assert len(await world.said(CheckInRecorded)) == GATES


async def test_a_scan_sent_many_times_at_once_is_answered_alike_and_kept_once(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    scanner = stage.member("scanner")
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        for number, code in enumerate((shown["code"], "NONSENSE")):
            again: dict[str, Any] = {"by": scanner, "nonce": f"n-{number}"}
            answers = await asyncio.gather(*(stage.scan(world, event, code, **again) for _ in range(GATES)))
            assert len({answer.content for answer in answers}) == 1
            assert sorted({answer.status_code for answer in answers}) == [[200, 201], [200]][number]
            assert await world.count("check_ins") == number + 1
        assert len(await world.said(CheckInRecorded)) == 1


async def test_control_without_the_lock_on_the_nonce_a_retry_is_not_recognised(
    run: RunService, stage: "Stage", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner = stage.member("scanner")
    async with run(clock=clock) as world:
        event, _ = await stage.on_sale(world)
        unlocked = Together(2)
        find = check_ins.find_by_nonce

        async def find_together(tx: Transaction, who: str, nonce: str) -> object:
            found = await find(tx, who, nonce)
            await unlocked.pass_by(tx)
            return found

        async def no_lock(tx: Transaction, who: str, nonce: str) -> None:
            """The guard, taken away."""

        monkeypatch.setattr(check_ins, "lock_nonce", no_lock)
        monkeypatch.setattr(check_ins, "find_by_nonce", find_together)
        answers = await asyncio.gather(*(stage.scan(world, event, "NONSENSE", by=scanner, nonce="n") for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 500]
        assert await world.count("check_ins") == 1


async def test_a_refund_beside_a_scan_leaves_a_pass_that_cannot_enter_again(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        for _ in range(TRIALS):
            paid = stage.paid(event, stage.admissions(tier, ("Ada", None)))
            await world.hear(paid)
            page = await world.get("/v1/passes", stage.buyer, params={"orderId": paid.order_id})
            (shown,) = page.json()["items"]
            number = await world.send(stage.refunded(paid))
            await asyncio.gather(stage.scan(world, event, shown["code"]), world.handled(number))
            assert (await stage.scan(world, event, shown["code"])).json()["reason"] == "voided"
        rows = await world.rows("SELECT status, inside, first_admitted_at IS NOT NULL AS entered, version FROM passes")
        assert {row["status"] for row in rows} == {"voided"}
        assert all(row["inside"] == row["entered"] == (row["version"] == 3) for row in rows)
        assert len(await world.said(CheckInRecorded)) == sum(row["entered"] for row in rows)


def ada_signs_up() -> UserCreated:
    values = {"user_id": ADA.subject, "email": ADA.email, "name": "Ada", "created_at": "2026-01-01T00:00:00Z"}
    return UserCreated.model_validate({**values, "sequence": 1})


async def order_and_sign_up_together(world: Running, message: OrderMessage, key: SigningKey) -> None:
    """A pass for an address, and its verification, worked off in the same moment."""
    match_passes = MatchPasses(PassCodes.from_json(key.private_json()))

    async def order_arrives() -> None:
        async with world.database.transaction() as tx:
            await match_passes(tx, message)

    async def user_arrives() -> None:
        async with world.database.transaction() as tx:
            await attach_passes(tx, ada_signs_up())

    await asyncio.gather(order_arrives(), user_arrives())


async def test_a_pass_and_its_holder_that_arrive_together_always_find_one_another(
    run: RunService, stage: "Stage", clock: FrozenClock, pass_code_key: SigningKey
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        for _ in range(TRIALS * 4):
            await world.rows("DELETE FROM users RETURNING 1")
            paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org")))
            await order_and_sign_up_together(world, paid, pass_code_key)
        holders = await world.rows("SELECT holder_user_id, count(*) AS n FROM passes GROUP BY 1")
        assert [(row["holder_user_id"] is None, row["n"]) for row in holders] == [(False, TRIALS * 4)]


async def test_control_without_the_lock_on_the_address_they_miss_one_another(
    run: RunService, stage: "Stage", clock: FrozenClock, pass_code_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org")))
        both, look_up, attach = Together(2), ticket_tiers.tier_names, passes.attach

        async def look_up_together(tx: Transaction, *details: Any) -> object:
            found = await look_up(tx, *details)
            await both.pass_by(tx)
            return found

        async def attach_together(tx: Transaction, *details: Any) -> object:
            changed = await attach(tx, *details)
            await both.pass_by(tx)
            return changed

        def no_lock(tx: Transaction, addresses: object) -> None:
            """The guard, taken away."""

        monkeypatch.setattr(copies, "lock_addresses", no_lock)
        monkeypatch.setattr(ticket_tiers, "tier_names", look_up_together)
        monkeypatch.setattr(passes, "attach", attach_together)
        await order_and_sign_up_together(world, paid, pass_code_key)
        assert await world.rows("SELECT holder_user_id FROM passes") == [{"holder_user_id": None}]
        assert await world.count("users") == 1


async def test_states_of_one_order_worked_off_at_once_end_in_the_newest(
    run: RunService, stage: "Stage", clock: FrozenClock, pass_code_key: SigningKey
) -> None:
    match_passes = MatchPasses(PassCodes.from_json(pass_code_key.private_json()))
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)

        async def arrives(message: OrderMessage) -> None:
            async with world.database.transaction() as tx:
                await match_passes(tx, message)

        for _ in range(TRIALS):
            paid = stage.paid(event, stage.admissions(tier, ("A", None), ("B", None)))
            again = OrderPaid.model_validate(paid.model_dump())
            states = (paid, again, stage.refunded(paid, back={2}, sequence=3), stage.refunded(paid, sequence=4))
            await asyncio.gather(*(arrives(state) for state in states))
        rows = await world.rows("SELECT status, count(*) AS n FROM passes GROUP BY 1")
        assert rows == [{"status": "voided", "n": 2 * TRIALS}]
        newest = {said.pass_id: said.sequence for said in await world.said(PassVoided)}
        versions = {
            str(PassId.from_uuid(row["id"])): row["version"] for row in await world.rows("SELECT * FROM passes")
        }
        assert newest == versions
        assert len(await world.said(PassIssued)) <= 2 * TRIALS
        assert await world.said(PassUpdated) == []

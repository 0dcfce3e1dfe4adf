"""Organisers' systems and what happens at the same moment, each guard with a control that fails when it is taken away."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from commerce import main as composition
from commerce.actions.deliver_webhooks import CALLS_AT_ONCE, ENDPOINTS_AT_ONCE, WebhookDelivery
from commerce.domain.webhook import MOST_ENDPOINTS, Endpoint
from commerce.errors import InvariantsBroken
from commerce.store import webhook_cursor, webhook_endpoints
from commerce.store.webhook_cursor import Sight
from common import outbox
from common.db import Transaction
from common.ids import OrderId, OrganizationId, UserId, WebhookEndpointId
from common.messages import MoneyPart, OrderPlaced
from common.principal import Principal
from common.testing import Running, RunService, eventually, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.component.conftest import Receiver
    from services.commerce.tests.conftest import Stall


def admin_of(stall: "Stall") -> Principal:
    return principals.member_of(stall.organization_id, "admin")


async def make(world: Running, stall: "Stall", url: str) -> dict[str, Any]:
    path = f"/v1/organizations/{stall.organization_id}/webhooks"
    answer = await world.post(path, admin_of(stall), key=uuid4().hex, json={"url": url})
    body: dict[str, Any] = answer.json()
    return body | {"status_code": answer.status_code}


async def numbers(world: Running) -> list[int]:
    return [row["number"] for row in await world.rows("SELECT number FROM webhook_deliveries ORDER BY number")]


async def hears(receiver: "Receiver", count: int) -> None:
    async def told() -> bool:
        return len(receiver.told) >= count

    await eventually(told, within=30, what=f"being told {count} times")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that hangs is not given up while a test looks at it, however busy the machine is."""
    monkeypatch.setattr(composition, "DEADLINE", 50.0)


@pytest.mark.usefixtures("patience")
async def test_one_that_hangs_holds_up_nobody_else(
    run: RunService, stall: "Stall", receiver: "Receiver", other_receiver: "Receiver"
) -> None:
    receiver.awake.clear()
    origins = f"{receiver.origin},{other_receiver.origin}"
    async with run(settings={"webhook_origins": origins}) as world:
        [tier] = await stall.open(world)
        for _ in range(5):
            await make(world, stall, f"{receiver.origin}/hooks")
        await make(world, stall, f"{other_receiver.origin}/hooks")
        for count in range(1, 4):
            await stall.placed(world, (tier, 1))
            await hears(other_receiver, count)
        assert len(receiver.told) >= 5
        assert await world.rows("SELECT 1 FROM webhook_deliveries WHERE attempts > 0 AND delivered_at IS NULL") == []
        receiver.awake.set()
        await hears(receiver, 15)


@pytest.mark.usefixtures("patience")
async def test_control_where_turns_wait_for_each_other_one_that_hangs_holds_up_all(
    run: RunService, stall: "Stall", receiver: "Receiver", other_receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = WebhookDelivery.deliver

    async def deliver_and_wait(delivery: WebhookDelivery) -> int:
        begun = await deliver(delivery)
        if delivery._turns:
            await asyncio.wait(delivery._turns)
        return begun

    monkeypatch.setattr(WebhookDelivery, "deliver", deliver_and_wait)
    receiver.awake.clear()
    async with run(settings={"webhook_origins": f"{receiver.origin},{other_receiver.origin}"}) as world:
        [tier] = await stall.open(world)
        await make(world, stall, f"{receiver.origin}/hooks")
        await make(world, stall, f"{other_receiver.origin}/hooks")
        await stall.placed(world, (tier, 1))
        await hears(receiver, 1)
        await stall.placed(world, (tier, 1))

        async def queued() -> bool:
            return await numbers(world) == [1, 1, 2, 2]

        await eventually(queued, what="the second order being queued")
        assert len(other_receiver.told) == 1
        receiver.awake.set()
        await hears(other_receiver, 2)


@pytest.mark.usefixtures("patience")
async def test_a_system_that_answers_gets_no_more_calls_at_once_than_it_may(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    receiver.awake.clear()
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world, {"capacity": 200})
        await make(world, stall, f"{receiver.origin}/hooks")
        for _ in range(CALLS_AT_ONCE * 3):
            await stall.placed(world, (tier, 1))

        async def queued() -> bool:
            return len(await numbers(world)) == CALLS_AT_ONCE * 3

        await eventually(queued, what="every order being queued")
        await hears(receiver, 1)
        assert len(receiver.told) <= CALLS_AT_ONCE
        receiver.awake.set()
        await hears(receiver, CALLS_AT_ONCE * 3)
        assert ENDPOINTS_AT_ONCE * CALLS_AT_ONCE <= 100


async def test_numbers_have_no_gap_and_no_twin_however_many_are_given_out_at_once(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, f"{receiver.origin}/hooks")
        path = f"/v1/webhooks/{hook['id']}/test"
        tests = [world.post(path, admin_of(stall)) for _ in range(15)]
        orders = [stall.order(world, (tier, 1), by=principals.user(f"b{one}@example.org")) for one in range(5)]
        answers = await asyncio.gather(*tests, *orders)
        assert [answer.status_code for answer in answers] == [202] * 15 + [201] * 5
        await hears(receiver, 20)
        assert sorted(one["number"] for one in receiver.heard) == list(range(1, 21))
        assert len({headers["webhook-id"] for headers, _ in receiver.told}) == 20
        await stall.books(world)
        await world.rows("DELETE FROM webhook_deliveries WHERE number = 7 RETURNING 1")
        with pytest.raises(InvariantsBroken, match="19 kept, but the next number is 21"):
            await stall.books(world)


async def test_control_without_the_endpoints_lock_two_take_the_same_number(
    run: RunService, stall: "Stall", receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)

    async def look(tx: Transaction, endpoint_id: WebhookEndpointId) -> Endpoint | None:
        found = await webhook_endpoints.find_endpoint(tx, endpoint_id)
        await both_looked.wait()
        return found

    async def nothing(delivery: WebhookDelivery) -> int:
        return 0

    monkeypatch.setattr(WebhookDelivery, "deliver", nothing)
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        hook = await make(world, stall, f"{receiver.origin}/hooks")
        monkeypatch.setattr(webhook_endpoints, "lock_endpoint", look)
        path = f"/v1/webhooks/{hook['id']}/test"
        answers = await asyncio.gather(*(world.post(path, admin_of(stall)) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [202, 500]
        assert await numbers(world) == [1]


def said(stall: "Stall", world: Running, sequence: int) -> OrderPlaced:
    now = world.clock.now()
    return OrderPlaced(
        sequence=sequence,
        order_id=OrderId(fresh(OrderId)),
        event_id=stall.event_id,
        event_name="Lagos Jazz Night",
        organization_id=stall.organization_id,
        buyer_user_id=UserId(fresh(UserId)),
        buyer_email="ben@example.org",
        buyer_name=None,
        status="awaiting_payment",
        disputed=False,
        total=MoneyPart(amount=0, currency="NGN"),
        lines=[],
        admissions=[],
        page_path="/o/secret",
        placed_at=now,
        paid_at=None,
    )


async def _say(tx: Transaction, world: Running, messages: Sequence[OrderPlaced]) -> None:
    """Write to the outbox now, and not only when the transaction ends."""
    outbox.post_messages(tx.connection, "commerce", messages, tx.now, tx.entropy)
    await tx.execute(text("SELECT 1"))


async def _commit_in_the_other_order(world: Running, stall: "Stall") -> None:
    """The lower position becomes visible only after the cursor has had every occasion to pass the higher one."""
    async with world.database.transaction() as late:
        await _say(late, world, [said(stall, world, 1)])
        async with world.database.transaction() as early:
            await _say(early, world, [said(stall, world, 2)])

        async def the_higher_is_seen() -> bool:
            query = "SELECT horizon >= (SELECT max(position) FROM outbox) AS seen FROM webhook_cursor"
            return bool((await world.rows(query))[0]["seen"])

        await eventually(the_higher_is_seen, what="the horizon at the higher position")


async def test_what_commits_late_under_a_lower_position_is_told_too(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        await make(world, stall, f"{receiver.origin}/hooks")
        await _commit_in_the_other_order(world, stall)
        await hears(receiver, 2)
        assert [(one["number"], one["data"]["sequence"]) for one in receiver.heard] == [(1, 1), (2, 2)]


async def test_control_a_reader_that_waits_for_nobody_misses_what_commits_late(
    run: RunService, stall: "Stall", receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    look = webhook_cursor.look

    async def as_if_nobody_ran(tx: Transaction) -> Sight:
        seen = await look(tx)
        return Sight(seen.newest, seen.next_xid, seen.next_xid)

    monkeypatch.setattr(webhook_cursor, "look", as_if_nobody_ran)
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        await make(world, stall, f"{receiver.origin}/hooks")
        async with world.database.transaction() as late:
            await _say(late, world, [said(stall, world, 1)])
            async with world.database.transaction() as early:
                await _say(early, world, [said(stall, world, 2)])
            await hears(receiver, 1)
        async with world.database.transaction() as tx:
            await _say(tx, world, [said(stall, world, 3)])
        await hears(receiver, 2)
        assert [one["data"]["sequence"] for one in receiver.heard] == [2, 3]


async def test_an_organisation_gets_ten_webhooks_however_many_it_asks_for_at_once(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        made = await asyncio.gather(*(make(world, stall, f"{receiver.origin}/{one}") for one in range(14)))
        assert sorted(one["status_code"] for one in made) == [201] * 10 + [409] * 4
        assert {one["code"] for one in made if one["status_code"] == 409} == {"commerce.too_many_webhooks"}
        assert await world.count("webhook_endpoints") == MOST_ENDPOINTS


async def test_control_without_one_after_the_other_it_gets_more(
    run: RunService, stall: "Stall", receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints_of = webhook_endpoints.endpoints_of
    everyone_counted = asyncio.Barrier(3)

    async def no_lock(tx: Transaction, organization_id: OrganizationId) -> None:
        await asyncio.sleep(0)

    async def count_and_wait(tx: Transaction, organization_id: OrganizationId) -> list[Endpoint]:
        found = await endpoints_of(tx, organization_id)
        await everyone_counted.wait()
        return found

    async with run(settings={"webhook_origins": receiver.origin}) as world:
        for one in range(MOST_ENDPOINTS - 1):
            await make(world, stall, f"{receiver.origin}/{one}")
        monkeypatch.setattr(webhook_endpoints, "lock_organization", no_lock)
        monkeypatch.setattr(webhook_endpoints, "endpoints_of", count_and_wait)
        made = await asyncio.gather(*(make(world, stall, f"{receiver.origin}/more") for _ in range(3)))
        assert [one["status_code"] for one in made] == [201] * 3
        assert await world.count("webhook_endpoints") == MOST_ENDPOINTS + 2

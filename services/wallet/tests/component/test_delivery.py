"""Whatever order, however often and however broken messages arrive, the same wallet passes result."""

import json
from itertools import permutations

from common.ids import EventId, PassId
from common.messages import (
    EventCancelled,
    EventPublished,
    EventUpdated,
    Message,
    PassIssued,
    PassUpdated,
    PassVoided,
    WalletPassCreated,
)
from common.principal import Principal
from common.testing import RunService, eventually
from common.testing.principals import fresh
from common.testing.servers import Servers
from wallet.actions.record_pass import record_pass
from wallet.actions.republish import republish

STATE = """
    SELECT w.generation, w.status, w.code, w.attendee_name, p.status AS pass_status, p.awaits_event, e.name, e.status AS event_status
    FROM passes p JOIN events e ON e.id = p.event_id
    LEFT JOIN wallet_passes w ON w.pass_id = p.id AND w.generation = p.generation
    WHERE p.id = :pass_id
"""


async def test_an_event_and_its_pass_may_arrive_in_any_order_and_end_alike(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    ends = []
    async with run() as world:
        for order in permutations(range(4)):
            new = {"event_id": EventId(fresh(EventId)), "pass_id": PassId(fresh(PassId))}
            issued = ticket.model_copy(update=new)
            story: list[Message] = [
                event.model_copy(update={"event_id": new["event_id"]}),
                issued,
                PassUpdated(**issued.model_dump() | {"sequence": 2, "attendee_name": "Ada King"}),
                PassVoided(**issued.model_dump() | {"sequence": 3, "status": "voided"}),
            ]
            await world.hear(*(story[place] for place in order))
            ends.append([dict(row) for row in await world.rows(STATE, pass_id=issued.pass_id.uuid)])
    assert (
        ends
        == [
            [
                {
                    "generation": 1,
                    "status": "voided",
                    "code": "LYD1.first-code",
                    "attendee_name": "Ada Lovelace",
                    "pass_status": "voided",
                    "awaits_event": False,
                    "name": event.name,
                    "event_status": "published",
                }
            ]
        ]
        * 24
    )


async def test_a_pass_issued_after_its_event_was_cancelled_is_void_from_the_start(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    cancelled = EventCancelled(**event.model_dump() | {"sequence": 4, "status": "cancelled"})
    held = PassUpdated(**ticket.model_dump() | {"sequence": 2})
    async with run() as world:
        await world.hear(cancelled, ticket, held)
        rows = await world.rows("SELECT status FROM wallet_passes")
        created = await world.said(WalletPassCreated)
    assert rows == [{"status": "voided"}]
    assert created == []


async def test_the_same_message_twice_has_one_effect(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await world.hear(event)
        number = await world.send(ticket)
        await world.handled(number)
        await world.send(ticket, message_id=number)
        await world.hear(ticket, ticket)
        assert await world.count("wallet_passes") == 1
        assert len(await world.said(WalletPassCreated)) == 1


async def test_an_older_state_of_an_event_changes_nothing(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    newer = EventUpdated(**event.model_dump() | {"sequence": 9, "name": "Renamed"})
    async with run() as world:
        await world.hear(newer, event, ticket)
        assert await world.rows("SELECT name, sequence FROM events") == [{"name": "Renamed", "sequence": 9}]


async def test_a_message_with_fields_of_a_later_release_is_understood(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    body = json.dumps({**json.loads(ticket.body()), "seat": {"row": "F", "number": 12}})
    async with run() as world:
        await world.hear(event)
        await world.handled(await world.send(ticket, body=body))
        assert await world.count("wallet_passes") == 1


async def test_a_poisoned_message_is_set_aside_and_the_next_ones_go_on(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await world.send(ticket, body='{"passId": 7}')

        async def buried() -> bool:
            return await world.count("dead_letters") == 1

        await eventually(buried)
        await world.hear(event, ticket)
        assert await world.count("wallet_passes") == 1


async def test_what_was_committed_before_a_crash_is_said_after_it(
    run: RunService, servers: Servers, event: EventPublished, ticket: PassIssued
) -> None:
    urls, unsent = servers.database("wallet"), "SELECT 1 FROM outbox WHERE sent_at IS NULL"
    try:
        async with run(urls=urls) as world:
            await world.hear(event)
            world.broker.kill()
            async with world.database.transaction() as transaction:
                await record_pass(transaction, ticket)
            assert len(await world.rows(unsent)) == 1
        async with run(urls=urls) as world:

            async def all_sent() -> bool:
                return not await world.rows(unsent)

            await eventually(all_sent)
            assert len(await world.said(WalletPassCreated)) == 1
    finally:
        servers.drop(urls)


async def test_an_emptied_copy_is_rebuilt_from_what_events_says_again(
    run: RunService, event: EventPublished, ticket: PassIssued, holder: Principal
) -> None:
    path = f"/v1/passes/{ticket.pass_id}/wallet"
    async with run() as world:
        await world.hear(event, ticket)
        before = (await world.get(path, by=holder)).json()
        async with world.database.transaction() as transaction:
            for statement in ("DELETE FROM events", "DELETE FROM organizations", "DELETE FROM ticket_tiers"):
                await transaction.connection.exec_driver_sql(statement)
        assert (await world.get(path, by=holder)).status_code == 404
        await world.hear(event, ticket)
        assert (await world.get(path, by=holder)).json() == before


async def test_republish_says_every_wallet_pass_as_it_is_now(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await world.hear(event, ticket)
        async with world.database.transaction() as transaction:
            assert await republish(transaction) == 1
        said = await world.said(WalletPassCreated)
    assert len(said) == 2
    assert said[0] == said[1]

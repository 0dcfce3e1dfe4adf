"""Things that happen at the same moment, each with a control that fails when its guard is taken away."""

import asyncio
from dataclasses import fields

import pytest
from sqlalchemy.exc import IntegrityError

from common.db import Database
from common.messages import EventPublished, PassIssued, PassUpdated, WalletPassCreated
from common.testing import Running, RunService, eventually
from common.testing.principals import fresh
from wallet.actions.keep_wallet_pass import keep_wallet_pass
from wallet.actions.record_event import record_event
from wallet.actions.record_pass import record_pass
from wallet.domain.pass_copy import PassCopy
from wallet.store import copies

TRIALS = 20
WAITING = """
    SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE locktype = 'advisory' AND NOT granted AND d.datname = current_database()
"""


def copy_of(ticket: PassIssued | PassUpdated) -> PassCopy:
    values = ticket.model_dump() | {"id": ticket.pass_id}
    return PassCopy(**{field.name: values[field.name] for field in fields(PassCopy)})


async def hear_event(database: Database, event: EventPublished) -> None:
    async with database.transaction() as transaction:
        await record_event(transaction, event)


async def hear_pass(database: Database, ticket: PassIssued | PassUpdated) -> None:
    async with database.transaction() as transaction:
        await record_pass(transaction, ticket)


def event_values(event: EventPublished) -> dict[str, object]:
    values = event.model_dump() | {"id": event.event_id, "venue": None}
    names = ("id", "organization_id", "name", "status", "starts_at", "ends_at", "timezone", "venue", "sequence")
    return {name: values[name] for name in names}


async def miss_one_another(world: Running, event: EventPublished, ticket: PassIssued, *, guarded: bool) -> None:
    """An event and its pass: both look for the other before either commits, as far as the guard lets them."""

    async def event_arrives() -> None:
        async with world.database.transaction() as transaction:
            if guarded:
                copies.lock_event(transaction, event.event_id, alone=True)
            await copies.save_event(transaction, event_values(event))
            for copy, status in await copies.take_waiting_passes(transaction, 10, event.event_id):
                await keep_wallet_pass(transaction, copy, status)

    async with world.database.transaction() as transaction:
        if guarded:
            copies.lock_event(transaction, event.event_id, alone=False)
        status = copies.ask_status_of_event(transaction, event.event_id)
        await copies.save_pass(transaction, copy_of(ticket))
        if status.answer() is None:
            copies.await_event(transaction, ticket.pass_id)
        arriving = asyncio.create_task(event_arrives())
        if guarded:
            await eventually(lambda: world.rows(WAITING), what="the event waiting for the pass")
        else:
            await arriving
    await arriving


async def test_an_event_waits_for_a_pass_that_looked_for_it_and_then_makes_its_wallet_pass(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await miss_one_another(world, event, ticket, guarded=True)
        assert await world.count("wallet_passes") == 1


async def test_control_without_the_lock_they_miss_one_another(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await miss_one_another(world, event, ticket, guarded=False)
        assert await world.count("wallet_passes") == 0
        assert await world.rows("SELECT awaits_event FROM passes") == [{"awaits_event": True}]


async def test_event_and_passes_arriving_together_end_in_one_wallet_pass_each(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    kinds = type(event.event_id), type(ticket.pass_id)
    async with run() as world:
        for _ in range(TRIALS):
            here = event.model_copy(update={"event_id": kinds[0](fresh(kinds[0]))})
            tickets = [
                ticket.model_copy(update={"pass_id": kinds[1](fresh(kinds[1])), "event_id": here.event_id})
                for _ in range(4)
            ]
            await asyncio.gather(
                *(hear_pass(world.database, one) for one in tickets[:2]),
                hear_event(world.database, here),
                *(hear_pass(world.database, one) for one in tickets[2:]),
            )
        assert await world.count("wallet_passes") == 4 * TRIALS
        assert len(await world.said(WalletPassCreated)) == 4 * TRIALS


async def test_one_pass_told_many_times_at_once_is_made_once(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    async with run() as world:
        await world.hear(event)
        await asyncio.gather(*(hear_pass(world.database, ticket) for _ in range(TRIALS)))
        assert await world.count("wallet_passes") == 1
        assert len(await world.said(WalletPassCreated)) == 1


async def test_a_transfer_beside_the_first_issue_always_ends_with_the_new_holder_alone(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    kind = type(ticket.pass_id)
    async with run() as world:
        await world.hear(event)
        for _ in range(TRIALS):
            issued = ticket.model_copy(update={"pass_id": kind(fresh(kind))})
            handed_on = PassUpdated(**issued.model_dump() | {"sequence": 2, "generation": 2, "code": "LYD1.new"})
            await asyncio.gather(hear_pass(world.database, handed_on), hear_pass(world.database, issued))
        live = await world.rows(
            "SELECT generation, code, count(*) AS n FROM wallet_passes WHERE status = 'live' GROUP BY 1, 2"
        )
    assert live == [{"generation": 2, "code": "LYD1.new", "n": TRIALS}]


async def test_control_without_the_sequence_check_an_older_generation_would_come_back(
    run: RunService, event: EventPublished, ticket: PassIssued
) -> None:
    handed_on = PassUpdated(**ticket.model_dump() | {"sequence": 2, "generation": 2, "code": "LYD1.new"})
    async with run() as world:
        await world.hear(event, handed_on)
        with pytest.raises(IntegrityError, match="uq_wallet_passes_one_live_per_pass"):
            async with world.database.transaction() as transaction:
                await keep_wallet_pass(transaction, copy_of(ticket), "published")
        assert await world.rows("SELECT generation, status FROM wallet_passes") == [{"generation": 2, "status": "live"}]

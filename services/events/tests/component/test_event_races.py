"""Organisers who do things at the same moment; the lock on the event is taken away once."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from common.db import Transaction
from common.messages import (
    TicketTierSaved,
)
from common.testing import FrozenClock, Running, RunService
from events.store import events

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

GATES = 12
TRIALS = 5


async def test_two_first_prices_named_at_once_leave_one_currency(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        for _ in range(TRIALS):
            draft = await stage.draft(world)
            answers = await asyncio.gather(*(name_price(world, stage, draft, each) for each in ("NGN", "USD")))
            assert sorted(answers) == [(201, None), (422, "events.other_currency")]
        rows = await world.rows(
            "SELECT bool_and(charged_currency = currency) AS same FROM ticket_tiers t JOIN events e ON e.id = t.event_id"
        )
        assert rows == [{"same": True}]
        assert len(await world.said(TicketTierSaved)) == TRIALS


async def name_price(world: Running, stage: "Stage", event: dict[str, Any], currency: str) -> tuple[int, str | None]:
    body = {"name": currency, "price": {"amount": 100, "currency": currency}, "capacity": 1}
    answer = await world.post(f"/v1/events/{event['id']}/ticket-tiers", stage.member("owner"), json=body)
    return answer.status_code, answer.json().get("code")


async def test_control_without_the_lock_on_the_event_the_foreign_key_still_keeps_one_currency(
    run: RunService, stage: "Stage", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        both = asyncio.Barrier(2)

        async def find_together(tx: Transaction, reference: Any) -> object:
            found = await events.find_event(tx, reference)
            await asyncio.wait_for(both.wait(), 20)
            return found

        monkeypatch.setattr(events, "lock_event", find_together)
        answers = await asyncio.gather(*(name_price(world, stage, draft, each) for each in ("NGN", "USD")))
        assert sorted(answers) == [(201, None), (500, "common.internal_fault")]
        assert len(await world.rows("SELECT DISTINCT charged_currency FROM ticket_tiers")) == 1


async def test_events_of_one_name_made_at_once_get_addresses_of_their_own(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        made = await asyncio.gather(*(stage.draft(world) for _ in range(GATES)))
        assert len({each["slug"] for each in made}) == GATES
        assert sum(each["slug"] == "lagos-jazz-night" for each in made) == 1


async def test_of_two_edits_from_the_same_state_at_once_one_is_kept(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        path, owner, tag = f"/v1/events/{draft['id']}", stage.member("owner"), {"If-Match": '"1"'}
        edits = (world.patch(path, owner, json={"name": f"Edit {n}"}, headers=tag) for n in range(GATES))
        answers = await asyncio.gather(*edits)
        assert Counter(answer.status_code for answer in answers) == {200: 1, 412: GATES - 1}
        kept = next(answer.json() for answer in answers if answer.status_code == 200)
        assert (await world.get(path, owner)).json() == kept

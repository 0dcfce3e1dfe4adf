"""Tiers and agendas over HTTP."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from common.ids import EventId, TicketTierId
from common.messages import EventUpdated, MoneyPart, TicketTierAvailabilityChanged, TicketTierSaved
from common.testing import FrozenClock, RunService
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

FREE = {"amount": 0, "currency": "USD"}


async def test_the_first_price_fixes_the_currency_and_free_tiers_follow_it(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        free = await stage.tier(world, draft, name="Free", price=FREE)
        assert free["price"] == FREE
        assert [message.price for message in await world.said(TicketTierSaved)] == [None]
        clock.advance(timedelta(milliseconds=1))
        await stage.tier(world, draft)
        path, owner = f"/v1/events/{draft['id']}", stage.member("owner")
        assert (await world.get(path, owner)).json()["currency"] == "NGN"
        told = (await world.said(TicketTierSaved))[1:]
        assert [(each.ticket_tier_id, each.price) for each in told] == [
            (free["id"], MoneyPart(amount=0, currency="NGN")),
            (told[1].ticket_tier_id, MoneyPart(amount=150_000, currency="NGN")),
        ]
        shown = (await world.get(f"{path}/ticket-tiers", owner)).json()["items"]
        assert [each["price"] for each in shown] == [
            {"amount": 0, "currency": "NGN"},
            {"amount": 150_000, "currency": "NGN"},
        ]
        body = {"name": "Other", "price": {"amount": 1, "currency": "USD"}, "capacity": 1}
        refused = await world.post(f"{path}/ticket-tiers", owner, json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "events.other_currency")
        assert refused.json()["errors"][0]["pointer"] == "/price/currency"
        changed = {"json": {"price": {"amount": 5, "currency": "USD"}}, "headers": {"If-Match": "*"}}
        assert (await world.patch(f"{path}/ticket-tiers/{free['id']}", owner, **changed)).status_code == 422
        assert (await world.count("ticket_tiers"), len(await world.said(TicketTierSaved))) == (2, 3)


async def test_a_price_put_on_a_public_events_free_tier_is_told_for_both(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        tier = await stage.tier(world, draft, price=FREE)
        await stage.publish(world, draft)
        path, owner = f"/v1/events/{draft['id']}/ticket-tiers/{tier['id']}", stage.member("owner")
        body = {"price": {"amount": 700, "currency": "NGN"}}
        answer = await world.patch(path, owner, json=body, headers={"If-Match": "*"})
        assert answer.json()["price"] == body["price"]
        told = (await world.said(TicketTierSaved))[-1]
        assert (told.price, told.sequence) == (MoneyPart(amount=700, currency="NGN"), answer.json()["version"])
        assert [message.currency for message in await world.said(EventUpdated)] == ["NGN"]


async def test_a_tier_is_changed_by_who_read_its_present_state(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        path, owner = f"/v1/events/{event['slug']}/ticket-tiers/{tier['id']}", stage.member("owner")
        tag = (await world.get(path)).headers["etag"]
        smaller = await world.patch(path, owner, json={"capacity": 5}, headers={"If-Match": tag})
        assert smaller.json()["capacity"] == 5
        late = await world.patch(path, owner, json={"capacity": 9}, headers={"If-Match": tag})
        assert late.status_code == 412
        assert (await world.patch(path, owner, json={"capacity": 9})).status_code == 428
        assert (await world.said(TicketTierSaved))[-1].capacity == 5
        assert (await world.get(path)).json()["capacity"] == 5


async def test_a_retired_tier_is_told_and_hidden_from_the_public_list(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        path, owner = f"/v1/events/{event['id']}/ticket-tiers", stage.member("owner")
        await world.patch(f"{path}/{tier['id']}", owner, json={"retired": True}, headers={"If-Match": "*"})
        assert (await world.said(TicketTierSaved))[-1].retired is True
        assert (await world.get(path)).json() == {"items": []}
        assert [each["retired"] for each in (await world.get(path, owner)).json()["items"]] == [True]
        assert (await world.get(f"{path}/{tier['id']}")).json()["retired"] is True


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"price": {"amount": -1, "currency": "NGN"}}, "/price/amount"),
        ({"price": {"amount": 1.5, "currency": "NGN"}}, "/price/amount"),
        ({"price": {"amount": 1, "currency": "XXZ"}}, "/price/currency"),
        ({"capacity": -1}, "/capacity"),
        ({"capacity": "10"}, "/capacity"),
        ({"minPerOrder": 5, "maxPerOrder": 4}, "/minPerOrder"),
        ({"minPerOrder": 0}, "/minPerOrder"),
        ({"salesStartAt": "2026-11-02T00:00:00Z", "salesEndAt": "2026-11-01T00:00:00Z"}, "/salesEndAt"),
        ({"sold": 3}, "/sold"),
    ],
)
async def test_a_tier_with_a_wrong_value_is_refused_and_not_told(
    run: RunService, stage: "Stage", clock: FrozenClock, changes: dict[str, object], pointer: str
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        body = {"name": "X", "price": {"amount": 1, "currency": "NGN"}, "capacity": 1, **changes}
        answer = await world.post(f"/v1/events/{draft['id']}/ticket-tiers", stage.member("owner"), json=body)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert (await world.count("ticket_tiers"), await world.said(TicketTierSaved)) == (0, [])


async def test_a_tier_of_another_event_is_not_found_there(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        _, tier = await stage.on_sale(world)
        other = await stage.draft(world)
        path, owner = f"/v1/events/{other['id']}/ticket-tiers/{tier['id']}", stage.member("owner")
        assert (await world.get(path, owner)).json()["code"] == "events.no_such_ticket_tier"
        answer = await world.patch(path, owner, json={"capacity": 1}, headers={"If-Match": "*"})
        assert answer.status_code == 404
        assert await world.rows("SELECT capacity FROM ticket_tiers") == [{"capacity": 100}]


async def test_commerces_word_about_a_tier_is_shown_and_an_older_word_changes_nothing(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        path = f"/v1/events/{event['id']}/ticket-tiers"
        assert (await world.get(path)).json()["items"][0]["availability"] is None

        def word(availability: str, sequence: int) -> TicketTierAvailabilityChanged:
            values = {"ticket_tier_id": tier["id"], "event_id": event["id"], "availability": availability}
            return TicketTierAvailabilityChanged.model_validate({**values, "sequence": sequence})

        tag = (await world.get(f"{path}/{tier['id']}")).headers["etag"]
        await world.hear(word("sold_out", 3), word("few", 2))
        shown = await world.get(f"{path}/{tier['id']}", headers={"If-None-Match": tag})
        assert (shown.status_code, shown.json()["availability"]) == (200, "sold_out")
        owner = stage.member("owner")
        changed = await world.patch(
            f"{path}/{tier['id']}", owner, json={"capacity": 7}, headers={"If-Match": shown.headers["etag"]}
        )
        assert changed.json()["availability"] == "sold_out"
        unknown = word("few", 1).model_copy(
            update={"ticket_tier_id": TicketTierId(fresh(TicketTierId)), "event_id": EventId(fresh(EventId))}
        )
        await world.hear(unknown)
        assert await world.count("dead_letters") == 0


async def test_an_agenda_is_shown_in_the_order_it_happens(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, _ = await stage.on_sale(world)
        path, owner = f"/v1/events/{event['id']}/sessions", stage.member("owner")
        late = {"name": "Headliner", "startsAt": "2026-11-20T21:00:00Z", "endsAt": "2026-11-20T23:00:00Z"}
        soon = {
            "name": "Opening",
            "room": "Main hall",
            "speakers": ["Olu", "Ada"],
            "startsAt": "2026-11-20T20:00:00+01:00",
            "endsAt": "2026-11-20T20:00:00Z",
        }
        assert (await world.post(path, owner, json=late)).status_code == 201
        added = await world.post(path, owner, json=soon)
        assert (added.status_code, added.json()["speakers"]) == (201, ["Olu", "Ada"])
        assert [each["name"] for each in (await world.get(path)).json()["items"]] == ["Opening", "Headliner"]
        outside = await world.post(path, owner, json={**late, "endsAt": "2026-11-21T23:00:00Z"})
        assert (outside.status_code, outside.json()["code"]) == (422, "events.session_outside_event")
        assert await world.count("sessions") == 2


async def test_the_agenda_and_tiers_of_a_draft_are_for_its_team(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        tier = await stage.tier(world, draft)
        for path in ("ticket-tiers", "sessions", f"ticket-tiers/{tier['id']}"):
            assert (await world.get(f"/v1/events/{draft['id']}/{path}")).status_code == 404
            assert (await world.get(f"/v1/events/{draft['id']}/{path}", stage.member("viewer"))).status_code == 200

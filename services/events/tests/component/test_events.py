"""Events over HTTP: who may see and change them, what is refused, and what others are told."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from common.ids import EventId, OrganizationId, WorkspaceId
from common.messages import EventPublished
from common.principal import ANONYMOUS
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage


async def test_a_draft_is_there_for_its_team_and_for_nobody_else(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        path, of_organization = f"/v1/events/{draft['id']}", {"organizationId": stage.organization_id}
        nothing = await world.get(f"/v1/events/{fresh(EventId)}", principals.user())
        for role in ("owner", "manager", "finance", "scanner", "viewer", "suspended"):
            assert (await world.get(path, stage.member(role))).json() == draft
            listed = await world.get("/v1/events", stage.member(role), params=of_organization)
            assert [item["id"] for item in listed.json()["items"]] == [draft["id"]]
        other_team = principals.member_of(OrganizationId(fresh(OrganizationId)), "owner")
        for stranger in (ANONYMOUS, principals.user(), other_team):
            answer = await world.get(path, stranger)
            assert answer.status_code == 404
            assert answer.json() | {"traceId": ""} == nothing.json() | {"traceId": ""}
            listed = await world.get("/v1/events", stranger, params=of_organization)
            assert listed.json() == {"items": [], "nextCursor": None}
            assert (await world.get("/v1/events/lagos-jazz-night", stranger)).status_code == 404


async def test_members_of_a_workspace_see_and_change_its_events_only(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    workspace = WorkspaceId(fresh(WorkspaceId))
    editor = principals.workspace_member(workspace, "editor")
    async with run(clock=clock) as world:
        inside = await stage.draft(world, workspaceId=workspace)
        outside = await stage.draft(world)
        listed = await world.get("/v1/events", editor, params={"organizationId": stage.organization_id})
        assert [item["id"] for item in listed.json()["items"]] == [inside["id"]]
        renamed = {"json": {"name": "Renamed"}, "headers": {"If-Match": "*"}}
        assert (await world.patch(f"/v1/events/{inside['id']}", editor, **renamed)).status_code == 200
        assert (await world.patch(f"/v1/events/{outside['id']}", editor, **renamed)).status_code == 404
        viewer = principals.workspace_member(workspace, "viewer")
        refused = await world.patch(f"/v1/events/{inside['id']}", viewer, **renamed)
        assert (refused.status_code, refused.json()["capability"]) == (403, "events:event:write")
        names = {row["name"] for row in await world.rows("SELECT name FROM events")}
        assert names == {"Renamed", "Lagos Jazz Night"}


async def test_a_role_in_a_workspace_does_not_reach_into_an_organisation_named_beside_it(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    workspace = WorkspaceId(fresh(WorkspaceId))
    manager = principals.workspace_member(workspace, "manager")
    async with run(clock=clock) as world:
        answer = await world.post("/v1/events", manager, json=stage.new_event(workspaceId=workspace))
        assert answer.status_code == 404
        assert await world.count("events") == 0


@pytest.mark.parametrize("role", ["finance", "scanner", "viewer", "suspended"])
async def test_who_may_read_but_not_write_is_told_what_is_missing(
    run: RunService, stage: "Stage", clock: FrozenClock, role: str
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        tier = await stage.tier(world, draft)
        path, member = f"/v1/events/{draft['id']}", stage.member(role)
        attempts: list[tuple[str, str, dict[str, Any] | None]] = [
            ("POST", "/v1/events", stage.new_event()),
            ("PATCH", path, {"name": "Mine"}),
            ("POST", f"{path}/publish", None),
            ("POST", f"{path}/cancel", None),
            ("POST", f"{path}/ticket-tiers", {"name": "X", "price": {"amount": 0, "currency": "NGN"}, "capacity": 1}),
            ("PATCH", f"{path}/ticket-tiers/{tier['id']}", {"capacity": 1}),
            ("POST", f"{path}/sessions", {"name": "X", "startsAt": draft["startsAt"], "endsAt": draft["endsAt"]}),
        ]
        for method, target, body in attempts:
            answer = await world.call(method, target, member, json=body, headers={"If-Match": "*"})
            assert (answer.status_code, answer.json()["code"]) == (403, "common.missing_capability"), target
            assert answer.json()["capability"] == "events:event:write"
            stranger = await world.call(method, target, principals.user(), json=body, headers={"If-Match": "*"})
            assert stranger.status_code == 404, target
        assert (await world.get(path, member)).json()["version"] == draft["version"] + 1  # the tier fixed its currency
        assert (await world.count("events"), await world.count("ticket_tiers"), await world.count("sessions")) == (
            1,
            1,
            0,
        )
        assert await world.said(EventPublished) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"endsAt": "2026-11-20T20:00:00+01:00"}, "/endsAt"),
        ({"doorsOpenAt": "2026-11-21T00:00:00+01:00"}, "/doorsOpenAt"),
        ({"startsAt": "2026-11-20T20:00:00"}, "/startsAt"),
        ({"startsAt": "0001-01-01T00:00:00Z"}, "/startsAt"),
        ({"name": "   "}, "/name"),
        ({"name": "null\u0000byte"}, "/name"),
        ({"status": "published"}, "/status"),
        ({"id": "evt_01k9e0xq3wfkzv8h8d3rj4n5m6"}, "/id"),
        ({"organizationId": "usr_01k9e0xq3wfkzv8h8d3rj4n5m6"}, "/organizationId"),
        ({"venue": {"name": "Terra", "latitude": 91, "longitude": 0}}, "/venue/latitude"),
        ({"venue": {"name": "Terra", "latitude": 6.5}}, "/venue"),
        ({"venue": {"name": "Terra", "country": "Nigeria"}}, "/venue/country"),
    ],
)
async def test_a_value_that_is_wrong_is_named_and_nothing_is_made(
    run: RunService, stage: "Stage", clock: FrozenClock, changes: dict[str, object], pointer: str
) -> None:
    async with run(clock=clock) as world:
        answer = await world.post("/v1/events", stage.member("owner"), json=stage.new_event(**changes))
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await world.count("events") == 0


async def test_an_address_is_made_once_and_set_apart_where_it_is_taken(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        first, second = await stage.draft(world), await stage.draft(world)
        assert first["slug"] == "lagos-jazz-night"
        assert second["slug"] == f"lagos-jazz-night-{second['id'][-6:]}"
        owner = stage.member("owner")
        answer = await world.patch(
            f"/v1/events/{first['id']}", owner, json={"name": "Abuja"}, headers={"If-Match": "*"}
        )
        assert (answer.json()["name"], answer.json()["slug"]) == ("Abuja", "lagos-jazz-night")


async def test_a_reference_that_is_neither_id_nor_slug_is_refused_at_the_edge(run: RunService) -> None:
    async with run() as world:
        for wrong in ("usr_01k9e0xq3wfkzv8h8d3rj4n5m6", "evt_123", "Not A Slug", "-"):
            answer = await world.get(f"/v1/events/{wrong}")
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/eventId"), wrong


async def test_of_two_who_edit_the_second_is_told(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        path, owner = f"/v1/events/{draft['id']}", stage.member("owner")
        tag = (await world.get(path, owner)).headers["etag"]
        mine = await world.patch(path, owner, json={"name": "Mine"}, headers={"If-Match": tag})
        assert (mine.status_code, mine.json()["name"]) == (200, "Mine")
        late = await world.patch(path, owner, json={"name": "Late"}, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "events.changed_meanwhile")
        silent = await world.patch(path, owner, json={"name": "Silent"})
        assert (silent.status_code, silent.json()["code"]) == (428, "events.if_match_missing")
        foreign = await world.patch(path, owner, json={"name": "X"}, headers={"If-Match": '"something-else"'})
        assert foreign.status_code == 412
        assert (await world.get(path, owner)).json()["name"] == "Mine"
        again = await world.patch(path, owner, json={"name": "Again"}, headers={"If-Match": mine.headers["etag"]})
        assert again.json()["name"] == "Again"


async def test_only_what_may_be_unknown_can_be_set_to_null(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world, description="Bring ears", doorsOpenAt="2026-11-20T10:00:00Z")
        path, owner, any_version = f"/v1/events/{draft['id']}", stage.member("owner"), {"If-Match": "*"}
        for name in ("name", "startsAt", "endsAt", "timezone"):
            assert (await world.patch(path, owner, json={name: None}, headers=any_version)).status_code == 422
        cleared = {"description": None, "venue": None, "doorsOpenAt": None}
        answer = (await world.patch(path, owner, json=cleared, headers=any_version)).json()
        assert {name: answer[name] for name in cleared} == cleared
        assert (await world.patch(path, owner, json=cleared, headers=any_version)).json()["version"] == answer[
            "version"
        ]


async def test_who_has_the_public_answer_already_is_not_sent_it_again(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, _ = await stage.on_sale(world)
        for path in (
            "",
            f"/{event['id']}",
            f"/{event['slug']}",
            f"/{event['id']}/ticket-tiers",
            f"/{event['id']}/sessions",
        ):
            first = await world.get(f"/v1/events{path}")
            held = {"If-None-Match": f'"older", W/{first.headers["etag"]}'}
            again = await world.get(f"/v1/events{path}", headers=held)
            assert (again.status_code, again.headers["cache-control"]) == (304, "public, max-age=1")
            for known in (principals.user(), stage.member("owner")):
                mine = await world.get(f"/v1/events{path}", known)
                assert (mine.status_code, mine.headers["cache-control"]) == (200, "private, no-cache")
        owner = stage.member("owner")
        await world.patch(f"/v1/events/{event['id']}", owner, json={"name": "New"}, headers={"If-Match": "*"})
        changed = await world.get("/v1/events", headers=held)
        assert changed.json()["items"][0]["name"] == "New"


async def test_a_list_pages_through_everything_once_while_more_is_added(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        made = []
        for number in range(5):
            clock.advance(timedelta(milliseconds=1))
            made.append((await stage.publish(world, await stage.draft(world, name=f"Night {number}")))["id"])
        seen: list[str] = []
        cursor = None
        while True:
            page = (await world.get("/v1/events", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            seen += [item["id"] for item in page["items"]]
            clock.advance(timedelta(milliseconds=1))
            await stage.publish(world, await stage.draft(world, name=f"Late {len(seen)}"))
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert seen == made[::-1]
        assert (await world.get("/v1/events", params={"cursor": "nonsense"})).status_code == 422
        assert (await world.get("/v1/events", params={"limit": 201})).status_code == 422

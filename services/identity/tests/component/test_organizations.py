"""Organisations, their workspaces and their teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.messages import MemberChanged, OrganizationCreated, OrganizationSuspended, OrganizationUpdated
from common.principal import ANONYMOUS
from common.testing import RunService

if TYPE_CHECKING:
    import httpx
    from services.identity.tests.conftest import People


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_whoever_founds_an_organisation_owns_it_from_the_next_request_on(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        before = await people.seen(world, ada)
        made = await world.post("/v1/organizations", before, json={"name": "Acme", "slug": "acme"})
        assert (made.status_code, made.json()["role"], made.json()["slug"]) == (201, "owner", "acme")
        after = await people.seen(world, ada)
        assert dict(after.organization_roles) == {made.json()["id"]: "owner"}
        assert after.authorization_version > before.authorization_version
        [said] = await world.said(OrganizationCreated)
        assert (said.organization_id, said.name, said.suspended, said.sequence) == (made.json()["id"], "Acme", False, 1)
        [joined] = await world.said(MemberChanged)
        assert (joined.user_id, joined.role, joined.workspace_id) == (ada.user_id, "owner", None)
        listed = await world.get("/v1/organizations", after)
        assert [(item["slug"], item["role"]) for item in listed.json()["items"]] == [("acme", "owner")]


async def test_a_slug_belongs_to_one_organisation(run: RunService, people: People) -> None:
    async with run() as world:
        ada, bob = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "bob@example.org")
        organization_id = await people.found(world, ada, "acme")
        taken = await world.post(
            "/v1/organizations", await people.seen(world, bob), json={"name": "Other", "slug": "acme"}
        )
        assert _refusal(taken) == (409, "identity.slug_taken")
        other = await people.found(world, bob, "other")
        renamed = await world.patch(f"/v1/organizations/{other}", await people.seen(world, bob), json={"slug": "acme"})
        assert _refusal(renamed) == (409, "identity.slug_taken")
        assert await world.count("organizations") == 2
        assert (await people.seen(world, bob)).organization_roles.get(organization_id) is None


async def test_a_stranger_learns_nothing_of_an_organisation(run: RunService, people: People) -> None:
    async with run() as world:
        ada, eve = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "eve@example.org")
        organization_id = await people.found(world, ada)
        by = await people.seen(world, eve)
        path = f"/v1/organizations/{organization_id}"
        answers = [
            await world.get(path, by),
            await world.patch(path, by, json={"name": "Mine"}),
            await world.get(f"{path}/members", by),
            await world.post(f"{path}/members", by, json={"email": "eve@example.org", "role": "viewer"}),
            await world.get(f"{path}/workspaces", by),
            await world.post(f"{path}/workspaces", by, json={"name": "W", "slug": "w"}),
            await world.get(f"{path}/devices", by),
            await world.post(f"{path}/api-keys", by, json={"name": "K", "role": "viewer"}),
            await world.get("/v1/organizations/org_01m7x552h8e7m8c9bp0rjx0fnw", by),
        ]
        assert [_refusal(answer) for answer in answers] == [(404, "common.not_found")] * 9
        assert await world.count("team_members") == 1
        assert await world.count("workspaces") == 0


async def test_nobody_founds_an_organisation_without_signing_in(run: RunService) -> None:
    async with run() as world:
        refused = await world.post("/v1/organizations", ANONYMOUS, json={"name": "Acme", "slug": "acme"})
        assert _refusal(refused) == (401, "common.unauthenticated")
        assert await world.count("organizations") == 0


async def test_a_change_of_name_is_said_with_a_higher_sequence(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        by = await people.seen(world, ada)
        changed = await world.patch(f"/v1/organizations/{organization_id}", by, json={"name": "Acme & Sons"})
        assert (changed.json()["name"], changed.json()["slug"]) == ("Acme & Sons", "acme")
        assert [(said.name, said.sequence) for said in await world.said(OrganizationUpdated)] == [("Acme & Sons", 2)]


async def test_a_suspended_organisation_may_read_and_nothing_more(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        suspend = world.app.state.parts.commands["organizations:suspend"]
        await suspend({"organizationId": organization_id})
        by = await people.seen(world, ada)
        assert dict(by.organization_roles) == {organization_id: "suspended"}
        assert (await world.get(f"/v1/organizations/{organization_id}", by)).status_code == 200
        refused = await world.patch(f"/v1/organizations/{organization_id}", by, json={"name": "X"})
        assert _refusal(refused) == (403, "common.missing_capability")
        await world.app.state.parts.commands["organizations:unsuspend"]({"organizationId": organization_id})
        assert dict((await people.seen(world, ada)).organization_roles) == {organization_id: "owner"}


async def test_suspending_and_restoring_are_said_once_each_with_the_whole_state(
    run: RunService, people: People
) -> None:
    async with run() as world:
        organization_id = await people.found(world, await people.sign_in(world, "ada@example.org"))
        for command in ("suspend", "suspend", "unsuspend", "unsuspend"):
            await world.app.state.parts.commands[f"organizations:{command}"]({"organizationId": organization_id})
        said = [(one.suspended, one.sequence, one.name) for one in await world.said(OrganizationSuspended)]
        assert said == [(True, 2, "Acme"), (False, 3, "Acme")]
        assert await world.said(OrganizationUpdated) == []


async def test_workspace_members_have_their_role_there_alone(run: RunService, people: People) -> None:
    async with run() as world:
        ada, wil = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "wil@example.org")
        organization_id = await people.found(world, ada)
        by = await people.seen(world, ada)
        made = await world.post(
            f"/v1/organizations/{organization_id}/workspaces", by, json={"name": "Jazz", "slug": "jazz"}
        )
        path = f"/v1/workspaces/{made.json()['id']}/members"
        added = await world.post(path, by, json={"email": "wil@example.org", "role": "editor"})
        assert (added.status_code, added.json()["status"]) == (201, "active")
        seen = await people.seen(world, wil)
        assert (dict(seen.organization_roles), dict(seen.workspace_roles)) == ({}, {made.json()["id"]: "editor"})
        promoted = await world.patch(f"{path}/{added.json()['id']}", by, json={"role": "manager"})
        assert promoted.json()["role"] == "manager"
        owner_there = await world.post(path, by, json={"email": "eve@example.org", "role": "owner"})
        assert owner_there.status_code == 422
        outsider = await world.post(path, seen, json={"email": "eve@example.org", "role": "viewer"})
        assert _refusal(outsider) == (404, "common.not_found")
        assert [item["email"] for item in (await world.get(path, by)).json()["items"]] == ["wil@example.org"]
        assert (await world.delete(f"{path}/{added.json()['id']}", await people.seen(world, wil))).status_code == 204
        assert dict((await people.seen(world, wil)).workspace_roles) == {}

"""Organisations, their workspaces and their teams."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from common.messages import MemberChanged, OrganizationCreated, OrganizationUpdated
from common.principal import ANONYMOUS
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    import httpx

    from common.ids import OrganizationId
    from services.identity.tests.conftest import Mailbox, People, Person


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def _member_id(world: Running, organization_id: OrganizationId, person: Person) -> str:
    path = f"/v1/organizations/{organization_id}/members"
    listed = (await world.get(path, principals.member_of(organization_id, "owner"))).json()["items"]
    return str(next(item["id"] for item in listed if item["userId"] == person.user_id))


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


async def test_someone_who_proved_the_address_is_a_member_at_once(run: RunService, people: People) -> None:
    async with run() as world:
        ada, sam = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "sam@example.org")
        organization_id = await people.found(world, ada)
        added = await people.add(world, ada, organization_id, "SAM@example.org", "scanner")
        assert (added.status_code, added.json()["status"]) == (201, "active")
        assert dict((await people.seen(world, sam)).organization_roles) == {organization_id: "scanner"}
        again = await people.add(world, ada, organization_id, "sam@example.org", "viewer")
        assert _refusal(again) == (409, "identity.already_member")
        told = await world.get("/v1/notifications", await people.seen(world, sam))
        assert [item["title"] for item in told.json()["items"]] == ["You now belong to Acme"]


async def test_an_unknown_address_is_invited_and_joins_by_the_mails_link_once(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        invited = await people.add(world, ada, organization_id, "new@example.org", "manager")
        assert (invited.status_code, invited.json()["status"]) == (201, "invited")
        assert invited.json()["id"].startswith("inv_")
        token = (await mailbox.link_for("new@example.org")).rpartition("/")[2]
        assert token not in str(await world.rows("SELECT * FROM invitations"))
        new = await people.sign_in(world, "new@example.org")
        by = await people.seen(world, new)
        assert dict(by.organization_roles) == {}
        joined = await world.post(f"/v1/invitations/{token}/accept", by)
        assert (joined.status_code, joined.json()["role"]) == (200, "manager")
        assert dict((await people.seen(world, new)).organization_roles) == {organization_id: "manager"}
        used = await world.post(f"/v1/invitations/{token}/accept", await people.seen(world, ada))
        assert _refusal(used) == (404, "identity.invitation_refused")
        assert await world.count("team_members") == 2


async def test_an_invitation_ends_by_time_by_a_newer_one_or_with_the_rights_of_whoever_gave_it(
    run: RunService, people: People, mailbox: Mailbox, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        ada, bob = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "bob@example.org")
        organization_id = await people.found(world, ada)
        await people.add(world, ada, organization_id, "bob@example.org", "admin")
        tokens = []
        for inviter, email, count in (
            (ada, "new@example.org", 1),
            (ada, "new@example.org", 2),
            (bob, "other@example.org", 1),
        ):
            await people.add(world, inviter, organization_id, email, "manager")
            tokens.append((await mailbox.link_for(email, count=count)).rpartition("/")[2])
        eve = await people.sign_in(world, "eve@example.org")
        replaced = await world.post(f"/v1/invitations/{tokens[0]}/accept", await people.seen(world, eve))
        member_id = await _member_id(world, organization_id, bob)
        path = f"/v1/organizations/{organization_id}/members/{member_id}"
        await world.patch(path, await people.seen(world, ada), json={"role": "viewer"})
        powerless = await world.post(f"/v1/invitations/{tokens[2]}/accept", await people.seen(world, eve))
        clock.advance(timedelta(days=14))
        again = await people.sign_in(world, "eve@example.org")
        too_old = await world.post(f"/v1/invitations/{tokens[1]}/accept", await people.seen(world, again))
        assert [_refusal(answer) for answer in (replaced, powerless, too_old)] == [
            (404, "identity.invitation_refused")
        ] * 3
        assert await world.count("team_members") == 2


async def test_a_demoted_members_next_request_is_refused(run: RunService, people: People) -> None:
    """Scenario 30, identity's part: the very next look-up and the very next write."""
    async with run() as world:
        ada, bob = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "bob@example.org")
        organization_id = await people.found(world, ada)
        await people.add(world, ada, organization_id, "bob@example.org", "admin")
        stale = await people.seen(world, bob)
        path = f"/v1/organizations/{organization_id}/members/{await _member_id(world, organization_id, bob)}"
        demoted = await world.patch(path, await people.seen(world, ada), json={"role": "viewer"})
        assert (demoted.status_code, demoted.json()["role"]) == (200, "viewer")
        fresh = await people.seen(world, bob)
        assert dict(fresh.organization_roles) == {organization_id: "viewer"}
        assert fresh.authorization_version > stale.authorization_version
        assert bob.user_id in [row["key"] for row in await world.rows("SELECT key FROM session_drops")]
        members = f"/v1/organizations/{organization_id}/members"
        for by in (fresh, stale):
            refused = await world.post(members, by, json={"email": "eve@example.org", "role": "viewer"})
            assert _refusal(refused) == (403, "common.missing_capability")
        assert await world.count("invitations") == 0


async def test_an_admin_neither_makes_nor_unmakes_an_owner(run: RunService, people: People) -> None:
    async with run() as world:
        ada, bob = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "bob@example.org")
        organization_id = await people.found(world, ada)
        await people.add(world, ada, organization_id, "bob@example.org", "admin")
        by = await people.seen(world, bob)
        members = f"/v1/organizations/{organization_id}/members"
        of_ada, of_bob = [await _member_id(world, organization_id, person) for person in (ada, bob)]
        attempts = [
            await people.add(world, bob, organization_id, "eve@example.org", "owner"),
            await world.patch(f"{members}/{of_bob}", by, json={"role": "owner"}),
            await world.patch(f"{members}/{of_ada}", by, json={"role": "viewer"}),
            await world.delete(f"{members}/{of_ada}", by),
        ]
        assert [_refusal(answer) for answer in attempts] == [(403, "identity.may_not_grant")] * 4
        assert await world.rows("SELECT role FROM team_members ORDER BY role") == [{"role": "admin"}, {"role": "owner"}]


async def test_the_last_owner_cannot_leave_be_demoted_or_removed(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        path = f"/v1/organizations/{organization_id}/members/{await _member_id(world, organization_id, ada)}"
        by = await people.seen(world, ada)
        attempts = [
            await world.delete(path, by),
            await world.patch(path, by, json={"role": "admin"}),
            await world.delete(path, principals.platform("admin")),
        ]
        assert _refusal(attempts[0]) == _refusal(attempts[1]) == (409, "identity.last_owner")
        assert attempts[2].status_code == 403
        assert await world.rows("SELECT role FROM team_members") == [{"role": "owner"}]
        assert await world.rows("SELECT owner_count FROM organizations") == [{"owner_count": 1}]


async def test_an_owner_leaves_once_there_is_another(run: RunService, people: People) -> None:
    async with run() as world:
        ada, bob = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "bob@example.org")
        organization_id = await people.found(world, ada)
        await people.add(world, ada, organization_id, "bob@example.org", "owner")
        path = f"/v1/organizations/{organization_id}/members/{await _member_id(world, organization_id, ada)}"
        assert (await world.delete(path, await people.seen(world, ada))).status_code == 204
        assert dict((await people.seen(world, ada)).organization_roles) == {}
        assert dict((await people.seen(world, bob)).organization_roles) == {organization_id: "owner"}
        left = (await world.said(MemberChanged))[-1]
        assert (left.user_id, left.role, left.sequence) == (ada.user_id, None, 2)


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
        assert [said.suspended for said in await world.said(OrganizationUpdated)] == [True]
        await world.app.state.parts.commands["organizations:unsuspend"]({"organizationId": organization_id})
        assert dict((await people.seen(world, ada)).organization_roles) == {organization_id: "owner"}


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

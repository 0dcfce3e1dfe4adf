"""Teams: joining, being invited, changing roles, leaving."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from common.messages import MemberChanged
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    import httpx
    from services.identity.tests.conftest import Mailbox, People, Person

    from common.ids import OrganizationId


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def _member_id(world: Running, organization_id: OrganizationId, person: Person) -> str:
    path = f"/v1/organizations/{organization_id}/members"
    listed = (await world.get(path, principals.member_of(organization_id, "owner"))).json()["items"]
    return str(next(item["id"] for item in listed if item["userId"] == person.user_id))


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

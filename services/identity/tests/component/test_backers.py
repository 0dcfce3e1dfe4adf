"""The crowdfunding gate and the backers who may pass it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from common.messages import BackerClaimed, OrganizationCreated, OrganizationUpdated
from common.testing import FrozenClock, Running, RunService, principals
from identity.api.parts import CLIENT_ADDRESS

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People, Person

CHECK = "/v1/auth/backers/check"
ADMIN = principals.platform("admin")
BACKER = {"username": "user123", "accessCode": "ABC123", "tier": "Gold"}


async def _gate(world: Running, *, on: bool) -> None:
    answer = await world.patch("/v1/admin/app-state", ADMIN, json={"crowdfundingActive": on})
    assert (answer.status_code, answer.json()) == (200, {"crowdfundingActive": on})


async def _ticket(world: Running, **changed: Any) -> str:
    body = {"username": "user123", "accessCode": "ABC123"} | changed
    answer = await world.post(CHECK, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["backerTicket"])


async def test_with_the_gate_on_a_new_non_backer_is_refused_by_code_and_by_link_and_known_people_get_in(
    run: RunService, people: People, mailbox: Mailbox
) -> None:
    """Scenario 22, for the ways in there are."""
    async with run() as world:
        await people.sign_in(world, "known@example.org")
        await _gate(world, on=True)
        challenge_id, code = await people.ask_for_code(world, "new@example.org")
        by_code = await people.answer(world, challenge_id, code)
        await world.post("/v1/auth/email/start", json={"email": "new@example.org", "purpose": "link"})
        token = (await mailbox.link_for("new@example.org", "link")).rpartition("/")[2]
        by_link = await world.post("/v1/auth/email/verify", json={"token": token})
        assert [(answer.status_code, answer.json()["code"]) for answer in (by_code, by_link)] == [
            (403, "identity.backers_only")
        ] * 2
        assert await world.count("users") == 1
        assert (await people.sign_in(world, "known@example.org")).answer["isNewUser"] is False


async def test_a_backer_passes_the_gate_and_both_rows_know_of_each_other(run: RunService, people: People) -> None:
    async with run() as world:
        await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        await _gate(world, on=True)
        ticket = await _ticket(world, username=" USER123", accessCode="abc123 ")
        assert await world.rows("SELECT used_at FROM crowdfunding_backers") == [{"used_at": None}]
        ada = await people.sign_in(world, "ada@example.org", ticket=ticket)
        [row] = await world.rows(
            "SELECT u.id, b.used_at, u.created_at FROM users u JOIN crowdfunding_backers b"
            " ON b.id = u.crowdfunding_backer_id AND b.used_by_user_id = u.id"
        )
        assert (row["id"], row["used_at"]) == (ada.user_id.uuid, row["created_at"])
        assert (await world.get("/v1/me", await people.seen(world, ada))).json()["isBacker"] is True


async def test_an_abandoned_sign_up_leaves_the_access_code_usable(
    run: RunService, people: People, clock: FrozenClock
) -> None:
    """Scenario 24."""
    async with run(clock=clock) as world:
        await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        await _gate(world, on=True)
        await people.ask_for_code(world, "ada@example.org", ticket=await _ticket(world))
        clock.advance(timedelta(days=1))
        ada = await people.sign_in(world, "ada@example.org", ticket=await _ticket(world))
        assert ada.answer["isNewUser"] is True


async def test_unknown_name_wrong_code_and_used_code_are_refused_alike(run: RunService, people: People) -> None:
    async with run() as world:
        await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        await people.sign_in(world, "ada@example.org", ticket=await _ticket(world))
        answers = [
            await world.post(CHECK, json=body)
            for body in (
                {"username": "nobody", "accessCode": "ABC123"},
                {"username": "user123", "accessCode": "WRONG"},
                {"username": "user123", "accessCode": "ABC123"},
            )
        ]
        bodies = [answer.json() | {"traceId": None} for answer in answers]
        assert bodies == [bodies[0]] * 3
        assert (bodies[0]["status"], bodies[0]["code"]) == (403, "identity.backer_refused")


async def test_a_network_gets_ten_wrong_attempts_in_a_quarter_of_an_hour(run: RunService, clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        right, wrong = {"username": "user123", "accessCode": "ABC123"}, {"username": "user123", "accessCode": "no"}
        guesser, other = {CLIENT_ADDRESS: "203.0.113.9"}, {CLIENT_ADDRESS: "203.0.113.10"}
        tried = [await world.post(CHECK, json=wrong, headers=guesser) for _ in range(10)]
        assert {answer.status_code for answer in tried} == {403}
        limited = await world.post(CHECK, json=right, headers=guesser)
        assert (limited.status_code, limited.json()["code"]) == (429, "identity.too_many_attempts")
        assert (await world.post(CHECK, json=right, headers=other)).status_code == 200
        clock.advance(timedelta(minutes=15))
        assert (await world.post(CHECK, json=right, headers=guesser)).status_code == 200


async def test_a_ticket_that_is_forged_or_older_than_a_quarter_of_an_hour_sends_no_mail(
    run: RunService, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        ticket = await _ticket(world)
        clock.advance(timedelta(minutes=15))
        for shown in (ticket, "bkt_forged"):
            body = {"email": "ada@example.org", "backerTicket": shown}
            refused = await world.post("/v1/auth/email/start", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "identity.backer_refused")
        assert await world.count("mails") == 0


async def test_access_codes_are_kept_hashed_and_shown_to_nobody(run: RunService) -> None:
    async with run() as world:
        added = await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        listed = await world.get("/v1/admin/backers", ADMIN)
        assert added.status_code == 201
        assert [item["username"] for item in listed.json()["items"]] == ["user123"]
        kept = str(await world.rows("SELECT * FROM crowdfunding_backers")) + str(
            await world.rows("SELECT * FROM audit_entries")
        )
        assert "ABC123" not in added.text + listed.text + kept
        assert "abc123" not in added.text + listed.text + kept


async def test_the_same_backer_cannot_be_listed_twice(run: RunService) -> None:
    async with run() as world:
        await world.post("/v1/admin/backers", ADMIN, json=BACKER)
        again = await world.post(
            "/v1/admin/backers", ADMIN, json=BACKER | {"username": "USER123 ", "accessCode": "abc123"}
        )
        assert (again.status_code, again.json()["code"]) == (409, "identity.backer_exists")
        assert await world.count("crowdfunding_backers") == 1


async def test_whom_an_administrator_of_the_platform_invited_passes_the_gate(run: RunService, people: People) -> None:
    async with run() as world:
        owner = await people.sign_in(world, "owner@example.org")
        organization_id = await people.found(world, owner)
        await world.post("/v1/admin/admins", ADMIN, json={"email": "owner@example.org"})
        await people.add(world, owner, organization_id, "wanted@example.org", "manager")
        await world.delete(
            f"/v1/admin/admins/{(await world.get('/v1/admin/admins', ADMIN)).json()['items'][0]['id']}", ADMIN
        )
        await people.add(world, owner, organization_id, "colleague@example.org", "manager")
        await _gate(world, on=True)
        challenge_id, code = await people.ask_for_code(world, "colleague@example.org")
        assert (await people.answer(world, challenge_id, code)).status_code == 403
        assert (await people.sign_in(world, "wanted@example.org")).answer["isNewUser"] is True


async def _backer(world: Running, people: People, name: str, tier: str) -> Person:
    body = {"username": name, "accessCode": "ABC123", "tier": tier}
    assert (await world.post("/v1/admin/backers", ADMIN, json=body)).status_code == 201
    return await people.sign_in(world, f"{name}@example.org", ticket=await _ticket(world, username=name))


async def test_a_claimed_backer_is_told_with_its_tier_and_who_claimed_it(
    run: RunService, people: People, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        ada = await _backer(world, people, "ada", "Gold")
        [said] = await world.said(BackerClaimed)
        assert (said.user_id, said.tier, said.sequence, said.claimed_at) == (ada.user_id, "Gold", 2, clock.now())


async def test_an_organisation_is_told_with_the_tiers_its_present_owners_claimed(
    run: RunService, people: People
) -> None:
    async with run() as world:
        ada, bob = await _backer(world, people, "ada", "Gold"), await _backer(world, people, "bob", "Bronze")
        cid = await _backer(world, people, "cid", "Gold")
        organization_id = await people.found(world, ada)
        [founded] = await world.said(OrganizationCreated)
        assert (founded.backer_tiers, founded.sequence) == (("Gold",), 1)
        await people.add(world, ada, organization_id, bob.email, "admin")
        assert await world.said(OrganizationUpdated) == []
        members = f"/v1/organizations/{organization_id}/members"
        ids = {
            item["email"]: item["id"]
            for item in (await world.get(members, await people.seen(world, ada))).json()["items"]
        }
        await world.patch(f"{members}/{ids[bob.email]}", await people.seen(world, ada), json={"role": "owner"})
        await people.add(world, ada, organization_id, cid.email, "owner")
        await world.delete(f"{members}/{ids[ada.email]}", await people.seen(world, ada))
        await world.patch(f"{members}/{ids[bob.email]}", await people.seen(world, cid), json={"role": "viewer"})
        told = [(one.backer_tiers, one.sequence) for one in await world.said(OrganizationUpdated)]
        assert told == [(("Bronze", "Gold"), 2), (("Bronze", "Gold"), 3), (("Bronze", "Gold"), 4), (("Gold",), 5)]


async def test_saying_everything_again_says_the_tiers_of_each_organisation(run: RunService, people: People) -> None:
    async with run() as world:
        ada, eve = await _backer(world, people, "ada", "Gold"), await people.sign_in(world, "eve@example.org")
        of_ada, of_eve = await people.found(world, ada, "acme"), await people.found(world, eve, "other")
        async with world.database.transaction() as tx:
            await world.app.state.parts.republish(tx)
        told = {one.organization_id: (one.backer_tiers, one.sequence) for one in await world.said(OrganizationUpdated)}
        assert told == {of_ada: (("Gold",), 1), of_eve: ((), 1)}

"""Many at once. Each race has a control: with its guard taken away the same race ends wrong, so the test can fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import select, update

from common.db import Transaction
from common.ids import BackerId, ChallengeId, SignInId, UserId
from common.messages import UserCreated
from common.testing import Running, RunService, principals
from identity.domain.backer import Backer
from identity.store import backers, challenges, sign_ins
from identity.tables import challenges as challenge_table
from identity.tables import crowdfunding_backers
from identity.tables import sign_ins as sign_in_table

if TYPE_CHECKING:
    import pytest
    from services.identity.tests.conftest import People, Person

    from identity.domain.challenge import Challenge
    from identity.domain.sign_in import RefreshToken, SignIn

ADMIN = principals.platform("admin")


def _take_away(world: Running, *constraints: tuple[str, str]) -> None:
    with psycopg.connect(world.urls.superuser, autocommit=True) as connection:
        for table, name in constraints:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())


async def _verify_at_once(world: Running, people: People, count: int) -> list[int]:
    challenge_id, code = await people.ask_for_code(world, "ada@example.org")
    answers = await asyncio.gather(*(people.answer(world, challenge_id, code) for _ in range(count)))
    return sorted(answer.status_code for answer in answers)


async def test_fifty_right_answers_at_once_make_one_sign_in(run: RunService, people: People) -> None:
    """Scenario 3."""
    async with run() as world:
        assert await _verify_at_once(world, people, 50) == [200] + [401] * 49
        assert await world.count("sign_ins") == 1
        assert await world.count("users") == 1
        assert len(await world.said(UserCreated)) == 1


async def test_control_without_the_lock_on_the_challenge_two_answers_make_two_sign_ins(
    run: RunService, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = asyncio.Barrier(2)

    async def unlocked(tx: Transaction, challenge_id: ChallengeId) -> Challenge | None:
        row = await tx.one(select(challenge_table).where(challenge_table.c.id == challenge_id))
        assert row is not None
        await both.wait()
        return challenges._challenge(row)

    async with run() as world:
        await people.sign_in(world, "ada@example.org")
        monkeypatch.setattr(challenges, "lock_challenge", unlocked)
        assert await _verify_at_once(world, people, 2) == [200, 200]


async def test_fifty_wrong_answers_at_once_are_five_guesses(run: RunService, people: People) -> None:
    async with run() as world:
        challenge_id, code = await people.ask_for_code(world, "ada@example.org")
        wrong = f"{(int(code) + 1) % 10**6:06}"
        await asyncio.gather(*(people.answer(world, challenge_id, wrong) for _ in range(50)))
        assert await world.rows("SELECT wrong_guesses, outcome FROM challenges") == [
            {"wrong_guesses": 5, "outcome": "burned"}
        ]
        assert (await people.answer(world, challenge_id, code)).status_code == 401


async def _sign_up_with_one_ticket(world: Running, people: People, count: int) -> list[int]:
    body = {"username": "user123", "accessCode": "ABC123", "tier": "Gold"}
    await world.post("/v1/admin/backers", ADMIN, json=body)
    await world.patch("/v1/admin/app-state", ADMIN, json={"crowdfundingActive": True})
    del body["tier"]
    ticket = (await world.post("/v1/auth/backers/check", json=body)).json()["backerTicket"]
    asked = [await people.ask_for_code(world, f"p{number}@example.org", ticket=ticket) for number in range(count)]
    answers = await asyncio.gather(*(people.answer(world, *challenge) for challenge in asked))
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} <= {"identity.backer_refused"}
    return sorted(answer.status_code for answer in answers)


async def test_of_twenty_sign_ups_with_one_access_code_one_is_linked(run: RunService, people: People) -> None:
    """Scenario 23."""
    async with run() as world:
        assert await _sign_up_with_one_ticket(world, people, 20) == [200] + [403] * 19
        assert await world.count("users") == 1
        assert await world.rows(
            "SELECT count(*) AS n FROM users u JOIN crowdfunding_backers b"
            " ON b.used_by_user_id = u.id AND u.crowdfunding_backer_id = b.id WHERE b.used_at IS NOT NULL"
        ) == [{"n": 1}]


async def test_control_without_the_condition_and_the_constraint_one_access_code_links_two(
    run: RunService, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unconditional(tx: Transaction, backer_id: BackerId, user_id: UserId) -> Backer:
        claim = update(crowdfunding_backers).where(crowdfunding_backers.c.id == backer_id)
        await tx.execute(claim.values(used_by_user_id=user_id, used_at=tx.now))
        return Backer(backer_id, "user123", "Gold", user_id, tx.now, tx.now, 2)

    async with run() as world:
        monkeypatch.setattr(backers, "claim_backer", unconditional)
        _take_away(world, ("users", "uq_users_crowdfunding_backer_id"))
        assert await _sign_up_with_one_ticket(world, people, 2) == [200, 200]


async def test_of_twenty_refreshes_at_once_one_rotates_and_the_copy_ends_the_sign_in(
    run: RunService, people: People
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        answers = await asyncio.gather(*(people.refresh(world, ada.refresh_token) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
        assert (await people.look_up(world, ada.sign_in_id))["reason"] == "token_reuse"


async def test_twenty_repeats_of_one_lost_refresh_get_one_answer(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        answers = await asyncio.gather(*(people.refresh(world, ada.refresh_token, "retry-one") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert await world.count("refresh_tokens") == 2


async def test_control_without_the_lock_and_the_index_one_refresh_token_has_two_successors(
    run: RunService, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = asyncio.Barrier(2)
    find = sign_ins.find_refresh_token

    async def unlocked(tx: Transaction, sign_in_id: SignInId) -> SignIn | None:
        row = await tx.one(select(sign_in_table).where(sign_in_table.c.id == sign_in_id))
        return sign_ins._sign_in(row) if row else None

    async def together(tx: Transaction, digest: bytes) -> RefreshToken | None:
        found = await find(tx, digest)
        await both.wait()
        return found

    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        with psycopg.connect(world.urls.superuser, autocommit=True) as connection:
            connection.execute("DROP INDEX uq_refresh_tokens_one_unused_per_sign_in")
        monkeypatch.setattr(sign_ins, "lock_sign_in", unlocked)
        monkeypatch.setattr(sign_ins, "find_refresh_token", together)
        answers = await asyncio.gather(*(people.refresh(world, ada.refresh_token) for _ in range(2)))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json()["refreshToken"] != answers[1].json()["refreshToken"]


async def _two_owners_leave_at_once(world: Running, people: People) -> list[int]:
    ada, bob = await people.sign_in(world, "ada@example.org"), await people.sign_in(world, "bob@example.org")
    organization_id = await people.found(world, ada)
    await people.add(world, ada, organization_id, "bob@example.org", "owner")
    members = f"/v1/organizations/{organization_id}/members"
    listed = (await world.get(members, await people.seen(world, ada))).json()["items"]

    async def leave(person: Person) -> int:
        mine = next(item["id"] for item in listed if item["userId"] == person.user_id)
        return (await world.delete(f"{members}/{mine}", await people.seen(world, person))).status_code

    return sorted(await asyncio.gather(leave(ada), leave(bob)))


async def test_of_two_owners_who_leave_at_once_one_stays(run: RunService, people: People) -> None:
    async with run() as world:
        assert await _two_owners_leave_at_once(world, people) == [204, 409]
        assert await world.rows("SELECT role FROM team_members") == [{"role": "owner"}]


async def test_control_without_the_constraint_an_organisation_is_left_without_an_owner(
    run: RunService, people: People
) -> None:
    async with run() as world:
        _take_away(world, ("organizations", "ck_organizations_has_an_owner"))
        assert await _two_owners_leave_at_once(world, people) == [204, 204]
        assert await world.count("team_members") == 0


async def test_two_admins_who_demote_each_other_at_once_do_not_both_succeed(run: RunService, people: People) -> None:
    """The second finds out, under the organisation's lock, that they no longer may."""
    async with run() as world:
        owner = await people.sign_in(world, "owner@example.org")
        pair = [await people.sign_in(world, f"{name}@example.org") for name in ("ada", "bob")]
        organization_id = await people.found(world, owner)
        for person in pair:
            await people.add(world, owner, organization_id, person.email, "admin")
        members = f"/v1/organizations/{organization_id}/members"
        listed = (await world.get(members, await people.seen(world, owner))).json()["items"]
        ids = {item["userId"]: item["id"] for item in listed}
        principals_before = [await people.seen(world, person) for person in pair]
        answers = await asyncio.gather(
            *(
                world.patch(f"{members}/{ids[target.user_id]}", by, json={"role": "viewer"})
                for by, target in zip(principals_before, reversed(pair), strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 403]
        roles = await world.rows("SELECT role FROM team_members ORDER BY role")
        assert [row["role"] for row in roles] == ["admin", "owner", "viewer"]


async def _found_two_with_one_place_left(world: Running, people: People) -> list[int]:
    ada = await people.sign_in(world, "ada@example.org")
    by = await people.seen(world, ada)
    async with world.database.transaction() as tx:
        await tx.connection.exec_driver_sql("UPDATE users SET membership_count = 199")
    founding = (
        world.post("/v1/organizations", by, json={"name": "Acme", "slug": f"acme-{number}"}) for number in range(2)
    )
    return sorted(answer.status_code for answer in await asyncio.gather(*founding))


async def test_nobody_gets_a_two_hundred_and_first_membership(run: RunService, people: People) -> None:
    async with run() as world:
        assert await _found_two_with_one_place_left(world, people) == [201, 409]
        assert await world.count("organizations") == 1
        assert await world.rows("SELECT membership_count FROM users") == [{"membership_count": 200}]


async def test_control_without_the_constraint_there_is_a_two_hundred_and_first(run: RunService, people: People) -> None:
    async with run() as world:
        _take_away(world, ("users", "ck_users_memberships_are_few"))
        assert await _found_two_with_one_place_left(world, people) == [201, 201]


async def test_mails_asked_for_at_once_are_counted_one_after_the_other(run: RunService) -> None:
    async with run(settings={"loopback_exempt": False}) as world:
        asked = (world.post("/v1/auth/email/start", json={"email": "ada@example.org"}) for _ in range(20))
        answers = await asyncio.gather(*asked)
        assert sorted(answer.status_code for answer in answers) == [202] + [429] * 19
        assert await world.count("mails") == 1

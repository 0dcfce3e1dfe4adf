"""Going on with a sign-in, and what happens when a refresh token was copied."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from common.messages import SignInEnded
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.identity.tests.conftest import Mailbox, People


async def test_a_refresh_token_is_exchanged_once_and_the_next_one_works(run: RunService, people: People) -> None:
    async with run() as world:
        person = await people.sign_in(world, "ada@example.org")
        second = await people.refresh(world, person.refresh_token)
        third = await people.refresh(world, second.json()["refreshToken"])
        assert (second.status_code, third.status_code) == (200, 200)
        tokens = {person.refresh_token, second.json()["refreshToken"], third.json()["refreshToken"]}
        assert len(tokens) == 3
        assert second.json()["user"]["id"] == person.user_id
        assert second.json()["isNewUser"] is False


async def test_a_replayed_token_ends_the_whole_sign_in_and_its_owner_is_told(
    run: RunService, people: People, mailbox: Mailbox, clock: FrozenClock
) -> None:
    """Scenario 9."""
    async with run(clock=clock) as world:
        person = await people.sign_in(world, "ada@example.org", device="Ada's phone")
        other = await people.sign_in(world, "ada@example.org", device="Ada's laptop")
        newest = await people.refresh(world, person.refresh_token, "retry-one", address="198.51.100.1")
        clock.advance(timedelta(seconds=11))
        replayed = await people.refresh(world, person.refresh_token, "retry-one", address="203.0.113.66")
        assert (replayed.status_code, replayed.json()["code"]) == (401, "identity.refresh_refused")
        assert (await people.refresh(world, newest.json()["refreshToken"])).status_code == 401
        assert (await people.look_up(world, person.sign_in_id))["reason"] == "token_reuse"
        assert (await people.look_up(world, other.sign_in_id))["active"] is True
        audit = await world.rows("SELECT details FROM audit_entries WHERE action = 'refresh_token.reused'")
        assert audit == [{"details": {"used_from": "198.51.100.1", "replayed_from": "203.0.113.66"}}]
        assert [said.reason for said in await world.said(SignInEnded)] == ["token_reuse"]
        told = await world.get("/v1/notifications", await people.seen(world, other))
        assert [item["kind"] for item in told.json()["items"]] == ["sign_in.stolen"]
        assert told.json()["unread"] == 1
        assert "Ada's phone" in await mailbox.newest_text_to("ada@example.org", count=3)


async def test_a_lost_answer_is_repeated_word_for_word_under_its_retry_id(
    run: RunService, people: People, clock: FrozenClock
) -> None:
    """Scenario 10."""
    async with run(clock=clock) as world:
        person = await people.sign_in(world, "ada@example.org")
        lost = await people.refresh(world, person.refresh_token, "retry-one")
        clock.advance(timedelta(seconds=10))
        repeated = await people.refresh(world, person.refresh_token, "retry-one")
        assert repeated.status_code == 200
        assert repeated.json() == lost.json()
        assert (await people.refresh(world, repeated.json()["refreshToken"])).status_code == 200
        assert await world.said(SignInEnded) == []


async def test_an_unknown_token_changes_nothing(run: RunService, people: People) -> None:
    async with run() as world:
        person = await people.sign_in(world, "ada@example.org")
        before = await world.rows("SELECT * FROM sign_ins"), await world.rows("SELECT * FROM refresh_tokens")
        answer = await people.refresh(world, "lyr_" + "A" * 43)
        assert (answer.status_code, answer.json()["code"]) == (401, "identity.refresh_refused")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="lanyard"'
        after = await world.rows("SELECT * FROM sign_ins"), await world.rows("SELECT * FROM refresh_tokens")
        assert after == before
        assert (await people.refresh(world, person.refresh_token)).status_code == 200


async def test_refresh_tokens_are_kept_hashed(run: RunService, people: People) -> None:
    async with run() as world:
        person = await people.sign_in(world, "ada@example.org")
        following = (await people.refresh(world, person.refresh_token)).json()["refreshToken"]
        kept = str(await world.rows("SELECT * FROM refresh_tokens"))
        assert person.refresh_token not in kept
        assert following not in kept


async def test_after_fourteen_idle_days_or_thirty_days_in_all_it_is_over(
    run: RunService, people: People, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        idle = await people.sign_in(world, "idle@example.org")
        lively = await people.sign_in(world, "lively@example.org")
        token = lively.refresh_token
        for _ in range(2):
            clock.advance(timedelta(days=13))
            token = (await people.refresh(world, token)).json()["refreshToken"]
        assert (await people.refresh(world, idle.refresh_token)).status_code == 401
        assert (await people.look_up(world, idle.sign_in_id))["reason"] == "expired"
        clock.advance(timedelta(days=4))
        assert (await people.look_up(world, lively.sign_in_id)) == {
            **(await people.look_up(world, idle.sign_in_id)),
            "reason": "expired",
        }
        assert (await people.refresh(world, token)).status_code == 401
        assert {said.reason for said in await world.said(SignInEnded)} == {"expired"}


async def test_under_the_policy_of_one_sign_in_the_older_device_hears_that_it_was_replaced(
    run: RunService, people: People
) -> None:
    """Scenario 26."""
    async with run(settings={"session_policy": "single"}) as world:
        phone_a = await people.sign_in(world, "ada@example.org", device="phone A")
        phone_b = await people.sign_in(world, "ada@example.org", device="phone B")
        assert await people.look_up(world, phone_a.sign_in_id) | {"reason": None} == {
            **(await people.look_up(world, "sid_01m7x552h8e7m8c9bp0rjx0fnw")),
            "reason": None,
        }
        assert (await people.look_up(world, phone_a.sign_in_id))["reason"] == "session_replaced"
        replaced = await people.refresh(world, phone_a.refresh_token)
        assert (replaced.status_code, replaced.json()["code"]) == (401, "identity.session_replaced")
        assert (await people.look_up(world, phone_b.sign_in_id))["active"] is True
        assert (await people.refresh(world, phone_b.refresh_token)).status_code == 200


async def test_under_the_usual_policy_several_devices_stay_signed_in(run: RunService, people: People) -> None:
    async with run() as world:
        phone = await people.sign_in(world, "ada@example.org")
        laptop = await people.sign_in(world, "ada@example.org")
        assert (await people.look_up(world, phone.sign_in_id))["active"] is True
        assert (await people.look_up(world, laptop.sign_in_id))["active"] is True

"""What identity ends is ended at the very next request, on every replica, with or without a broker."""

import asyncio
from dataclasses import replace

import pytest

from common.ids import OrganizationId
from common.testing import principals
from gateway.testing import FakeIdentity, RunGateway, World, holds

ORGANIZATION = OrganizationId(principals.fresh(OrganizationId))


async def test_a_sign_in_is_looked_up_once_while_the_lease_holds(world: World) -> None:
    token = world.identity.sign_in()
    for _ in range(5):
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
    assert world.identity.looked_up() == 1


async def test_callers_at_once_share_one_look_up(world: World) -> None:
    token = world.identity.sign_in()
    answers = await asyncio.gather(*(world.ask("GET", "/v1/orders", token=token) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert world.identity.looked_up() == 1


@pytest.mark.parametrize("key", ["sign-in", "user"])
async def test_a_notice_bites_on_the_very_next_request(world: World, key: str) -> None:
    for _ in range(50):
        person = principals.user()
        token = world.identity.sign_in(person)
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
        assert person.sign_in_id is not None
        del world.identity.people[person.sign_in_id]
        dropped = person.sign_in_id if key == "sign-in" else person.subject
        world.built.cache.on_notice(b'{"keys": ["%b"]}' % str(dropped).encode())
        answer = await world.ask("GET", "/v1/orders", token=token)
        assert (answer.status, answer.code) == (401, "gateway.token_refused")
    assert len(world["commerce"].heard) == 50


async def test_someone_replaced_by_a_newer_sign_in_is_told_so(world: World) -> None:
    person = principals.user()
    token = world.identity.sign_in(person)
    assert person.sign_in_id is not None
    del world.identity.people[person.sign_in_id]
    world.identity.ended_because = "session_replaced"
    answer = await world.ask("GET", "/v1/orders", token=token)
    assert (answer.status, answer.code) == (401, "gateway.session_replaced")
    assert world["commerce"].heard == []


async def test_without_any_notice_the_next_renewal_brings_the_drop(world: World) -> None:
    person = principals.user()
    token = world.identity.sign_in(person)
    assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
    assert person.sign_in_id is not None
    del world.identity.people[person.sign_in_id]
    assert (await world.ask("GET", "/v1/orders", token=token)).status == 200  # the control: the cache was believed
    world.identity.drops.append(person.sign_in_id)
    await holds(world.identity.everyone_knows, "the renewal with the drop")
    assert (await world.ask("GET", "/v1/orders", token=token)).status == 401


async def test_a_demotion_takes_the_capability_away(world: World) -> None:
    person = principals.member_of(ORGANIZATION, "owner")
    token = world.identity.sign_in(person)
    assert (await world.ask("POST", "/v1/events", body=b"{}", token=token)).status == 200
    demoted = replace(person, organization_roles={ORGANIZATION: "viewer"}, authorization_version=1)
    world.identity.sign_in(demoted)
    world.built.cache.drop(str(person.subject))
    answer = await world.ask("POST", "/v1/events", body=b"{}", token=token)
    assert (answer.status, answer.code) == (403, "gateway.capability_missing")
    assert answer.json()["capability"] == "events:event:write"
    assert len(world["events"].heard) == 1


async def test_a_role_that_changed_without_a_new_version_reaches_the_service_at_once(world: World) -> None:
    """A suspended organisation changes what its members' roles mean and touches none of their versions."""
    person = principals.member_of(ORGANIZATION, "owner")
    token = world.identity.sign_in(person)
    await world.ask("GET", "/v1/orders", token=token)
    world.identity.sign_in(replace(person, organization_roles={ORGANIZATION: "suspended"}))
    world.built.cache.drop(str(person.subject))
    await world.ask("GET", "/v1/orders", token=token)
    before, after = (heard.one("authorization") for heard in world["commerce"].heard)
    assert before != after


async def test_with_a_lapsed_lease_every_request_asks_identity(run: RunGateway) -> None:
    identity = FakeIdentity()
    identity.lease_ms = 0
    async with run(identity=identity) as world:
        token = identity.sign_in()
        for number in (1, 2, 3):
            assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
            assert identity.looked_up() == number
        identity.people.clear()
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 401


async def test_a_look_up_begun_before_a_drop_is_never_stored(world: World) -> None:
    person = principals.user()
    token = world.identity.sign_in(person)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await go_on.wait()

    world.identity.before_lookup = wait
    early = asyncio.create_task(world.ask("GET", "/v1/orders", token=token))
    await asked.wait()
    world.identity.before_lookup = None
    world.identity.people.clear()
    world.built.cache.drop(str(person.sign_in_id))
    late = await world.ask("GET", "/v1/orders", token=token)
    assert late.status == 401  # it did not join the look-up begun before
    go_on.set()
    assert (await early).status == 200
    assert (await world.ask("GET", "/v1/orders", token=token)).status == 401


async def test_with_a_lapsed_lease_nobody_joins_a_look_up_begun_earlier(run: RunGateway) -> None:
    identity = FakeIdentity()
    identity.lease_ms = 0
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await go_on.wait()

    async with run(identity=identity) as world:
        await holds(lambda: world.built.tokens.ready, "identity's keys")
        token = identity.sign_in()
        identity.before_lookup = wait
        early = asyncio.create_task(world.ask("GET", "/v1/orders", token=token))
        await asked.wait()
        identity.before_lookup = None
        identity.people.clear()  # and the notice of it is lost
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 401
        go_on.set()
        assert (await early).status == 200


async def test_two_replicas_both_obey(run: RunGateway) -> None:
    async with run(replica="gateway-1") as first:
        addresses = {name: [service.url] for name, service in first.services.items()}
        signing_key = first.signing_key.private_json()
        async with run(replica="gateway-2", upstreams=addresses, internal_signing_key=signing_key) as second:
            both = (first, second)
            await holds(lambda: all(each.built.cache.leased for each in both), "both leases")
            for _ in range(5):
                person = principals.user()
                token = first.identity.sign_in(person)
                assert [(await each.ask("GET", "/v1/orders", token=token)).status for each in both] == [200, 200]
                first.identity.people.clear()
                first.identity.drops.append(str(person.subject))
                await holds(first.identity.everyone_knows, "the drop at both")
                assert [(await each.ask("GET", "/v1/orders", token=token)).status for each in both] == [401, 401]

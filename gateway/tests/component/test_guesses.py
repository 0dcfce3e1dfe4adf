"""Wrong tokens are counted for each network, and cost identity little: 429 once there were too many."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import http_sf
import pytest

from common.ids import ApiKeyId, DeviceId, OrganizationId
from common.principal import Principal
from common.testing import principals
from common.tokens import SigningKey
from gateway.auth.guesses import ALLOWED, WINDOW_SECONDS
from gateway.testing import Answer, RunGateway, World, holds

FIELDS = ("ratelimit-policy", "ratelimit")
ORGANIZATION = OrganizationId(principals.fresh(OrganizationId))


@pytest.fixture
async def guarded(run: RunGateway) -> AsyncIterator[World]:
    """A gateway that believes a proxy on this machine about the client's address."""
    async with run(loopback_exempt=False, trusted_proxies=("127.0.0.0/8",)) as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
        yield world


def device() -> Principal:
    return principals.device_of(ORGANIZATION)


def wrong(kind: type[DeviceId | ApiKeyId] = DeviceId) -> str:
    return f"{principals.fresh(kind)}.{'a-wrong-secret' * 2}"


async def scan(world: World, token: str, network: str = "192.0.2.1") -> Answer:
    return await world.ask("POST", "/v1/check-ins", {"x-forwarded-for": network}, b"{}", token=token)


async def read(world: World, token: str, network: str = "192.0.2.1") -> Answer:
    return await world.ask("GET", "/v1/orders", {"x-forwarded-for": network}, token=token)


async def use_up(world: World) -> None:
    for _ in range(ALLOWED):
        answer = await scan(world, wrong())
        assert (answer.status, answer.code) == (401, "gateway.token_refused")


@pytest.mark.parametrize("kind", [DeviceId, ApiKeyId], ids=["device", "key"])
async def test_a_guesser_of_machine_tokens_is_told_to_wait_and_identity_is_spared(
    guarded: World, kind: type[DeviceId | ApiKeyId]
) -> None:
    for _ in range(ALLOWED):
        assert (await scan(guarded, wrong(kind))).status == 401
    for _ in range(20):
        answer = await scan(guarded, wrong(kind))
        assert (answer.status, answer.code) == (429, "gateway.quota_exceeded")
        assert answer.json()["violated-policies"] == ["wrong-token"]
        assert 0 < int(answer.one("retry-after")) <= 60
    assert guarded.identity.looked_up() == ALLOWED
    assert guarded["events"].heard == []


async def test_whoever_guessed_too_often_is_told_so_in_the_fields_of_the_draft(guarded: World) -> None:
    await use_up(guarded)
    answer = await scan(guarded, wrong())
    wait = int(answer.one("retry-after"))
    assert answer.json()["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    policy, limit = (http_sf.parse(answer.one(name).encode(), tltype="list") for name in FIELDS)
    assert policy == [("wrong-token", {"q": ALLOWED, "w": WINDOW_SECONDS})]
    assert limit == [("wrong-token", {"r": 0, "t": wait})]
    right = await read(guarded, guarded.identity.sign_in())
    assert "wrong-token" not in right.one("ratelimit-policy"), "whoever is right hears of their own quotas alone"


async def test_a_thousand_guesses_at_once_are_no_more_than_one_after_the_other(guarded: World) -> None:
    answers = await asyncio.gather(*(scan(guarded, wrong()) for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [401] * ALLOWED + [429] * (100 - ALLOWED)
    assert guarded.identity.looked_up() == ALLOWED


async def test_another_network_and_whoever_is_right_go_on(guarded: World) -> None:
    known = guarded.identity.sign_in(device())
    assert (await scan(guarded, known)).status == 200
    await use_up(guarded)
    assert (await scan(guarded, wrong())).status == 429
    assert (await scan(guarded, known)).status == 200
    guarded.built.cache.drop("*")
    assert (await scan(guarded, known)).status == 200, "shown before, it is no guess, though identity is asked again"
    assert (await read(guarded, guarded.identity.sign_in())).status == 200, "its signature proves a person's token"
    new = guarded.identity.sign_in(device())
    assert (await scan(guarded, new)).status == 429, "nobody can tell it from a guess without asking"
    assert (await scan(guarded, new, "198.51.100.1")).status == 200


async def test_right_machine_tokens_are_never_counted(guarded: World) -> None:
    for _ in range(2 * ALLOWED):
        assert (await scan(guarded, guarded.identity.sign_in(device()))).status == 200
    await use_up(guarded)


async def test_forged_tokens_of_people_are_counted_too(guarded: World) -> None:
    stranger = SigningKey.generate()
    person = principals.user()
    good = guarded.identity.sign_in(person)
    for number in range(ALLOWED):
        forged = guarded.identity.token(key=stranger, sub=person.subject, sid=person.sign_in_id, jti=number)
        assert (await read(guarded, forged)).status == 401
    answer = await read(guarded, "nonsense")
    assert (answer.status, answer.code) == (429, "gateway.quota_exceeded")
    assert (await read(guarded, good)).status == 200


async def test_honest_tokens_that_are_over_are_not_counted(guarded: World) -> None:
    ended, expired, revoked = principals.user(), principals.user(), device()
    signed_out = guarded.identity.sign_in(ended)
    guarded.identity.people.clear()
    old = guarded.identity.token(sub=expired.subject, sid=expired.sign_in_id, lives=timedelta(days=-1))
    taken_away = guarded.identity.sign_in(revoked)
    guarded.identity.people.clear()
    guarded.identity.why[taken_away] = "revoked"
    for _ in range(2 * ALLOWED):
        assert (await read(guarded, signed_out)).status == 401
        assert (await read(guarded, old)).status == 401
        assert (await scan(guarded, taken_away)).status == 401
    await use_up(guarded)


async def test_an_app_that_repeats_its_wrong_token_locks_nobody_out_and_asks_identity_once(guarded: World) -> None:
    token = wrong()
    for _ in range(3 * ALLOWED):
        assert (await scan(guarded, token)).status == 401
    assert guarded.identity.looked_up() == 1
    assert (await scan(guarded, guarded.identity.sign_in(device()))).status == 200


async def test_what_was_refused_is_asked_again_once_identity_says_something_changed(guarded: World) -> None:
    scanner = device()
    token = guarded.identity.sign_in(scanner)
    guarded.identity.people.clear()
    assert (await scan(guarded, token)).status == 401
    guarded.identity.people[token] = scanner
    assert (await scan(guarded, token)).status == 401, "remembered"
    guarded.built.cache.on_notice(b'{"keys": ["%b"]}' % str(scanner.subject).encode())
    assert (await scan(guarded, token)).status == 200


async def test_while_identity_is_away_nobody_is_taken_for_a_guesser(guarded: World) -> None:
    await guarded.identity.stop()
    answers = await asyncio.gather(*(scan(guarded, wrong()) for _ in range(2 * ALLOWED)))
    assert {answer.status for answer in answers} <= {503, 429}
    await guarded.identity.start()
    await holds(lambda: guarded.built.cache.leased, "the lease")
    assert (await scan(guarded, guarded.identity.sign_in(device()))).status == 200

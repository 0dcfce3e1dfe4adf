"""A revocation bites on the very next request at every replica, whatever the broker does."""

import asyncio
import time
from datetime import timedelta

import pytest

from common.bus import Bus
from common.ids import SignInId
from common.principal import Principal
from common.session_feed import EVERYONE, Drop, LeaseAnswer, SignInCache, announce
from common.testing import eventually, principals
from common.testing.brokers import connected
from common.testing.running import provision_broker
from common.testing.servers import NatsServer

ADA = principals.user()
SIGN_IN = str(ADA.sign_in_id)

forgetting = pytest.mark.parametrize(
    "key", [SIGN_IN, str(ADA.subject), EVERYONE], ids=["the sign-in", "its user", "everyone"]
)


class Monotonic:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time_passes() -> Monotonic:
    return Monotonic()


@pytest.fixture
def cache(time_passes: Monotonic) -> SignInCache:
    made = SignInCache("gateway-1", time_passes)
    made.renewed(time_passes(), granted())
    return made


def granted(position: int = 0, *drops: Drop) -> LeaseAnswer:
    return LeaseAnswer(lease_ms=1000, position=position, drops=list(drops))


def stored(cache: SignInCache, principal: Principal = ADA) -> bool:
    return cache.store(str(principal.sign_in_id), principal, cache.begin_look_up())


def test_a_look_up_is_served_from_the_cache_under_the_lease(cache: SignInCache) -> None:
    assert stored(cache)
    assert cache.get(SIGN_IN) == ADA


def test_nothing_is_served_once_the_lease_lapsed(cache: SignInCache, time_passes: Monotonic) -> None:
    stored(cache)
    time_passes.at += 1.0
    assert cache.get(SIGN_IN) is None


def test_a_lease_that_lapsed_and_came_back_starts_with_an_empty_cache(
    cache: SignInCache, time_passes: Monotonic
) -> None:
    stored(cache)
    time_passes.at += 1.5
    cache.renewed(time_passes(), granted())
    assert cache.leased
    assert cache.get(SIGN_IN) is None


def test_a_lease_counts_from_when_it_was_asked_for(cache: SignInCache, time_passes: Monotonic) -> None:
    asked = time_passes()
    time_passes.at += 0.9
    cache.renewed(asked, granted())
    time_passes.at += 0.2
    assert not cache.leased


@pytest.mark.parametrize("key", [SIGN_IN, str(ADA.subject), EVERYONE], ids=["sign-in", "user", "everyone"])
def test_a_drop_of_the_sign_in_its_user_or_everyone_forgets_it(cache: SignInCache, key: str) -> None:
    stored(cache)
    cache.drop(key)
    assert cache.get(SIGN_IN) is None


def test_a_drop_of_someone_else_forgets_nothing(cache: SignInCache) -> None:
    stored(cache)
    cache.drop(str(principals.fresh(SignInId)))
    assert cache.get(SIGN_IN) == ADA


@pytest.mark.parametrize("key", [SIGN_IN, str(ADA.subject), EVERYONE], ids=["sign-in", "user", "everyone"])
def test_a_look_up_begun_before_a_drop_is_never_stored(cache: SignInCache, key: str) -> None:
    marker = cache.begin_look_up()
    cache.drop(key)
    assert cache.store(SIGN_IN, ADA, marker) is False
    assert cache.get(SIGN_IN) is None
    assert stored(cache), "the next look-up, begun after it, is"


def test_a_renewal_brings_the_drops_that_the_broker_did_not(cache: SignInCache, time_passes: Monotonic) -> None:
    stored(cache)
    cache.renewed(time_passes(), granted(8, Drop(position=8, key=SIGN_IN)))
    assert cache.get(SIGN_IN) is None
    assert cache.position == 8


def test_nothing_is_stored_without_a_lease(time_passes: Monotonic) -> None:
    cache = SignInCache("gateway-1", time_passes)
    assert stored(cache) is False


def test_a_full_cache_forgets_rather_than_grows(time_passes: Monotonic) -> None:
    cache = SignInCache("gateway-1", time_passes, capacity=10)
    cache.renewed(time_passes(), granted())
    people = [principals.user() for _ in range(25)]
    for person in people:
        stored(cache, person)
    assert cache.get(str(people[-1].sign_in_id)) == people[-1]
    assert len(cache._entries) <= 10


def test_what_was_dropped_leaves_nothing_behind(cache: SignInCache) -> None:
    for _ in range(50):
        person = principals.user(user_id=ADA.require_user())
        stored(cache, person)
        cache.drop(str(person.sign_in_id))
    assert cache._entries == {}
    assert cache._by_key == {}


def test_another_sign_in_of_the_same_user_stays(cache: SignInCache) -> None:
    phone = principals.user(user_id=ADA.require_user())
    stored(cache)
    stored(cache, phone)
    cache.drop(SIGN_IN)
    assert cache.get(str(phone.sign_in_id)) == phone
    cache.drop(str(ADA.subject))
    assert cache.get(str(phone.sign_in_id)) is None


async def test_identity_answers_as_soon_as_every_live_replica_has_dropped_it(broker: NatsServer) -> None:
    await provision_broker(broker)
    monotonic = time.monotonic
    caches = [SignInCache(f"gateway-{number}", monotonic) for number in (1, 2)]
    async with (
        connected(broker.url, "gateway") as first,
        connected(broker.url, "gateway", "_INBOX_gateway.b") as second,
        connected(broker.url, "identity") as identity,
    ):
        for bus, cache in zip((first, second), caches, strict=True):
            await bus.answer("session_feed.drop", cache.on_notice)
            cache.renewed(monotonic(), LeaseAnswer(lease_ms=30_000, position=0, drops=[]))
            stored(cache)
        await _hears(identity, 2)
        left = timedelta(seconds=30)
        started = monotonic()
        await announce(identity, [SIGN_IN], {"gateway-1": left, "gateway-2": left})
        assert monotonic() - started < 2
        assert [cache.get(SIGN_IN) for cache in caches] == [None, None]


async def test_identity_waits_no_longer_than_the_lease_of_a_silent_replica() -> None:
    started = time.monotonic()
    await announce(None, [SIGN_IN], {"gateway-1": timedelta(seconds=0.4)})
    assert 0.35 < time.monotonic() - started < 1.5


async def test_identity_waits_for_the_leases_when_the_connection_it_asks_over_is_closing(broker: NatsServer) -> None:
    async with connected(broker.url, "identity") as identity:
        closing = asyncio.create_task(identity._client.drain())
        while not identity._client.is_draining:
            await asyncio.sleep(0)
        started = time.monotonic()
        await announce(identity, [SIGN_IN], {"gateway-1": timedelta(seconds=0.4)})
        assert 0.35 < time.monotonic() - started < 1.5
        await closing


async def test_identity_does_not_wait_for_a_replica_whose_lease_has_run_out() -> None:
    started = time.monotonic()
    await announce(None, [SIGN_IN], {"gateway-1": timedelta(seconds=-1)})
    assert time.monotonic() - started < 0.5


async def _hears(identity: Bus, replicas: int) -> None:
    """Wait until the replicas' subscriptions have reached the broker."""

    async def all_answer() -> bool:
        heard: list[bytes] = []
        stop = await identity.ask_everyone("session_feed.drop", b'{"keys": []}', heard.append)
        await asyncio.sleep(0.05)
        await stop()
        return len(heard) == replicas

    await eventually(all_answer)

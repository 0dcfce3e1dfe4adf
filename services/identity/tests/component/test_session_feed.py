"""A revocation bites on the very next request at every gateway: identity's half beside the gateway's own, over the real bus."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from common.principal import SYSTEM
from common.session_feed import LeaseAnswer, SignInCache
from common.testing import Running, RunService, eventually
from common.testing.brokers import connected
from common.topology import DROP_SUBJECT
from identity.store import session_feed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.identity.tests.conftest import People, Person

LEASE = "/internal/session-feed/lease"


async def _renew(world: Running, cache: SignInCache) -> LeaseAnswer:
    asked_at = time.monotonic()
    answer = await world.post(LEASE, SYSTEM, json={"replica": cache.replica, "position": cache.position})
    granted = LeaseAnswer.model_validate_json(answer.content)
    cache.renewed(asked_at, granted)
    return granted


async def _fill(world: Running, people: People, cache: SignInCache, person: Person) -> None:
    marker = cache.begin_look_up()
    assert cache.store(person.sign_in_id, await people.seen(world, person), marker)


@asynccontextmanager
async def _replica(world: Running, name: str) -> AsyncIterator[SignInCache]:
    """A gateway's cache that hears drops over NATS as the gateway does."""
    cache = SignInCache(name, time.monotonic)
    async with connected(world.broker.url, "gateway") as bus:
        await bus.answer(DROP_SUBJECT, cache.on_notice)

        async def reached() -> bool:
            return world.bus.connected

        await eventually(reached, what="identity reaching the broker")
        yield cache


async def test_after_signing_out_no_replica_serves_the_sign_in_from_its_cache(run: RunService, people: People) -> None:
    async with run() as world, _replica(world, "one") as one, _replica(world, "two") as two:
        served, waits = 0, []
        for _ in range(25):
            ada = await people.sign_in(world, "ada@example.org")
            by = await people.seen(world, ada)
            for cache in (one, two):
                await _renew(world, cache)
                await _fill(world, people, cache, ada)
            began = time.monotonic()
            assert (await world.post("/v1/auth/sign-out", by)).status_code == 204
            waits.append(time.monotonic() - began)
            served += sum(cache.get(ada.sign_in_id) is not None for cache in (one, two))
        assert served == 0
        assert sorted(waits)[len(waits) // 2] < 0.5, "the replicas answered, so no lease had to run out"


async def test_with_the_broker_gone_identity_waits_for_the_lease_and_nothing_is_served_after_it(
    run: RunService, people: People
) -> None:
    async with run() as world, _replica(world, "one") as cache:
        ada = await people.sign_in(world, "ada@example.org")
        by = await people.seen(world, ada)
        await asyncio.to_thread(world.broker.kill)

        async def away() -> bool:
            return not world.bus.connected

        await eventually(away, what="identity noticing that the broker is gone")
        await _renew(world, cache)
        await _fill(world, people, cache, ada)
        assert cache.get(ada.sign_in_id) is not None
        assert (await world.post("/v1/auth/sign-out", by)).status_code == 204
        assert cache.get(ada.sign_in_id) is None


async def test_identity_waits_for_a_silent_replica_until_its_lease_ends_and_no_longer(
    run: RunService, people: People
) -> None:
    async with run() as world:
        silent = SignInCache("silent", time.monotonic)
        ada = await people.sign_in(world, "ada@example.org")
        by = await people.seen(world, ada)
        await _renew(world, silent)
        await _fill(world, people, silent, ada)
        began = time.monotonic()
        assert (await world.post("/v1/auth/sign-out", by)).status_code == 204
        assert silent.get(ada.sign_in_id) is None
        assert time.monotonic() - began < 2.0


class HourAhead:
    """The clock of a machine that is wrong."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=1)


async def test_processes_whose_clocks_differ_agree_on_when_a_lease_ends(run: RunService, people: People) -> None:
    async with run() as right, run(clock=HourAhead(), urls=right.urls, broker=right.broker) as ahead:
        silent = SignInCache("silent", time.monotonic)
        ada = await people.sign_in(ahead, "ada@example.org")
        by = await people.seen(ahead, ada)
        await _renew(right, silent)
        await _fill(right, people, silent, ada)
        assert silent.get(ada.sign_in_id) is not None
        assert (await ahead.post("/v1/auth/sign-out", by)).status_code == 204
        assert silent.get(ada.sign_in_id) is None, "by the wrong clock that lease had ended long ago"
        bert = await people.sign_in(right, "bert@example.org")
        by = await people.seen(right, bert)
        await _renew(ahead, silent)
        async with asyncio.timeout(10):  # by the wrong clock that lease holds for an hour
            assert (await right.post("/v1/auth/sign-out", by)).status_code == 204


async def test_a_renewal_brings_every_drop_since_the_position_it_names(run: RunService, people: People) -> None:
    async with run() as world:
        cache = SignInCache("late", time.monotonic)
        before = await _renew(world, cache)
        ada = await people.sign_in(world, "ada@example.org")
        await world.post("/v1/auth/sign-out", await people.seen(world, ada))
        after = await _renew(world, cache)
        again = await _renew(world, cache)
        assert (before.lease_ms, before.drops, before.position) == (1000, [], 0)
        assert [drop.key for drop in after.drops] == [ada.sign_in_id]
        assert (again.drops, again.position) == ([], after.position)


async def test_a_drop_that_commits_later_never_has_a_lower_position(run: RunService) -> None:
    """Otherwise a replica that has seen the higher one would never ask for the lower."""
    async with run() as world:
        async with world.database.transaction() as first:
            await session_feed.insert_drops(first, ["sid_first"])
            second = asyncio.create_task(_drop(world, "sid_second"))

            async def waits() -> bool:
                rows = await world.rows(
                    "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                )
                return bool(rows[0]["n"] == 1)

            await eventually(waits, what="the second drop waiting for the first to commit")
            assert await world.count("session_drops") == 0
        await second
        kept = await world.rows("SELECT key FROM session_drops ORDER BY position")
        assert [row["key"] for row in kept] == ["sid_first", "sid_second"]


async def _drop(world: Running, key: str) -> None:
    async with world.database.transaction() as tx:
        await session_feed.insert_drops(tx, [key])


async def test_old_drops_and_leases_are_forgotten(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        await world.post("/v1/auth/sign-out", await people.seen(world, ada))
        await world.post(LEASE, SYSTEM, json={"replica": "one", "position": 0})
        async with world.database.transaction() as tx:
            assert await session_feed.forget_old(tx) == 0
            tx.now += session_feed.KEPT * 2
            assert await session_feed.forget_old(tx) == 2
        assert await world.count("session_drops") == 0

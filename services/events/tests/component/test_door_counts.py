"""What others are told of the doors: at most once a second, and the last count always."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from common.db import Database
from common.messages import DoorCounted
from common.testing import FrozenClock, Running, RunService, eventually
from events.actions.count_doors import count_doors
from events.actions.republish import republish

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

COUNTED = list[tuple[int, int, int, int]]


async def sold(world: Running, stage: "Stage", count: int) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """A published event with its tier, and the codes of `count` passes."""
    draft = await stage.draft(world)
    tier = await stage.tier(world, draft)
    event = await stage.publish(world, draft)
    bought = await stage.buy(world, event, tier, *((f"Guest {number}", None) for number in range(count)))
    return event, tier, [each["code"] for each in bought]


async def told(world: Running) -> COUNTED:
    return [(said.sequence, said.issued, said.admitted, said.inside) for said in await world.said(DoorCounted)]


async def test_a_passage_is_told_with_the_whole_count(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, _, codes = await sold(world, stage, 3)
        await stage.scan(world, event, codes[0])
        await stage.scan(world, event, codes[1])

        async def counted() -> bool:
            clock.advance(timedelta(seconds=1.1))
            return (await told(world))[-1:] == [(len(await told(world)), 3, 2, 2)]

        await eventually(counted, what="the count of both")
        said = (await world.said(DoorCounted))[-1]
        assert (said.event_id, said.organization_id) == (event["id"], stage.organization_id)
        await stage.scan(world, event, codes[0], direction="out")

        async def left() -> bool:
            clock.advance(timedelta(seconds=1.1))
            return (await told(world))[-1][1:] == (3, 2, 1)

        await eventually(left, what="the count after one left")
        sequences = [sequence for sequence, *_ in await told(world)]
        assert sequences == list(range(1, len(sequences) + 1))


async def test_an_event_is_told_of_at_most_once_a_second_however_often_the_job_runs(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, _, codes = await sold(world, stage, 5)
        for code in codes:
            await stage.scan(world, event, code)
            await count_doors(world.database)
        assert len(await told(world)) == 1
        clock.advance(timedelta(seconds=1))
        await count_doors(world.database)
        assert (await told(world))[-1][1:] == (5, 5, 5)
        assert len(await told(world)) == 2
        assert await world.count("door_marks") == 0


async def test_a_refused_scan_and_a_count_that_stayed_tell_nothing(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, _, codes = await sold(world, stage, 1)
        await stage.scan(world, event, "nonsense")
        await count_doors(world.database)
        assert await told(world) == []
        await stage.scan(world, event, codes[0])
        await stage.scan(world, event, codes[0], direction="out")
        clock.advance(timedelta(seconds=2))
        await count_doors(world.database)
        await stage.scan(world, event, codes[0], direction="in")
        await stage.scan(world, event, codes[0], direction="out")
        clock.advance(timedelta(seconds=2))
        await count_doors(world.database)
        assert (await told(world))[-1][1:] == (1, 1, 0)
        assert len({count[1:] for count in await told(world)}) == len(await told(world))
        assert await world.count("door_marks") == 0


async def test_a_passage_that_commits_while_others_are_counted_is_counted_next(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, _, codes = await sold(world, stage, 20)
        counting = asyncio.create_task(_count_again_and_again(world.database, clock))
        await asyncio.gather(*(stage.scan(world, event, code) for code in codes))

        async def all_told() -> bool:
            return (await told(world))[-1:] != [] and (await told(world))[-1][1:] == (20, 20, 20)

        await eventually(all_told, what="the last count")
        counting.cancel()


async def _count_again_and_again(database: Database, clock: FrozenClock) -> None:
    while True:
        clock.advance(timedelta(seconds=1))
        await count_doors(database)
        await asyncio.sleep(0)


async def test_a_count_that_is_killed_before_its_commit_is_made_again(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, _, codes = await sold(world, stage, 1)
        async with world.database.transaction() as blocking:
            # The killed one: it took the mark, and its transaction is rolled back.
            await blocking.connection.exec_driver_sql("LOCK TABLE door_counts IN ACCESS EXCLUSIVE MODE")
            await stage.scan(world, event, codes[0])
            killed = asyncio.create_task(count_doors(world.database))
            done, _ = await asyncio.wait({killed}, timeout=0.2)
            assert not done
            killed.cancel()
            await asyncio.gather(killed, return_exceptions=True)
            assert await world.count("door_marks") == 1

        async def counted() -> bool:
            await count_doors(world.database)
            return await told(world) == [(1, 1, 1, 1)]

        await eventually(counted, what="the count")


async def test_passes_issued_once_the_doors_are_open_are_told_and_before_they_are_not(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier, codes = await sold(world, stage, 2)
        assert await world.count("door_marks") == 0
        await stage.scan(world, event, codes[0])
        await count_doors(world.database)
        await stage.buy(world, event, tier, ("Late", None))
        clock.advance(timedelta(seconds=2))
        await count_doors(world.database)
        assert (await told(world))[-1][1:] == (3, 1, 1)


async def test_the_last_count_is_said_again_as_it_was_told(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, _, codes = await sold(world, stage, 1)
        await stage.scan(world, event, codes[0])
        await count_doors(world.database)
        async with world.database.transaction() as tx:
            await republish(tx)
        first, again = await world.said(DoorCounted)
        assert first == again

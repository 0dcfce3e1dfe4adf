"""A key has one holder, also after its first one was too slow."""

from datetime import timedelta

import pytest

from common.idempotency import OnceOnly, RequestStillRunning
from common.testing import FrozenClock, RunService


async def test_who_was_too_slow_does_not_give_back_the_key_of_who_resumed(
    run_commerce: RunService, clock: FrozenClock
) -> None:
    async with run_commerce(clock=clock) as world:
        slow, resumed, third = (OnceOnly(world.database, "usr_1", "key-1", "the same request") for _ in range(3))
        async with world.database.transaction() as tx:
            await slow.begin(tx)
        clock.advance(timedelta(seconds=61))
        async with world.database.transaction() as tx:
            await resumed.begin(tx)
        async with world.database.transaction() as tx:
            await slow.release(tx)
        with pytest.raises(RequestStillRunning):
            async with world.database.transaction() as tx:
                await third.begin(tx)
        async with world.database.transaction() as tx:
            await resumed.release(tx)
        async with world.database.transaction() as tx:
            await third.begin(tx)

"""A gateway with rows whose answers are kept, and a clock that moves when told."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from common.testing.clock import FrozenClock
from gateway.testing import RunGateway, World, holds
from gateway.testing.public_reads import ROWS


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def world(run: RunGateway, clock: FrozenClock) -> AsyncIterator[World]:
    async with run(rows=ROWS, clock=clock) as started:
        await holds(lambda: started.built.tokens.ready and started.built.cache.leased, "identity")
        yield started

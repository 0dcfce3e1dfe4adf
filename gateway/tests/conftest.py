"""Fixtures of the gateway's tests; what they are made of is in `gateway.testing`."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import uvloop

from gateway.testing import RunGateway, World, holds, start_gateway


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], Any]]:
    """Tests run on the loop that production runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def run() -> RunGateway:
    """Start a gateway with services around it."""
    return start_gateway


@pytest.fixture
async def world(run: RunGateway) -> AsyncIterator[World]:
    """A gateway whose lease is held and that knows identity's keys."""
    async with run() as running_world:
        await holds(lambda: running_world.built.cache.leased, "the lease")
        await holds(lambda: running_world.built.tokens.ready, "identity's keys")
        yield running_world

"""A service of the house that owns nothing but the house's own tables, to try what all services share."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from common.db import new_metadata
from common.inbox import Handlers
from common.service import Parts, Runtime, Service, ServiceSettings
from common.testing import Running, RunService, running
from common.testing.servers import DatabaseUrls, NatsServer, Servers


def bare_service(handlers: Handlers | None = None, parts: Parts | None = None) -> Service[ServiceSettings]:
    def build(runtime: Runtime[ServiceSettings]) -> Parts:
        return parts or Parts(routers=[], handlers=handlers or {})

    return Service("commerce", ServiceSettings, new_metadata(), build)


@pytest.fixture
def urls(servers: Servers) -> Iterator[DatabaseUrls]:
    made = servers.bare_database("commerce")
    yield made
    servers.drop(made)


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    made = servers.brokers.provisioned()
    yield made
    servers.brokers.discard(made)


@pytest.fixture
def run_commerce(servers: Servers, urls: DatabaseUrls) -> RunService:
    @asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[Running]:
        handlers, parts = options.pop("handlers", None), options.pop("parts", None)
        async with running(bare_service(handlers, parts), servers, urls=urls, **options) as world:
            yield world

    return run

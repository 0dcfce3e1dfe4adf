"""Identity's word over a real broker: every replica has dropped the entry when identity goes on."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from common.session_feed import announce
from common.testing import principals
from common.testing.brokers import connected
from common.testing.servers import PASSWORD, NatsServer, Servers
from gateway.testing import RunGateway, holds


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    running = servers.nats()
    yield running
    running.stop()


async def test_when_identity_has_announced_a_drop_no_request_is_admitted(run: RunGateway, broker: NatsServer) -> None:
    async with (
        run(nats_url=broker.url, nats_password=PASSWORD, replica="gateway-7") as world,
        connected(broker.url, "identity") as bus,
    ):
        await holds(lambda: world.built.cache.leased and world.built.hears_drops.is_set(), "the gateway's readiness")
        for _ in range(30):
            person = principals.user()
            token = world.identity.sign_in(person)
            assert (await world.ask("GET", "/v1/orders", token=token)).status == 200
            world.identity.people.clear()
            began = time.monotonic()
            await announce(bus, [str(person.subject)], {"gateway-7": timedelta(seconds=5)})
            assert time.monotonic() - began < 4.5, "the replica answered, so its lease did not have to run out"
            assert (await world.ask("GET", "/v1/orders", token=token)).status == 401


async def test_a_gateway_starts_and_serves_without_a_broker(run: RunGateway) -> None:
    async with run(nats_url="nats://127.0.0.1:1") as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
        token = world.identity.sign_in()
        assert (await world.ask("GET", "/v1/orders", token=token)).status == 200

"""Brokers for tests: one for each test, with every stream and consumer of the house on it, for a few milliseconds.

Streams are made once a test process; each test's broker starts on a copy of that store.
"""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from common.bus import Bus
from common.messages.base import SERVICES
from common.nats_conf import nats_conf
from common.testing.waiting import eventually
from common.topology import consumers, streams

PASSWORD = "test-password"
NATS_ENVIRONMENT = {f"LANYARD_NATS_PASSWORD_{name.upper()}": PASSWORD for name in (*SERVICES, "gateway", "provisioner")}
_STARTS = 5


class NatsServer(Protocol):
    """A broker that tests may kill."""

    @property
    def url(self) -> str:
        """`nats://…` without user and password."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


class Brokers:
    """The brokers of one test process. Safe to be used from several threads."""

    def __init__(self, backend: str, folder: Path) -> None:
        """Stores lie below `folder`."""
        self._backend = backend
        self._folder = folder
        self._making = threading.Lock()
        self._stores: dict[NatsServer, Path] = {}

    def bare(self) -> NatsServer:
        """A running broker with nothing on it."""
        return self._start(self._new_folder())

    def provisioned(self) -> NatsServer:
        """A running broker with every stream and consumer of the house."""
        if self._backend == "containers":
            broker = self.bare()
            asyncio.run(provision_broker(broker))
            return broker
        with self._making:
            template = self._template
        folder = self._new_folder()
        shutil.copytree(template, folder / template.name)
        return self._start(folder)

    def discard(self, broker: NatsServer) -> None:
        """End a broker that nobody needs any more, with its store. Nothing is to be saved, so an embedded one is killed."""
        folder = self._stores.pop(broker)
        if self._backend == "containers":
            broker.stop()
        else:
            broker.kill()
        shutil.rmtree(folder, ignore_errors=True)

    @cached_property
    def _template(self) -> Path:
        folder = self._new_folder()
        broker = self._start(folder)
        asyncio.run(provision_broker(broker))
        broker.stop()
        return folder / "jetstream"

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="nats-", dir=self._folder))

    def _start(self, folder: Path) -> NatsServer:
        config = folder / "nats.conf"
        config.write_text(nats_conf())
        if self._backend == "containers":
            from common.testing.containers import NatsInContainer  # noqa: PLC0415 - only where containers are asked for

            broker: NatsServer = NatsInContainer(config, NATS_ENVIRONMENT)
        else:
            broker = _start_embedded(folder, config)
        self._stores[broker] = folder
        return broker


def _start_embedded(folder: Path, config: Path) -> NatsServer:
    """Between finding a free port and listening on it another test process may have taken it: then once more, elsewhere."""
    from devstack.servers.failures import PortTaken  # noqa: PLC0415 - only where embedded servers are asked for
    from devstack.servers.nats import EmbeddedNats  # noqa: PLC0415 - only where embedded servers are asked for

    for left in range(_STARTS, 0, -1):
        broker = EmbeddedNats(folder, config=config, environment=NATS_ENVIRONMENT)
        try:
            broker.start()
            break
        except (PortTaken, HTTPException):
            broker.kill()
            if left == 1:
                raise
    return broker


@asynccontextmanager
async def connected(url: str, user: str, inbox: str | None = None) -> AsyncIterator[Bus]:
    """A connection as `user` that stands: on a busy machine the first attempt may come too late for the broker.

    `Bus.connect` alone would then go on trying in the background, as a service wants it.
    """
    async with Bus.connect(url, user=user, password=PASSWORD, inbox=inbox) as bus:

        async def stands() -> bool:
            return bus.connected

        await eventually(stands, what=f"the connection of {user} to the broker")
        yield bus


async def provision_broker(broker: NatsServer) -> None:
    """Make every stream and consumer of the house on a fresh broker."""
    async with connected(broker.url, "provisioner") as provisioner:
        await provisioner.provision(streams(), consumers())

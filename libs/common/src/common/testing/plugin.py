"""pytest fixtures for every member, loaded by the root configuration (`-p common.testing.plugin`)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from common.testing.clock import FrozenClock, SeededEntropy
from common.testing.servers import Servers, remove, start_servers
from devstack.servers.ports import share_ports


def pytest_configure(config: pytest.Config) -> None:
    """Of workers side by side each has ports of its own: a server that a test ends and starts again finds its port free."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        share_ports(int(worker["workerid"].removeprefix("gw")), worker["workercount"])


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL for this test process, and brokers on demand."""
    folder = Path(tempfile.mkdtemp(prefix="lanyard-tests-"))
    started = start_servers(folder)
    yield started
    started.close()
    remove(folder)


@pytest.fixture
def clock() -> FrozenClock:
    """Friday, 20 November 2026, 18:00 UTC, until the test moves it."""
    return FrozenClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    """The same draws in every run."""
    return SeededEntropy()


def pytest_report_header() -> str:
    """Say which servers the tests run on."""
    import os  # noqa: PLC0415 - only for this line

    return f"servers: {os.environ.get('LANYARD_TEST_SERVERS', 'embedded')}"


class OnePlatform(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Hands out tests one by one, but the journeys together: they share a platform, and two would only be slower."""

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if nodeid.startswith("tests/e2e/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OnePlatform:
    """Which worker runs which test."""
    return OnePlatform(config, log)

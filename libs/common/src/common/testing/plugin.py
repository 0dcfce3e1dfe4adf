"""pytest fixtures for every member, loaded by the root configuration (`-p common.testing.plugin`)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.testing.clock import FrozenClock, SeededEntropy
from common.testing.servers import Servers, remove, start_servers


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

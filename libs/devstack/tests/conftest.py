"""Servers shared by the tests of the devstack; each module that breaks one starts its own."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.servers import EmbeddedPostgres
from devstack.testing import Clone, free_base

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def provision_sql() -> Path:
    """The script that makes a service's database and roles."""
    return REPOSITORY / "deploy" / "postgres" / "provision.sql"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A running server of the module's own."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    server.start()
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until a condition holds, ten seconds at most."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, "still not so after 10 s"
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone shared by the tests that only look at a stack or crash a part of it."""
    made = Clone(tmp_path_factory.mktemp("clone"), free_base())
    yield made
    made.run("clean")


@pytest.fixture(scope="session")
def first_words(clone: Clone) -> Iterator[str]:
    """The stack of the clone, up; what it printed on the way."""
    process, said = clone.up()
    yield said
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


@pytest.fixture
def new_clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone that nothing was started in."""
    made = Clone(tmp_path / "clone", free_base())
    yield made
    made.run("clean")

"""A platform of the bench's own: other ports, other data, started by `lanyard up` and stopped by its process id."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.proc import cpu_by_program
from bench.programs import output_of, running
from bench.report import NotMeasured
from devstack.servers import EmbeddedPostgres
from devstack.servers.children import last_lines
from devstack.stack import REPOSITORY, Stack

STACK = Stack(REPOSITORY, 28000, ".cache/bench")
SCRATCH = STACK.state / "scratch"
GATEWAY = STACK.address("gateway")
UNLIMITED = json.dumps({name: [100_000_000, 60] for name in ("read", "write", "buy", "tickets", "checkout")})
"""The limits stand in no figure's way; they are counted all the same."""

_LOG = STACK.root / ".cache" / "bench-up.log"
_READY_SECONDS = 120.0
_QUIET_CORES = 0.35
_QUIET_SAMPLE = 0.5
_QUIET_SECONDS = 60.0


@dataclass(frozen=True)
class Platform:
    """Everything running."""

    pid: int
    start_seconds: float
    """Until the gateway said that all of it is ready."""

    def database(self, name: str) -> str:
        """A superuser's URL of a database of this platform."""
        return EmbeddedPostgres(STACK.state / "postgres", port=STACK.port("postgres")).url(name)

    def wait_until_quiet(self) -> None:
        """Return when the platform does nothing but tick, so that one side's leftovers do not slow the other.

        Raises NotMeasured when it is still busy after a minute.
        """
        deadline = time.monotonic() + _QUIET_SECONDS
        while time.monotonic() < deadline:
            began, used = time.monotonic(), self._cpu_seconds()
            time.sleep(_QUIET_SAMPLE)
            if (self._cpu_seconds() - used) / (time.monotonic() - began) < _QUIET_CORES:
                return
        raise NotMeasured(f"the platform was still busy after {_QUIET_SECONDS:.0f} s")

    def _cpu_seconds(self) -> float:
        return sum(cpu_by_program(self.pid).values())


def environment(**more: str) -> dict[str, str]:
    """What the bench's platform is started with."""
    return {
        **os.environ,
        "LANYARD_PORT_BASE": str(STACK.port_base),
        "LANYARD_STATE": STACK.state_folder,
        "LANYARD_PUBLIC_URL": GATEWAY,
        "LANYARD_LOG_FORMAT": "json",
        "LANYARD_RATE_LIMITS": UNLIMITED,
        **more,
    }


def forget() -> None:
    """Remove the bench platform's data: the next start is a cold one. Raises NotMeasured while another bench uses them."""
    output_of([sys.executable, "-m", "devstack.command", "clean"], 60, environment())


@contextmanager
def platform(**more: str) -> Iterator[Platform]:
    """Start everything; it stops with the block. `more` is added to its environment. Raises NotMeasured when it does not get ready."""
    command = [sys.executable, "-m", "devstack.command", "up", "--quiet"]
    began = time.perf_counter()
    with running(command, _LOG, environment(**more)) as process:
        _wait_ready(process)
        yield Platform(process.pid, time.perf_counter() - began)


@contextmanager
def scratch() -> Iterator[None]:
    """An empty folder for configurations, scripts and logs of one measurement; it goes with the block."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)


def _wait_ready(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _is_ready():
            return
        time.sleep(0.05)
    fault = "ended" if process.poll() is not None else f"was not ready after {_READY_SECONDS:.0f} s"
    raise NotMeasured(f"the platform {fault}:\n{last_lines(_LOG)}")


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"{GATEWAY}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False

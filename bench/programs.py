"""Programs the bench starts: found or named as missing, pinned to a core, stopped by their own process id whatever happens."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.report import NotMeasured
from devstack.servers.children import spawn, stop

PROXY_CORE, LOAD_CORE = 0, 1
_SYSTEM_FOLDERS = "/usr/sbin:/sbin"
_PATIENCE = 15.0


def program(name: str, package: str) -> str:
    """The path of a program. Raises NotMeasured naming Debian's package when it is missing."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + _SYSTEM_FOLDERS
    found = shutil.which(name, path=path)
    if found is None:
        raise NotMeasured(f"{name} is not installed (on Debian: apt-get install {package})")
    return found


def pinned(core: int) -> tuple[str, ...]:
    """What goes before a command line so that it runs on this core alone. Raises NotMeasured where there is no such core."""
    if core not in os.sched_getaffinity(0):
        raise NotMeasured("one core for each side and one for the load are needed; this machine has too few")
    return (program("taskset", "util-linux"), "-c", str(core))


@contextmanager
def running(
    argv: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside us; it ends with the block, and should we be killed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = spawn(argv, output=output, environment=environment)
    try:
        yield process
    finally:
        stop(process, signal.SIGTERM, _PATIENCE)


def output_of(argv: Sequence[str | Path], seconds: float, environment: Mapping[str, str] | None = None) -> str:
    """What a program prints until it ends. Raises NotMeasured when it fails or takes longer than `seconds`."""
    name = Path(argv[0]).name
    process = spawn(argv, output=subprocess.PIPE, environment=environment)
    try:
        said = process.communicate(timeout=seconds)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"{name} did not end within {seconds:.0f} s") from None
    finally:
        stop(process, signal.SIGTERM, _PATIENCE)
    if process.returncode:
        raise NotMeasured(f"{name} failed: {said.strip()[-600:]}")
    return said

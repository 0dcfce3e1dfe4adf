"""A platform of the bench's own: other ports, other data, started by `./lanyard up` and stopped by its pid."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PORT_BASE = 28000
STATE = ".cache/bench"
GATEWAY = f"http://127.0.0.1:{PORT_BASE}"
MAILBOX = f"http://127.0.0.1:{PORT_BASE + 25}"


def environment(**more: str) -> dict[str, str]:
    """What the bench's platform is started with."""
    return {**os.environ, "LANYARD_PORT_BASE": str(PORT_BASE), "LANYARD_STATE": STATE, "LANYARD_LOG_FORMAT": "json", **more}


def forget() -> None:
    """Remove the bench platform's data, so that the next start is a cold one."""
    command = [sys.executable, "-m", "devstack.command", "clean"]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    shutil.rmtree(ROOT / STATE, ignore_errors=True)


@contextmanager
def platform(**more: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start everything; yields the process and the seconds until the gateway called all of it ready."""
    (ROOT / STATE).mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with (ROOT / STATE / "up.log").open("wb") as log:
        command = [sys.executable, "-m", "devstack.command", "up", "--quiet"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(**more), stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_ready(process)
        yield process, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def memory(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Resident bytes of the process and everything below it, by program: shared pages count for each (PSS where known)."""
    found: dict[str, int] = {}
    for pid in _family(process.pid):
        name = _name(pid)
        found[name] = found.get(name, 0) + _proportional_bytes(pid)
    return found


def _family(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    family = [root]
    for pid in family:
        family += parents.get(pid, [])
    return family


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    if "-m" in words:
        return words[words.index("-m") + 1]
    return Path(words[0].split(" ")[0].rstrip(":")).name or "?"


def _proportional_bytes(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def _wait_ready(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the platform did not start; see {STATE}/up.log")
        try:
            with urllib.request.urlopen(f"{GATEWAY}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    raise SystemExit(f"the platform was not ready within 120 s; see {STATE}/up.log")

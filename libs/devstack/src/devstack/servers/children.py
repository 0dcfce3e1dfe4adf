"""Starts child processes that cannot outlive us.

Linux tells a child of its parent's death when the *thread* that started it ends, so every child is started by one thread
that lives as long as this process. Children get a session of their own: Ctrl-C on the terminal reaches us alone, and we
stop them in order.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Account:
    """The user and group a child runs as."""

    uid: int
    gid: int
    name: str


class _Spawner:
    """One thread that starts whatever it is handed, for as long as the process lives."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]] = (
            queue.SimpleQueue()
        )
        threading.Thread(target=self._run, name="devstack-spawner", daemon=True).start()

    def _run(self) -> None:
        while True:
            start, answer = self._work.get()
            try:
                answer.set_result(start())
            except (OSError, ValueError, TypeError) as failure:
                answer.set_exception(failure)

    def do(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        answer: Future[subprocess.Popen[bytes]] = Future()
        self._work.put((start, answer))
        return answer.result()


@cache
def _spawner(pid: int) -> _Spawner:
    """The spawner of process `pid`: a forked process inherits the object but not its thread."""
    return _Spawner()


def spawn(
    argv: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `argv` with stdout and stderr going to `output`; on Linux it gets `death_signal` should we die first.

    `environment` replaces ours when given. `account` needs root.
    """
    who = [str(account.uid), str(account.gid)] if account else ["-1", "-1"]
    command = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(death_signal)), *who]
    command += [str(word) for word in argv]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=directory,
            start_new_session=True,
        )

    return _spawner(os.getpid()).do(start)


def stop(process: subprocess.Popen[bytes], sign: signal.Signals, patience: float) -> bool:
    """Send `sign`, wait `patience` seconds, then SIGKILL; true when the process ended by itself in time."""
    if process.poll() is None:
        process.send_signal(sign)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log file, indented for quoting below a failure."""
    if not log.exists():
        return "    (no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        text = file.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:]) or "    (empty log)"

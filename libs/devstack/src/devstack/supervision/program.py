"""One child program whose output goes line by line to a log file and, when wanted, to the terminal."""

import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from devstack.servers.children import spawn, stop

Sink = Callable[[str, str], None]
_KEPT_LOG_BYTES = 20 * 1024 * 1024
_STOP_SECONDS = 15.0


class Program:
    """A program that can be started again and again under one name."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        sink: Sink,
        patience: float = _STOP_SECONDS,
    ) -> None:
        """`sink` hears (name, line); `patience` is how many seconds a stop may take before SIGKILL."""
        self.name = name
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._argv = list(argv)
        self._environment = dict(environment)
        self._directory = directory
        self._sink = sink
        self._patience = patience
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start it; what it prints is read until it ends."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _KEPT_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        self.process = spawn(
            self._argv, output=subprocess.PIPE, environment=self._environment, directory=self._directory
        )
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._copy, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL when patience ends; returns once its last words are in the log."""
        if self.process:
            stop(self.process, signal.SIGTERM, self._patience)
        if self._reader:
            self._reader.join(1)

    def kill(self) -> None:
        """SIGKILL now."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def _copy(self, output: IO[bytes]) -> None:
        with self.log.open("ab") as log, output:
            for line in output:
                log.write(line)
                log.flush()
                self._sink(self.name, line.decode(errors="replace").rstrip())

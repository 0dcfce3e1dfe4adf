"""Brings a whole stack up in numbered steps, and down again in order."""

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from devstack import migrations
from devstack.certificates import make_certificates
from devstack.environments import nats_environment, provisioner_environment
from devstack.ports_check import demand_all_free
from devstack.processes import (
    GATEWAY_TIER,
    MAILBOX_TIER,
    NATS_TIER,
    POSTGRES_TIER,
    SERVICE_TIER,
    Process,
    processes,
    python,
)
from devstack.servers import CannotStart, EmbeddedNats, EmbeddedPostgres
from devstack.stack import SERVICES, Stack
from devstack.supervision import Program, StopRequested, Supervisor
from devstack.supervision.once import run_all
from devstack.supervision.readiness import ask
from devstack.terminal import Terminal

_NEEDED_BYTES = 512 * 1024 * 1024


class Platform:
    """Everything `up` runs."""

    def __init__(self, stack: Stack, terminal: Terminal, stopping: threading.Event, gateways: int = 1) -> None:
        """`stopping` ends every wait; whoever sets it calls `stop` next."""
        self._stack = stack
        self._terminal = terminal
        self._stopping = stopping
        self._table = processes(gateways)
        self.supervisor = Supervisor(terminal.happened, stopping)
        self._postgres = EmbeddedPostgres(
            stack.state / "postgres", port=stack.port("postgres"), progress=partial(terminal.happened, "postgres")
        )
        self._nats_config = stack.root / "deploy" / "nats" / "nats.conf"

    def start(self) -> None:
        """Run the steps. Raises CannotStart naming what failed and its mend, StopRequested when asked to stop."""
        steps: list[tuple[str, Callable[[], None]]] = [
            ("this machine: ports and disk", self._machine),
            ("secrets and certificates", self._secrets),
            ("PostgreSQL", self._start_postgres),
            ("databases and roles", self._provision_databases),
            ("NATS", self._start_nats),
            ("streams and consumers", self._provision_streams),
            ("mailbox", partial(self._start_tier, MAILBOX_TIER)),
            ("migrations", self._migrate),
            ("services: " + ", ".join(SERVICES), partial(self._start_tier, SERVICE_TIER)),
            ("gateway", partial(self._start_tier, GATEWAY_TIER)),
        ]
        for number, (title, run) in enumerate(steps, start=1):
            with self._terminal.step(number, len(steps), title):
                run()
            if self._stopping.is_set():
                raise StopRequested

    def watch(self) -> None:
        """Stay until asked to stop, restarting what crashes."""
        self.supervisor.watch()

    def stop(self) -> None:
        """Gateway first, databases last; the data stay."""
        self.supervisor.stop_all()

    def kill(self) -> None:
        """Everything at once."""
        self.supervisor.kill_all()

    def addresses(self) -> list[tuple[str, str]]:
        """Where people look."""
        gateway = self._stack.address("gateway")
        return [
            ("the API", gateway),
            ("its documentation", f"{gateway}/docs"),
            ("health", f"{gateway}/health"),
            ("status", f"{gateway}/status"),
            ("mailbox", self._stack.address("mailbox")),
            ("NATS monitor", self._stack.address("nats monitor")),
            ("PostgreSQL", f"127.0.0.1:{self._stack.port('postgres')}"),
            ("logs", str(self._stack.logs)),
        ]

    def _machine(self) -> None:
        free = shutil.disk_usage(self._stack.root).free
        if free < _NEEDED_BYTES:
            raise CannotStart(f"only {free // 1024**2} MiB are free on this disk", "free half a gigabyte")
        if not self._nats_config.exists():
            raise CannotStart(f"{self._nats_config} is missing", "write the generated files: make docs")
        demand_all_free(self._stack, [process.name for process in self._table])

    def _secrets(self) -> None:
        make_certificates(self._stack.state / "certificates", datetime.now(UTC))
        for process in self._table:
            process.environment(self._stack)

    def _start_postgres(self) -> None:
        self.supervisor.start([(self._postgres, lambda: self._postgres.running)], POSTGRES_TIER)

    def _provision_databases(self) -> None:
        script = self._stack.root / "deploy" / "postgres" / "provision.sql"
        word = self._stack.secrets.word
        for service in SERVICES:
            passwords = {
                "owner_password": word(f"postgres {service}_owner"),
                "app_password": word(f"postgres {service}"),
            }
            self._postgres.psql(script, {"service": service, **passwords})

    def _start_nats(self) -> None:
        nats = EmbeddedNats(
            self._stack.state / "nats",
            config=self._nats_config,
            environment=nats_environment(self._stack, self._nats_config),
            port=self._stack.port("nats"),
            monitor_port=self._stack.port("nats monitor"),
        )
        self.supervisor.start([(nats, lambda: nats.running)], NATS_TIER)

    def _provision_streams(self) -> None:
        """Skipped when the streams in this directory were made from the same code: asking NATS costs a second."""
        done = self._stack.state / "nats" / "provisioned"
        wanted = migrations.fingerprint(self._common())
        if done.exists() and done.read_text() == wanted:
            return
        self._run({"common.provision": (python("common.provision"), provisioner_environment(self._stack))})
        done.write_text(wanted)

    def _migrate(self) -> None:
        wanted = {
            service: migrations.fingerprint(self._stack.root / "services" / service / "migrations", self._common())
            for service in SERVICES
        }
        applied = migrations.applied(self._postgres.url())
        due = [service for service in SERVICES if applied.get(service) != wanted[service]]
        environments = {process.name: process.environment for process in self._table}
        self._run({name: (python(name, "migrate"), environments[name](self._stack)) for name in due})
        for service in due:
            migrations.note_applied(self._postgres.url(), service, wanted[service])

    def _start_tier(self, tier: int) -> None:
        chosen = [process for process in self._table if process.tier == tier]
        self.supervisor.start([(self._program(one), self._readiness(one)) for one in chosen], tier)

    def _program(self, process: Process) -> Program:
        return Program(
            process.name,
            process.argv,
            environment=process.environment(self._stack),
            directory=self._stack.root,
            log=self._stack.logs / f"{process.name}.log",
            sink=self._terminal.log,
        )

    def _readiness(self, process: Process) -> Callable[[], bool]:
        return lambda: ask(process.ready_url(self._stack)).ready

    def _run(self, commands: dict[str, tuple[tuple[str, ...], dict[str, str]]]) -> None:
        programs = [
            Program(
                name,
                argv,
                environment=environment,
                directory=self._stack.root,
                log=self._stack.logs / f"{name}.setup.log",
                sink=self._terminal.log,
            )
            for name, (argv, environment) in commands.items()
        ]
        run_all(programs, self._stopping)

    def _common(self) -> Path:
        return self._stack.root / "libs" / "common" / "src"

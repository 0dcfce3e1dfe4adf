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
from common.house_tables import HOUSE_TABLES_1
from common.testing.brokers import PASSWORD, Brokers, NatsServer

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
        self.brokers = Brokers(backend, folder)
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

    def hash_passwords_lightly(self) -> None:
        """Tests open thousands of connections as roles whose password is no secret; each would cost 4,096 rounds twice."""
        self._as_superuser(sql.Composed([sql.SQL("ALTER SYSTEM SET scram_iterations = 1")]))
        self._as_superuser(sql.Composed([sql.SQL("SELECT pg_reload_conf()")]))

    def close(self) -> None:
        """Stop the database server for good and remove what brokers left."""
        self.brokers.close()
        destroy = getattr(self.postgres, "destroy", self.postgres.stop)
        destroy()

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
    servers.hash_passwords_lightly()
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

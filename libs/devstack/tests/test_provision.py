"""What `deploy/postgres/provision.sql` promises: two roles per service, each with no more than it needs, in one database alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from devstack.servers import EmbeddedPostgres

OWNER_PASSWORD = "owner's pass\\word"
APP_PASSWORD = "app:pass@word/"


def provision(server: EmbeddedPostgres, script: Path, service: str, **more: str) -> None:
    passwords = {"owner_password": OWNER_PASSWORD, "app_password": APP_PASSWORD}
    server.psql(script, {"service": service, **passwords, **more})


@pytest.fixture(scope="module", autouse=True)
def provisioned(postgres: EmbeddedPostgres, provision_sql: Path) -> None:
    for service in ("commerce", "identity"):
        provision(postgres, provision_sql, service)
    with psycopg.connect(owner_of(postgres, "commerce")) as connection:
        connection.execute("CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total bigint)")


def owner_of(server: EmbeddedPostgres, service: str, database: str | None = None) -> str:
    return server.url(database or service, f"{service}_owner", OWNER_PASSWORD)


def app_of(server: EmbeddedPostgres, service: str, database: str | None = None) -> str:
    return server.url(database or service, service, APP_PASSWORD)


def test_the_app_role_reads_and_writes_rows_of_tables_made_later(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(app_of(postgres, "commerce")) as connection:
        assert connection.execute("INSERT INTO orders (total) VALUES (5) RETURNING total").fetchone() == (5,)
        assert connection.execute("UPDATE orders SET total = 6 RETURNING total").fetchone() == (6,)
        assert connection.execute("DELETE FROM orders RETURNING total").fetchone() == (6,)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "TRUNCATE orders",
        "DROP TABLE orders",
        "ALTER TABLE orders ADD COLUMN x int",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
    ],
)
def test_the_app_role_changes_no_structure(postgres: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(app_of(postgres, "commerce"), autocommit=True) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


@pytest.mark.parametrize("role", ["commerce", "commerce_owner"])
@pytest.mark.parametrize("database", ["identity", "postgres", "template1"])
def test_neither_role_may_enter_another_database(postgres: EmbeddedPostgres, role: str, database: str) -> None:
    password = APP_PASSWORD if role == "commerce" else OWNER_PASSWORD
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(postgres.url(database, role, password))


def test_what_hangs_ends_by_itself(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(app_of(postgres, "commerce")) as connection:
        limits = [
            connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
        ]
    assert limits == [("30s",), ("30s",), ("5s",)]


def test_a_second_run_keeps_the_data_and_takes_new_passwords(postgres: EmbeddedPostgres, provision_sql: Path) -> None:
    provision(postgres, provision_sql, "releases")
    with psycopg.connect(owner_of(postgres, "releases")) as connection:
        connection.execute("CREATE TABLE kept (x int)")
    postgres.psql(provision_sql, {"service": "releases", "owner_password": "new", "app_password": "newer"})
    with psycopg.connect(postgres.url("releases", "releases", "newer")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(app_of(postgres, "releases"))


def test_a_database_may_have_another_name_than_its_service(postgres: EmbeddedPostgres, provision_sql: Path) -> None:
    provision(postgres, provision_sql, "commerce", database="commerce Test-1")
    with psycopg.connect(owner_of(postgres, "commerce", "commerce Test-1")) as connection:
        connection.execute("CREATE TABLE here (x int)")
    with psycopg.connect(app_of(postgres, "commerce", "commerce Test-1")) as connection:
        assert connection.execute("SELECT count(*) FROM here").fetchone() == (0,)


def test_parallel_runs_do_not_trip_over_each_other(postgres: EmbeddedPostgres, provision_sql: Path) -> None:
    names = [f"wallet_{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: provision(postgres, provision_sql, "wallet", database=name), names))
    for name in names:
        with psycopg.connect(app_of(postgres, "wallet", name)) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == ("wallet", name)

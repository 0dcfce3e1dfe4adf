"""The other side of an order: pgbench runs the same SQL against a scratch database of the same server, migrated like commerce's."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.programs import output_of
from bench.report import NotMeasured
from bench.stack import STACK, Platform
from devstack.environments import service_environment
from devstack.servers.postgres_home import wheel_binaries

SCRIPT = Path(__file__).with_name("place_and_pay.sql")
PLACING = Path(__file__).with_name("place.sql")
_DATABASE = "bench_scratch"
_EVENT, _TIER, _ORGANIZATION = (f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: 0 ", re.MULTILINE)

_ONE_TIER = f"""
    INSERT INTO events (id, sequence, organization_id, name, status, starts_at, ends_at, timezone, currency)
        VALUES ('{_EVENT}', 1, '{_ORGANIZATION}', 'Bench', 'published', now(), now() + interval '1 day', 'UTC', 'NGN');
    INSERT INTO ticket_tiers (id, sequence, event_id, name, price_amount, price_currency, min_per_order, max_per_order, retired)
        VALUES ('{_TIER}', 1, '{_EVENT}', 'Bench', 5000, 'NGN', 1, 10, false);
    INSERT INTO stock (ticket_tier_id, event_id, capacity) VALUES ('{_TIER}', '{_EVENT}', 100000000);
"""

_WRITES = "SELECT relname, n_tup_ins, n_tup_upd FROM pg_stat_user_tables"
_BESIDE_THE_PATH = {
    "inbox",
    "job_runs",
    "dead_letters",
    "events",
    "ticket_tiers",
    "order_passes",
    "documents",
    "document_counters",
}
"""What others' messages bring, and what the job that writes documents does once a minute."""

Writes = dict[str, tuple[int, int]]
"""Table → rows inserted, rows updated."""


@dataclass(frozen=True)
class SqlLimit:
    """The scratch database, ready."""

    superuser: str
    """Its URL."""

    def run(self, number: int, clients: int, seconds: int, script: Path = SCRIPT) -> float:
        """Orders per second of one round of `script`. Raises NotMeasured when any of them failed."""
        names = {"run": number, "n": 0, "event": _EVENT, "tier": _TIER, "organization": _ORGANIZATION}
        where = conninfo_to_dict(self.superuser)
        command = [str(wheel_binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-T", str(seconds)]
        command += [word for name, value in names.items() for word in ("-D", f"{name}={value}")]
        command += ["-f", str(script), "-h", str(where["host"]), "-p", str(where["port"]), "-U", str(where["user"])]
        said = output_of([*command, _DATABASE], seconds + 30, {"PGPASSWORD": str(where["password"]), "LC_ALL": "C"})
        rate = _TPS.search(said)
        if rate is None or _FAILED.search(said) is None:
            raise NotMeasured(f"pgbench: {said[-800:]}")
        return float(rate[1])

    def orders(self) -> int:
        """How many were placed and paid in all rounds."""
        with psycopg.connect(self.superuser) as database:
            row = database.execute("SELECT count(*) FROM orders WHERE status = 'paid'").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def sql_limit(platform: Platform) -> Iterator[SqlLimit]:
    """Make the scratch database on the platform's own server, with its durability; it goes with the block."""
    with psycopg.connect(platform.database("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {_DATABASE} OWNER commerce_owner")
        try:
            _migrate()
            with psycopg.connect(platform.database(_DATABASE)) as database:
                database.execute(_ONE_TIER)
            yield SqlLimit(platform.database(_DATABASE))
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")


def writes(url: str) -> Writes:
    """Rows inserted into and updated in each table since the database was made."""
    with psycopg.connect(url) as database:
        return {table: (inserted, updated) for table, inserted, updated in database.execute(_WRITES)}


def per_order(before: Writes, after: Writes, orders: int) -> dict[str, tuple[float, float]]:
    """Rows inserted and updated for each order, by table."""
    found = {}
    for table, (inserted, updated) in after.items():
        inserted_before, updated_before = before.get(table, (0, 0))
        found[table] = ((inserted - inserted_before) / orders, (updated - updated_before) / orders)
    return found


def differences(ours: dict[str, tuple[float, float]], theirs: dict[str, tuple[float, float]]) -> list[str]:
    """Where the script no longer writes what commerce writes. The relay's marks in the outbox are no part of an order."""
    found = []
    for table in sorted((ours.keys() & theirs.keys()) - _BESIDE_THE_PATH):
        (inserted, updated), (wanted_inserted, wanted_updated) = theirs[table], ours[table]
        if table == "orders":
            wanted_updated -= ours["documents"][0]  # it is noted of an order that it has its documents
        if abs(inserted - wanted_inserted) > 0.25 or (table != "outbox" and abs(updated - wanted_updated) > 0.25):
            found.append(
                f"{table}: {wanted_inserted:.1f} + {wanted_updated:.1f} against {inserted:.1f} + {updated:.1f}"
            )
    return found


def _migrate() -> None:
    environment = service_environment(STACK, "commerce")
    url = urlsplit(environment["LANYARD_MIGRATIONS_DATABASE_URL"])
    environment["LANYARD_MIGRATIONS_DATABASE_URL"] = urlunsplit(url._replace(path=f"/{_DATABASE}"))
    output_of([sys.executable, "-m", "commerce", "migrate"], 60, environment)

"""What an order costs while the table is nearly empty, and what it costs behind a million others."""

import psycopg
import uvloop
from psycopg import sql

from bench.orders import BUYERS, SECONDS, Sales
from bench.people import open_market
from bench.proc import cpu_by_program
from bench.report import heading, median, p50_and_p99, say
from bench.stack import Platform

FEW, MANY = 1_000, 1_000_000
ROUNDS = 3
_PROGRAMS = ("commerce", "postgres", "gateway")
_LINKS = {
    "orders": {"id": "o", "page_token": "t"},
    "order_lines": {"id": "l", "order_id": "o"},
    "admissions": {"line_id": "l"},
    "payments": {"id": "p", "order_id": "o", "reference": "r"},
    "ledger_transfers": {"order_id": "o", "payment_id": "p"},
}
"""Columns of a copied row that stand for its own order, line, payment, page and reference."""
_NUMBERED = {"ledger_transfers": "id"}


def run(platform: Platform) -> None:
    """Measure and print."""
    heading("Cost of an order as the table grows", "python -m bench growth")
    commerce = platform.database("commerce")
    sales = Sales(open_market(BUYERS), commerce)
    uvloop.run(sales.rush(1.0))
    sales.wait_until_paid()
    for size in (FEW, MANY):
        _fill(commerce, size)
        platform.wait_until_quiet()
        _measure(platform, commerce)


def _measure(platform: Platform, commerce: str) -> None:
    sales = Sales(open_market(BUYERS), commerce)
    uvloop.run(sales.rush(1.0))  # connections, plans and pages are there before anything is measured
    sales.wait_until_paid()
    platform.wait_until_quiet()
    with psycopg.connect(commerce) as database:
        [size] = database.execute("SELECT count(*) FROM orders").fetchone() or (0,)
    placed = len(sales.placing)
    rounds = [_round(platform, sales, commerce) for _ in range(ROUNDS)]
    spent = {name: median([each[name] for each in rounds]) for name in rounds[0]}
    say(
        f"  {size:9,} orders: processor time for each further one {spent['commerce']:.2f} ms commerce, "
        f"{spent['postgres']:.2f} ms postgres; {spent['gateway']:.2f} ms gateway, which knows no table; "
        f"server busy {spent['server']:.2f} ms for each; a buyer waits {p50_and_p99(sales.placing[placed:])}"
    )


def _round(platform: Platform, sales: Sales, commerce: str) -> dict[str, float]:
    """Milliseconds of processor time for each order, by program, and what the server's sessions were busy with it."""
    was, work, said = sales.number, cpu_by_program(platform.pid), _said(commerce)
    uvloop.run(sales.rush(SECONDS))
    sales.wait_until_paid()
    platform.wait_until_quiet()
    orders, after = sales.number - was, cpu_by_program(platform.pid)
    spent = {name: (after[name] - work.get(name, 0.0)) * 1000 / orders for name in _PROGRAMS}
    return {**spent, "server": (_said(commerce) - said) / orders}


def _said(commerce: str) -> float:
    """Milliseconds that sessions of the database spent on statements."""
    with psycopg.connect(commerce) as database:
        query = "SELECT active_time FROM pg_stat_database WHERE datname = current_database()"
        row = database.execute(query).fetchone()
    return float(row[0]) if row else 0.0


def _fill(commerce: str, size: int) -> None:
    """Copy one paid order, with all that hangs on it, until there are `size`; triggers and foreign keys do not look on."""
    with psycopg.connect(commerce) as database:
        [there] = database.execute("SELECT count(*) FROM orders").fetchone() or (0,)
        found = database.execute("SELECT id FROM orders WHERE status = 'paid' LIMIT 1").fetchone()
        assert found is not None, "the market sold some"
        # Its copies are documented, too: otherwise a million receipts would be written while we measure.
        database.execute("UPDATE orders SET documented_version = version WHERE id = %s", found)
        database.execute("SET session_replication_role = replica")
        for table in _LINKS:
            database.execute(_copies(table), {"model": found[0], "from": there + 1, "to": size})
        database.commit()
        database.autocommit = True
        database.execute("VACUUM ANALYZE")


def _copies(table: str) -> sql.Composed:
    """Each copy's ids are made of its number, so that they lie all over the index, as those of millions of buyers do."""
    own = {"orders": "model.id", "admissions": "(SELECT order_id FROM order_lines WHERE id = model.line_id)"}
    links = {
        column: f"substr(md5('{mark}' || n), 1, 22)" if mark in "tr" else f"md5('{mark}' || n)::uuid"
        for column, mark in _LINKS[table].items()
    }
    if table in _NUMBERED:
        links[_NUMBERED[table]] = "n + 1000000000"
    pairs = ", ".join(f"'{column}', {value}" for column, value in links.items())
    return sql.SQL(
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE "
        f"SELECT (jsonb_populate_record(model, jsonb_build_object({pairs}))).* "
        f"FROM {table} AS model, generate_series(%(from)s::bigint, %(to)s::bigint) AS n "
        f"WHERE {own.get(table, 'model.order_id')} = %(model)s"
    ).format()

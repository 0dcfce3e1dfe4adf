"""What the platform does all the time costs the same whether a table holds a thousand orders or a million: every statement
finds what it looks for by an index, also when the server keeps one plan of it for all values."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from services.commerce.tests.component.test_disputes import dispute
from services.commerce.tests.component.test_event_refunds import by_hand, cancel, sold_so_often
from services.commerce.tests.conftest import Stall

from commerce.actions.refund_cancelled_events import refund_cancelled_events
from commerce.tables.queues import IN_ORDER
from common.db import Database
from common.testing import FrozenClock, Running, RunService, eventually

PRICE = 150_000
COPIES = 4_000
GROWING = {
    "admissions": {"line_id": "gen_random_uuid()"},
    "documents": {"id": "gen_random_uuid()", "order_id": "gen_random_uuid()", "number": "n"},
    "idempotency_keys": {"key": "n"},
    "inbox": {"message_id": "n"},
    "ledger_transfers": {
        "id": "n",
        "order_id": "gen_random_uuid()",
        "payment_id": "gen_random_uuid()",
        "refund_id": "NULL",
    },
    "order_lines": {"id": "gen_random_uuid()", "order_id": "gen_random_uuid()"},
    "orders": {"id": "gen_random_uuid()", "page_token": "'a-page-token-' || gen_random_uuid()"},
    "outbox": {"position": "n", "message_id": "gen_random_uuid()", "sent_at": "now()"},
    "payment_webhooks": {"id": "n", "event_key": "n"},
    "payments": {"id": "gen_random_uuid()", "order_id": "gen_random_uuid()", "reference": "n"},
    "refunded_admissions": {"line_id": "gen_random_uuid()", "refund_id": "gen_random_uuid()"},
    "refunds": {
        "id": "gen_random_uuid()",
        "order_id": "gen_random_uuid()",
        "payment_id": "gen_random_uuid()",
        "origin_key": "n",
        "reference": "n",
    },
    "sandbox_notices": {"id": "n", "key": "n"},
    "sandbox_payments": {"id": "n", "payment_id": "gen_random_uuid()"},
    "sandbox_refunds": {"id": "n", "payment": "n", "key": "n"},
}
"""Tables that grow with what is sold, and what tells copies of one row apart; `n` is the number of a copy."""

JOBS = (
    "expire-orders",
    "tell-availability",
    "expire-approvals",
    "offer-places",
    "issue-documents",
    "refund-cancelled-events",
    "check-payments",
    "forget-vat-verdicts",
    "forget-webhooks",
    "reconcile-payments",
    "housekeeping",
)
OF_THE_STALL = "SELECT 1 FROM payment_webhooks WHERE handled_at IS NOT NULL"
"""What the tests themselves ask while they wait."""
TAKING_THE_FIRST = re.compile(
    r"FROM (refunds|payments|payment_webhooks|sandbox_notices)\b.*LIMIT \d+ FOR UPDATE", re.DOTALL
)
A_PAGE_OF_THE_RUN = re.compile(r"SELECT orders\.id\s+FROM orders\s+WHERE orders\.event_id")
ABOUT_REFUNDS = re.compile(r"\b(orders|refunds|event_refund_runs|sandbox_refunds|ledger_transfers|stock)\b")


@contextmanager
def overheard(database: Database) -> Iterator[Counter[str]]:
    """How often each statement is said meanwhile."""
    said: Counter[str] = Counter()

    def hear(statement: str) -> None:
        said[statement] += 1

    database.pool.observers.append(hear)
    yield said
    database.pool.observers.remove(hear)


async def live_through_it(world: Running, stall: Stall, clock: FrozenClock) -> None:
    """Sell, be paid, wait in vain, call off, give back, write documents and compare the books, by every job there is."""
    [tier] = await stall.open(world)
    left_alone = await stall.placed(world, (tier, 1))
    await stall.pay(world, left_alone)
    paid, disputed = await stall.paid(world, (tier, 1)), await stall.paid(world, (tier, 1))
    await dispute(world, stall, disputed, "open")
    for job in JOBS:
        await stall.job(world, job)
    clock.advance(timedelta(days=1))
    await cancel(world, stall)
    for job in JOBS:
        await stall.job(world, job)
    assert (await stall.show(world, left_alone))["status"] == "expired"
    assert await stall.refunds(world, paid) == [("done", PRICE)]
    await dispute(world, stall, disputed, "won")
    for job in JOBS:
        await stall.job(world, job)
    assert await stall.refunds(world, disputed) == [("done", PRICE)]
    assert (await world.get("/readyz")).json()["status"] == "ready"


def grow(superuser: psycopg.Connection[Any]) -> None:
    """Thousands of rows like one of each table, where everything about that is done."""
    superuser.execute("SET session_replication_role = replica")
    for table, columns in GROWING.items():
        changes = ", ".join(f"'{column}', {value}" for column, value in columns.items())
        copied = (
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE "
            f"SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(one) || jsonb_build_object({changes}))).* "
            f"FROM (SELECT * FROM {table} LIMIT 1) AS one, generate_series(1000001, {1_000_000 + COPIES}) AS n"
        )
        assert superuser.execute(copied.encode()).rowcount == COPIES, f"{table} has a row to be copied"
    superuser.execute("VACUUM ANALYZE")


def plan_of(superuser: psycopg.Connection[Any], statement: str) -> list[dict[str, Any]]:
    """The nodes of the plan for all values."""
    # The one place where the type of a value is said beside the text, not in it.
    statement = statement.replace("least($2, $3 *", "least($2::interval, $3::interval *")
    row = superuser.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}".encode()).fetchone()
    assert row is not None
    return list(_nodes(row[0][0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def test_no_job_and_no_sale_reads_a_growing_table_from_end_to_end(
    run: RunService, stall: Stall, clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        with overheard(world.database) as said:
            await live_through_it(world, stall, clock)
        with psycopg.connect(world.urls.superuser, autocommit=True) as superuser:
            grow(superuser)
            asked = [each for each in said if each.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")]
            plans = {" ".join(each.split()): plan_of(superuser, each) for each in asked if each != OF_THE_STALL}
    assert len(plans) > 90, "every job and the whole way of an order were heard"
    read_whole = {
        statement: node["Relation Name"]
        for statement, nodes in plans.items()
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING
    }
    assert read_whole == {}
    # Who takes the first few of a queue must not gather all of it, with all that was in it since the table was cleaned last.
    queues = {
        statement: nodes
        for statement, nodes in plans.items()
        if "LIMIT" in statement
        and "SKIP LOCKED" in statement
        and GROWING.keys() & {node.get("Relation Name") for node in nodes}
    }
    assert len(queues) == 7, "unpaid and undecided orders, payments twice, webhooks, notices, refunds"
    gathering = ("Sort", "Incremental Sort", "Bitmap Heap Scan")
    assert [
        statement for statement, nodes in queues.items() if any(node["Node Type"] in gathering for node in nodes)
    ] == []
    # Where the server expects so few that it would gather them all the same, it is told not to.
    taken = sum(often for statement, often in said.items() if TAKING_THE_FIRST.search(statement))
    assert said[IN_ORDER.text] == taken > 0


async def test_an_order_of_a_cancelled_event_takes_as_many_statements_among_many_as_among_few(run: RunService) -> None:
    """Scenario 46: ten thousand orders take a hundred times as long as a hundred."""
    few, many = 20, 100
    taken = {}
    for count in (few, many):
        stall = Stall()
        async with run() as world, by_hand(world):
            await sold_so_often(world, stall, count)
            await cancel(world, stall)
            with overheard(world.database) as said:
                assert await refund_cancelled_events(world.database) == count
                await _all_sent(world)
        taken[count] = sum(often for statement, often in said.items() if ABOUT_REFUNDS.search(statement)) / count
        pages = sum(often for statement, often in said.items() if A_PAGE_OF_THE_RUN.match(statement))
        assert pages == 2, "what is left to be done is asked for by hundreds"
    assert taken[many] < 1.2 * taken[few], "a tenth more where fewer are sent together"
    assert taken[many] < 25


async def _all_sent(world: Running) -> None:
    async def sent() -> bool:
        return await world.rows("SELECT 1 AS one FROM refunds WHERE status = 'pending' LIMIT 1") == []

    await eventually(sent, within=60.0, what="every refund being sent")

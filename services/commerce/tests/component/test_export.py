"""Orders as a spreadsheet: complete, safe to open, and no heavier for a big event than for a small one."""

import asyncio
import csv
import io
import resource
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from commerce.store.one_moment import see_one_moment
from common.ids import OrganizationId
from common.principal import Principal
from common.testing import Running, RunService, eventually, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

MANY = 6_000
_MANY_ORDERS = """
WITH made AS (
    INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, buyer_name, status,
        holding, total, currency, captured, page_token, placed_at, paid_at)
    SELECT gen_random_uuid(), 2, :event, 'Night', :organization, gen_random_uuid(), 'buyer' || n || '@example.org',
        repeat('x', 100), 'paid', 'sold', 300000, 'NGN', 300000, replace(gen_random_uuid()::text, '-', ''), now(), now()
    FROM generate_series(1, :count) AS n RETURNING id
), lines AS (
    INSERT INTO order_lines (id, order_id, place, ticket_tier_id, ticket_tier_name, unit_amount, gross)
    SELECT gen_random_uuid(), id, 0, :tier, 'Regular', 150000, 300000 FROM made RETURNING id
)
INSERT INTO admissions (line_id, ordinal, attendee_name) SELECT id, n, repeat('y', 100) FROM lines, generate_series(1, 2) AS n
RETURNING 1
"""


def staff_of(stall: "Stall") -> Principal:
    return principals.member_of(stall.organization_id, "finance")


async def exported(world: Running, stall: "Stall", query: str = "") -> list[dict[str, str]]:
    answer = await world.get(f"/v1/events/{stall.event_id}/orders.csv?{query}", staff_of(stall))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="orders-{stall.event_id}.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


class Reader:
    """A client of the bare application, who takes chunk by chunk and may go away."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.chunks: list[int] = []
        self.most = 0
        self._leaves_after = leaves_after
        self._left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.chunks.append(len(message.get("body", b"")))
        self.most = max(self.most, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        if len(self.chunks) == self._leaves_after:
            self._left.set()
        await asyncio.sleep(0)

    async def read(self, world: Running, stall: "Stall") -> None:
        headers = [(b"authorization", f"Bearer {world.token(staff_of(stall))}".encode())]
        path = f"/v1/events/{stall.event_id}/orders.csv"
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
        await world.app({**scope, "headers": headers, "http_version": "1.1", "scheme": "http"}, self.receive, self.send)


async def many_orders(world: Running, stall: "Stall", count: int) -> None:
    values = {"event": stall.event_id.uuid, "organization": stall.organization_id.uuid, "tier": uuid4(), "count": count}
    await world.rows(_MANY_ORDERS, **values)


async def test_each_admission_has_its_line_with_what_was_paid_for_it(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"name": "Seats, front"})
        attendees = [{"name": '=HYPERLINK("http://x")', "email": "zoe@club.example"}, {"name": "Zoë 東京"}]
        line = {"ticketTierId": tier, "quantity": 3, "attendees": attendees}
        body = {"eventId": stall.event_id, "lines": [line]}
        order = (await world.post("/v1/orders", stall.buyer, key="one", json=body)).json()
        other = await stall.placed(world, (tier, 1))
        await world.post(f"/v1/orders/{other['id']}/cancel", stall.buyer)
        rows = await exported(world, stall)
        assert [row["Order"] for row in rows] == [order["id"]] * 3 + [other["id"]]
        assert [row["Attendee name"] for row in rows] == ['\'=HYPERLINK("http://x")', "Zoë 東京", "", ""]
        assert [(row["Number"], row["Price"], row["Currency"]) for row in rows[:3]] == [
            (number, "1500.00", "NGN") for number in ("1", "2", "3")
        ]
        assert (rows[0]["Ticket"], rows[0]["Buyer mail"], rows[0]["Valid"]) == ("Seats, front", "ben@example.org", "no")
        assert rows[0]["Placed"].endswith("+01:00")
        whole = await exported(world, stall, "rows=orders&status=cancelled")
        assert [(row["Order"], row["Tickets"], row["Total"]) for row in whole] == [(other["id"], "1", "1500.00")]


async def test_a_big_event_takes_no_more_memory_than_a_small_one(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        await many_orders(world, stall, 600)
        small, big = Reader(), Reader()
        await small.read(world, stall)
        await many_orders(world, stall, MANY)
        await big.read(world, stall)
        assert sum(big.chunks) > 9 * sum(small.chunks)
        assert max(big.chunks) < 128 * 1024
        assert big.most - small.most < 8 * 1024  # KiB; all rows at once are several times that


async def test_whoever_goes_away_leaves_no_transaction_open(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        await many_orders(world, stall, MANY)
        reader = Reader(leaves_after=3)
        await asyncio.wait_for(reader.read(world, stall), timeout=20)
        assert len(reader.chunks) <= 5

        async def nobody_reads() -> bool:
            query = (
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND xact_start IS NOT NULL AND query ILIKE '%order_lines%'"
            )
            return not await world.rows(query)

        await eventually(nobody_reads, what="the export's transaction being over")


async def test_what_reads_for_an_export_can_change_nothing(run: RunService) -> None:
    async with run() as world:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            async with world.database.transaction() as tx:
                await see_one_moment(tx)
                await tx.execute(text("DELETE FROM admissions"))


async def test_an_export_is_for_staff_alone(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await stall.open(world)
        path = f"/v1/events/{stall.event_id}/orders.csv"
        assert (await world.get(path, stall.buyer)).status_code == 403
        other = principals.member_of(OrganizationId(fresh(OrganizationId)), "owner")
        assert (await world.get(path, other)).json()["capability"] == "commerce:order:read"
        assert (await world.get(path)).status_code in (401, 403)
        suspended = principals.member_of(stall.organization_id, "suspended")
        assert (await world.get(path, suspended)).status_code == 200
        assert (await world.get(f"{path}?rows=passes", staff_of(stall))).status_code == 422

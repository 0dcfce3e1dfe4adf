"""Lists page by the last id seen: nothing is shown twice or left out, however many are added meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi import APIRouter
from sqlalchemy import Column, Table, insert, select

from common.db import Database, Transaction, TypedId, new_metadata
from common.ids import OrderId
from common.paging import newest_first
from common.schemas import Cursor, Limit, Page, View
from common.service import Db, Parts
from common.testing import FrozenClock, Running, RunService
from common.testing.servers import DatabaseUrls

things = Table("things", new_metadata(), Column("id", TypedId(OrderId), primary_key=True))


class ThingView(View):
    id: OrderId


def shelf() -> Parts:
    router = APIRouter()

    @router.get("/v1/things")
    async def show(database: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[ThingView]:
        async with database.transaction() as tx:
            return await newest_first(
                tx, select(things), things.c.id, OrderId, cursor, limit, lambda row: ThingView(id=row.id)
            )

    return Parts(routers=[router])


@pytest.fixture
def run_shelf(run_commerce: RunService, urls: DatabaseUrls, clock: FrozenClock) -> RunService:
    with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE things (id uuid PRIMARY KEY)")

    @asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[Running]:
        async with run_commerce(parts=shelf(), clock=clock, **options) as world:
            yield world

    return run


async def add(database: Database, clock: FrozenClock, count: int) -> list[str]:
    """Put things on the shelf, a second apart; their ids, newest first."""
    made: list[str] = []
    for _ in range(count):
        clock.advance(timedelta(seconds=1))
        async with database.transaction() as tx:
            made.insert(0, await _add_one(tx))
    return made


async def _add_one(tx: Transaction) -> str:
    new = tx.new_id(OrderId)
    await tx.execute(insert(things).values(id=new))
    return str(new)


async def page(world: Running, **params: object) -> tuple[list[str], str | None]:
    answer = await world.get("/v1/things", params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"items", "nextCursor"}
    return [item["id"] for item in body["items"]], body["nextCursor"]


async def test_an_empty_list_is_one_empty_page(run_shelf: RunService) -> None:
    async with run_shelf() as world:
        assert await page(world) == ([], None)


@pytest.mark.parametrize(("count", "limit", "sizes"), [(6, 3, [3, 3]), (7, 3, [3, 3, 1]), (3, 3, [3]), (2, 1, [1, 1])])
async def test_pages_follow_one_another_without_gap_or_repeat(
    run_shelf: RunService, clock: FrozenClock, count: int, limit: int, sizes: list[int]
) -> None:
    async with run_shelf() as world:
        made = await add(world.database, clock, count)
        pages, cursor = [], None
        for _ in sizes:
            items, cursor = await page(world, limit=limit, **({"cursor": cursor} if cursor else {}))
            pages.append(items)
        assert [len(items) for items in pages] == sizes
        assert [item for items in pages for item in items] == made
        assert cursor is None


async def test_what_is_added_meanwhile_moves_nothing(run_shelf: RunService, clock: FrozenClock) -> None:
    async with run_shelf() as world:
        made = await add(world.database, clock, 6)
        first, cursor = await page(world, limit=2)
        newer = await add(world.database, clock, 3)
        second, cursor = await page(world, limit=2, cursor=cursor)
        await add(world.database, clock, 1)
        third, cursor = await page(world, limit=2, cursor=cursor)
        assert (first + second + third, cursor) == (made, None)
        assert (await page(world, limit=4))[0][1:] == newer


async def test_a_page_goes_on_although_the_last_thing_shown_is_gone(run_shelf: RunService, clock: FrozenClock) -> None:
    async with run_shelf() as world:
        made = await add(world.database, clock, 4)
        first, cursor = await page(world, limit=2)
        await world.rows("DELETE FROM things WHERE id = :id RETURNING 1", id=OrderId(first[-1]).uuid)
        assert await page(world, limit=2, cursor=cursor) == (made[2:], None)


@pytest.mark.parametrize(
    "cursor", ["", "x", "ord_no", "pass_01m7x31szefpcvvad5zvy8zgfk", "ord_8zzzzzzzzzzzzzzzzzzzzzzzzz", "1' OR '1"]
)
async def test_a_cursor_that_came_from_elsewhere_is_refused(run_shelf: RunService, cursor: str) -> None:
    async with run_shelf() as world:
        answer = await world.get("/v1/things", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "common.malformed_cursor")
        assert answer.json()["errors"][0]["pointer"] == "/query/cursor"


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 201}, {"limit": "all"}, {"cursor": "x" * 201}])
async def test_a_page_has_a_size_that_makes_sense(run_shelf: RunService, params: dict[str, object]) -> None:
    async with run_shelf() as world:
        answer = await world.get("/v1/things", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "common.invalid_request")
        assert answer.json()["errors"][0]["pointer"] == f"/query/{next(iter(params))}"

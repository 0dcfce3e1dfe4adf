"""What the gateway grants a request in milliseconds, its service keeps to."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import text

from common.service import Db, Parts
from common.testing import RunService


class Shop:
    """A service that takes its time."""

    def __init__(self) -> None:
        self.began = 0
        self.finished = 0
        self.go_on = asyncio.Event()

    def parts(self) -> Parts:
        router = APIRouter()

        @router.post("/sell")
        async def sell(database: Db, statement: str = "SELECT 1") -> dict[str, bool]:
            self.began += 1
            async with database.transaction() as transaction:
                await transaction.execute(
                    text(
                        "INSERT INTO idempotency_keys (principal, key, fingerprint, created_at) VALUES ('a','b','c',now())"
                    )
                )
                await transaction.execute(text(statement))
                if statement == "SELECT 1":
                    await self.go_on.wait()
            self.finished += 1
            return {"sold": True}

        @router.get("/stream")
        async def stream() -> StreamingResponse:
            async def parts() -> AsyncIterator[bytes]:
                yield b"a"
                await self.go_on.wait()
                yield b"b"

            return StreamingResponse(parts())

        @router.get("/own-fault")
        async def own_fault() -> None:
            raise TimeoutError

        return Parts(routers=[router])


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT pg_sleep(30)"], ids=["in our code", "in the database"])
async def test_work_that_is_late_is_rolled_back_and_told_as_a_problem(run_commerce: RunService, statement: str) -> None:
    """Scenario 42: no request passes its deadline by more than 100 ms."""
    shop = Shop()
    async with run_commerce(parts=shop.parts()) as commerce:
        await commerce.count("idempotency_keys")  # the first connection is opened without haste
        loop, late = asyncio.get_running_loop(), []
        for _ in range(3):
            began = loop.time()
            answer = await commerce.post(
                "/sell", params={"statement": statement}, headers={"X-Lanyard-Deadline-Ms": "300"}
            )
            late.append(loop.time() - began - 0.3)
            assert (answer.status_code, answer.json()["code"]) == (504, "common.deadline_passed")
        assert 0 <= sorted(late)[1] < 0.1
        assert answer.headers["content-type"] == "application/problem+json"
        assert (shop.began, shop.finished) == (3, 0)
        assert await commerce.count("idempotency_keys") == 0
        assert await commerce.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sl' || 'eep(30)%'") == []


async def test_the_next_request_finds_everything_in_order(run_commerce: RunService) -> None:
    shop = Shop()
    async with run_commerce(parts=shop.parts()) as commerce:
        for _ in range(25):
            late = await commerce.post("/sell", headers={"X-Lanyard-Deadline-Ms": "20"})
            assert late.status_code == 504
        shop.go_on.set()
        answer = await commerce.post("/sell", headers={"X-Lanyard-Deadline-Ms": "5000"})
        assert (answer.status_code, answer.json()) == (200, {"sold": True})
        assert await commerce.count("idempotency_keys") == 1


async def test_an_answer_that_has_begun_may_go_on(run_commerce: RunService) -> None:
    shop = Shop()
    async with run_commerce(parts=shop.parts()) as commerce:
        asking = asyncio.create_task(commerce.get("/stream", headers={"X-Lanyard-Deadline-Ms": "100"}))
        done, _ = await asyncio.wait({asking}, timeout=0.3)
        assert not done
        shop.go_on.set()
        answer = await asking
        assert (answer.status_code, answer.content) == (200, b"ab")


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "999999999"])
async def test_what_is_no_number_of_milliseconds_grants_and_takes_nothing(run_commerce: RunService, value: str) -> None:
    shop = Shop()
    shop.go_on.set()
    async with run_commerce(parts=shop.parts()) as commerce:
        assert (await commerce.post("/sell", headers={"X-Lanyard-Deadline-Ms": value})).status_code == 200


async def test_somebody_elses_time_being_up_is_still_a_fault(run_commerce: RunService) -> None:
    async with run_commerce(parts=Shop().parts()) as commerce:
        answer = await commerce.get("/own-fault", headers={"X-Lanyard-Deadline-Ms": "5000"})
        assert (answer.status_code, answer.json()["code"]) == (500, "common.internal_fault")

"""An answer that shows a secret is kept sealed, and handed out again to whoever repeats the request."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import text

from common.db import Transaction
from common.idempotency import Once
from common.schemas import View
from common.sealing import Sealing
from common.service import CurrentPrincipal, Parts
from common.testing import RunService
from common.testing.principals import user

OLD, NEW = "a secret for tests only", "the secret after that"
ADA, BEN = user("ada@example.org"), user("ben@example.org")


class Shown(View):
    secret: str


class Safe:
    """Makes a secret each time it is asked, and keeps its answers as it is told to at the moment."""

    def __init__(self) -> None:
        self.sealing: Sealing | None = Sealing([OLD])
        self.made = 0

    async def make(self, tx: Transaction) -> Shown:
        await tx.scalar(text("SELECT 1"))  # whose key is known comes no further
        self.made += 1
        return Shown(secret=f"whsec_number-{self.made}")

    def parts(self) -> Parts:
        router = APIRouter()

        @router.post("/v1/secrets")
        async def make(principal: CurrentPrincipal, once: Once) -> Response:
            return await once.run(self.make, lambda shown: shown, status=201, sealing=self.sealing)

        return Parts(routers=[router])


async def test_an_answer_with_a_secret_lies_sealed_and_is_handed_out_again(run_commerce: RunService) -> None:
    safe = Safe()
    async with run_commerce(parts=safe.parts()) as world:
        first, second = [await world.post("/v1/secrets", ADA, key="k1") for _ in range(2)]
        assert (first.status_code, first.json()) == (201, {"secret": "whsec_number-1"})
        assert (second.status_code, second.json()) == (201, first.json())
        assert second.headers["content-type"] == first.headers["content-type"] == "application/json"
        assert (second.headers["idempotency-replayed"], safe.made) == ("true", 1)
        [row] = await world.rows("SELECT idempotency_keys::text AS whole FROM idempotency_keys")
        assert "number-1" not in row["whole"]
        safe.sealing = Sealing([NEW, OLD])
        assert (await world.post("/v1/secrets", ADA, key="k1")).json() == first.json()


async def test_an_answer_that_opens_no_more_is_refused_and_nothing_is_done_again(run_commerce: RunService) -> None:
    safe = Safe()
    async with run_commerce(parts=safe.parts()) as world:
        await world.post("/v1/secrets", ADA, key="k1")
        changed: list[Sealing | None] = [Sealing([NEW]), None]
        for sealing in changed:
            safe.sealing = sealing
            again = await world.post("/v1/secrets", ADA, key="k1")
            assert (again.status_code, again.json()["code"]) == (409, "idempotency.answer_gone")
        assert (safe.made, await world.count("idempotency_keys")) == (1, 1)


async def test_an_answer_put_into_another_row_is_not_handed_out_there(run_commerce: RunService) -> None:
    safe = Safe()
    async with run_commerce(parts=safe.parts()) as world:
        await world.post("/v1/secrets", ADA, key="k1")
        await world.post("/v1/secrets", BEN, key="k1")
        statement = (
            "UPDATE idempotency_keys SET body = (SELECT body FROM idempotency_keys WHERE principal = :ada) RETURNING 1"
        )
        rows: Any = await world.rows(statement, ada=ADA.actor)
        assert len(rows) == 2
        answers = [await world.post("/v1/secrets", person, key="k1") for person in (ADA, BEN)]
        assert [answer.status_code for answer in answers] == [201, 409]
        assert answers[1].json()["code"] == "idempotency.answer_gone"

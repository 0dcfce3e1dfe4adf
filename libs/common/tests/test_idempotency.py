"""The same request sent twice has one effect and one answer, whatever breaks in between."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi import APIRouter, Response
from sqlalchemy import ColumnClause, bindparam, column, table, text, update

from common import idempotency
from common.db import Transaction
from common.idempotency import IdempotencyKeyMalformed, IdempotencyKeyMissing, Once, StoredAnswer, parse_key
from common.postgres import expected
from common.principal import ANONYMOUS
from common.refusals import Conflict, Forbidden, TooManyRequests, Unprocessable
from common.schemas import Body, View
from common.service import CurrentPrincipal, Db, Parts
from common.testing import FrozenClock, Running, RunService, eventually
from common.testing.overhearing import naming, round_trips
from common.testing.principals import user
from common.testing.servers import DatabaseUrls


class TooCheap(Unprocessable):
    """A price is at least 100."""

    code = "shop.too_cheap"


class NotNow(Conflict):
    """The shop is closed."""

    code = "shop.not_now"


class NewThing(Body):
    note: str


class ThingView(View):
    number: int
    note: str


REFUSALS: dict[str, Callable[[], Exception]] = {
    "403": Forbidden,
    "409": NotNow,
    "422": lambda: TooCheap(pointer="/note"),
    "429": lambda: TooManyRequests(retry_after=1),
    "500": lambda: RuntimeError("the power went out"),
}


_NOTE: ColumnClause[str] = column("note")
_HOPE = expected(update(table("things", _NOTE)).where(bindparam("wanted") == _NOTE).values(note="hoped"))


class Shop:
    """Makes a thing, and then does what the thing's note says: refuses, breaks, waits until the test lets go, or hopes
    for a spare one as long as it is open.

    `entered` is how often the database let it in; with `shut` it refuses before asking anything.
    """

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.entered = 0
        self.open = True
        self.shut = False

    async def make(self, tx: Transaction, note: str) -> ThingView:
        if self.shut:
            raise NotNow()
        number = await tx.scalar(
            text("INSERT INTO things (note) VALUES (:note) RETURNING number").bindparams(note=note)
        )
        self.entered += 1
        if self.open and note in REFUSALS:
            raise REFUSALS[note]()
        if note == "slow":
            await self.go.wait()
        if note == "hopes" and tx.optimistic:
            tx.expect(_HOPE, {"wanted": "spare" if self.open else note})
        return ThingView(number=number, note=note)

    async def make_in_two_steps(self, once: Once, database: Db, note: str) -> Response:
        """As with a provider: the intent, the call, the outcome."""
        async with database.transaction() as tx:
            await once.begin(tx)
        if note == "dies":
            self.go.set()
            raise RuntimeError("the process dies here, between its two transactions")
        async with database.transaction() as tx:
            body = (await self.make(tx, note)).model_dump_json(by_alias=True)
            await once.finish(tx, 201, body)
        return Response(body, 201, media_type="application/json")

    def parts(self) -> Parts:
        router = APIRouter()

        @router.post("/v1/things")
        async def make(body: NewThing, principal: CurrentPrincipal, once: Once) -> Response:
            return await once.run(lambda tx: self.make(tx, body.note), lambda view: view, status=201)

        @router.post("/v1/other-things")
        async def make_other(body: NewThing, principal: CurrentPrincipal, once: Once) -> Response:
            return await once.run(lambda tx: self.make(tx, body.note), lambda view: view, status=201)

        @router.post("/v1/steps")
        async def make_in_two_steps(body: NewThing, once: Once, database: Db) -> Response:
            note = "alive" if body.note == "dies" and self.go.is_set() else body.note
            return await self.make_in_two_steps(once, database, note)

        return Parts(routers=[router])


@pytest.fixture
def shop(urls: DatabaseUrls) -> Shop:
    with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE things (number int GENERATED ALWAYS AS IDENTITY, note text NOT NULL)")
    return Shop()


ME = user()


async def make(world: Running, note: str, key: str | None = "key-1", by: Any = ME, path: str = "/v1/things") -> Any:
    return await world.post(path, by=by, key=key, json={"note": note})


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        ('  "abc"  ', "abc"),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"with space"', "with space"),
        (r'"a\"b\\c"', 'a"b\\c'),
        ("a'b;c=d", "a'b;c=d"),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
def test_quoted_and_bare_spellings_are_the_same_key(header: str, key: str) -> None:
    assert parse_key(header) == key


@pytest.mark.parametrize("header", [None, "", "   "])
def test_no_key_is_named_as_such(header: str | None) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        parse_key(header)


@pytest.mark.parametrize(
    "header",
    [
        '""',
        '"',
        '"abc',
        '"a"b"',
        '"a" "b"',
        '"a";p=1',
        r'"a\b"',
        '"a\\"',
        "two words",
        "clé",
        '"clé"',
        "tab\tbed",
        '"tab\tbed"',
        "nul\x00",
        "\x7f",
        "x" * 256,
        '"' + "x" * 256 + '"',
    ],
)
def test_a_malformed_key_is_refused(header: str) -> None:
    with pytest.raises(IdempotencyKeyMalformed):
        parse_key(header)


async def test_a_request_without_a_usable_key_has_no_effect(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        missing, malformed = await make(world, "a", None), await make(world, "a", '"a')
        assert (missing.status_code, missing.json()["code"]) == (400, "idempotency.key_missing")
        assert (malformed.status_code, malformed.json()["code"]) == (400, "idempotency.key_malformed")
        two = [("Authorization", f"Bearer {world.token(user())}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        unclear = await world.client.post("/v1/things", headers=two, json={"note": "a"})
        assert (unclear.status_code, unclear.json()["code"]) == (400, "idempotency.key_malformed")
        assert await world.count("things") == await world.count("idempotency_keys") == 0


async def test_without_an_internal_token_a_key_is_worth_nothing(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        await make(world, "a")
        answer = await world.client.post("/v1/things", json={"note": "a"}, headers={"Idempotency-Key": "key-1"})
        assert answer.status_code == 401
        assert await world.count("things") == 1


async def test_a_repeat_gets_the_first_answer_and_has_no_effect(run_commerce: RunService, shop: Shop) -> None:
    """Ticketing scenario 58."""
    async with run_commerce(parts=shop.parts()) as world:
        first = await make(world, "a", "key-1")
        assert (first.status_code, "idempotency-replayed" in first.headers) == (201, False)
        for spelling in ("key-1", '"key-1"'):
            again = await make(world, "a", spelling)
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers["idempotency-replayed"] == "true"
            assert again.headers["content-type"] == first.headers["content-type"]
        assert (await world.count("things"), shop.entered) == (1, 1)


@pytest.mark.parametrize(("path", "note"), [("/v1/things", "b"), ("/v1/other-things", "a")])
async def test_a_key_stands_for_one_request_alone(run_commerce: RunService, shop: Shop, path: str, note: str) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        first = await make(world, "a")
        reused = await make(world, note, path=path)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency.key_reused")
        assert await world.count("things") == 1
        assert (await make(world, "a")).content == first.content


async def test_the_same_key_of_someone_else_is_another_key(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        for principal in (ME, user(), ANONYMOUS):
            answer = await make(world, "a", by=principal)
            assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)
        assert await world.count("things") == 3


async def test_twenty_at_once_have_one_effect(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts(), settings={"database_pool_size": 30}) as world:
        answers = await asyncio.gather(*(make(world, "a") for _ in range(20)))
        done = [answer for answer in answers if answer.status_code == 201]
        busy = [answer for answer in answers if answer.status_code == 409]
        assert len(done) + len(busy) == 20
        assert len([answer for answer in done if "idempotency-replayed" not in answer.headers]) == 1
        assert len({answer.content for answer in done}) == 1
        assert await world.count("things") == 1


async def test_control_twenty_at_once_with_keys_of_their_own_have_twenty(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts(), settings={"database_pool_size": 30}) as world:
        answers = await asyncio.gather(*(make(world, "a", f"key-{number}") for number in range(20)))
        assert {answer.status_code for answer in answers} == {201}
        assert await world.count("things") == 20


async def test_what_is_refused_without_a_question_to_the_database_hides_no_stored_answer(
    run_commerce: RunService, shop: Shop
) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        first = await make(world, "once")
        shop.shut = True
        again = await make(world, "once")
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        other = await make(world, "another", key="key-2")
        assert (other.status_code, other.json()["code"]) == (409, "shop.not_now")
        assert (await world.count("things"), await world.count("idempotency_keys")) == (1, 1)


async def test_a_key_that_nobody_knows_takes_no_round_trip_of_its_own(
    run_commerce: RunService, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        with round_trips(monkeypatch) as trips:
            assert (await make(world, "once")).status_code == 201
        # BEGIN, the key and the action's own; then the answer that is kept, and COMMIT.
        assert [len(trip) for trip in naming(trips, b"idempotency_keys")] == [3, 2]


async def test_what_hoped_for_too_much_is_done_again_and_stands_once(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        done = await make(world, "hopes")
        assert (done.status_code, done.json()["note"], shop.entered) == (201, "hopes", 2)
        again = await make(world, "hopes")
        assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
        assert (shop.entered, await world.count("things"), await world.count("idempotency_keys")) == (2, 1, 1)
        assert [row["note"] for row in await world.rows("SELECT note FROM things")] == ["hopes"]


async def test_what_hoped_for_no_more_than_there_was_is_done_once(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        shop.open = False
        assert ((await make(world, "hopes")).status_code, shop.entered) == (201, 1)
        assert [row["note"] for row in await world.rows("SELECT note FROM things")] == ["hoped"]


async def test_while_the_first_is_running_others_are_told_to_come_again(run_commerce: RunService, shop: Shop) -> None:
    """Ticketing scenario 58."""
    async with run_commerce(parts=shop.parts(), settings={"database_pool_size": 30}) as world:
        first = asyncio.create_task(make(world, "slow"))

        async def entered() -> bool:
            return shop.entered == 1

        await eventually(entered)
        others = await asyncio.gather(*(make(world, "slow") for _ in range(10)))
        assert {(answer.status_code, answer.json()["code"]) for answer in others} == {
            (409, "idempotency.still_running")
        }
        assert {answer.headers["retry-after"] for answer in others} == {"1"}
        shop.go.set()
        done = await first
        assert done.status_code == 201
        again = await make(world, "slow")
        assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
        assert (await world.count("things"), shop.entered) == (1, 1)


@pytest.mark.parametrize("status", [403, 409, 429, 500])
async def test_what_a_retry_may_overcome_is_not_stored_and_leaves_nothing(
    run_commerce: RunService, shop: Shop, status: int
) -> None:
    """Ticketing scenario 58."""
    async with run_commerce(parts=shop.parts()) as world:
        for _ in range(2):
            refused = await make(world, str(status))
            assert (refused.status_code, "idempotency-replayed" in refused.headers) == (status, False)
        assert shop.entered == 2
        assert await world.count("things") == await world.count("idempotency_keys") == 0
        shop.open = False
        now_it_works = await make(world, str(status))
        assert (now_it_works.status_code, await world.count("things")) == (201, 1)


async def test_a_422_of_a_rule_is_the_answer_for_good(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        first = await make(world, "422")
        assert (first.status_code, first.json()["code"]) == (422, "shop.too_cheap")
        shop.open = False
        again = await make(world, "422")
        assert (again.status_code, again.content) == (422, first.content)
        assert again.headers["content-type"] == "application/problem+json"
        assert again.headers["idempotency-replayed"] == "true"
        assert (await world.count("things"), shop.entered) == (0, 1)


async def test_a_422_of_the_bodys_shape_is_the_answer_for_good(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        answers = [await world.post("/v1/things", by=ME, key="key-1", json={"note": 1}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert answers[0].json()["code"] == "common.invalid_request"
        assert answers[1].content == answers[0].content
        assert answers[1].headers["idempotency-replayed"] == "true"
        other = await make(world, "a")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        assert shop.entered == 0


async def test_a_connection_lost_at_commit_leaves_neither_effect_nor_answer(
    run_commerce: RunService, shop: Shop
) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        first = asyncio.create_task(make(world, "slow"))

        async def entered() -> bool:
            return shop.entered == 1

        await eventually(entered)
        with psycopg.connect(world.urls.superuser, autocommit=True) as superuser:
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND state LIKE 'idle in%%'",
                [world.urls.name],
            )
        shop.go.set()
        lost = await first
        assert (lost.status_code, lost.json()["code"]) in {(503, "common.busy"), (503, "common.database_unavailable")}
        assert await world.count("things") == await world.count("idempotency_keys") == 0
        again = await make(world, "slow")
        assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
        assert await world.count("things") == 1


async def test_after_a_crash_between_two_transactions_the_request_is_resumed_once_its_lease_is_over(
    run_commerce: RunService, shop: Shop, clock: FrozenClock
) -> None:
    async with run_commerce(parts=shop.parts(), clock=clock) as world:
        died = await make(world, "dies", path="/v1/steps")
        assert died.status_code == 500
        clock.advance(timedelta(seconds=59))
        early = await make(world, "dies", path="/v1/steps")
        assert (early.status_code, early.json()["code"]) == (409, "idempotency.still_running")
        assert await world.count("things") == 0
        other = await make(world, "something else", path="/v1/steps")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        clock.advance(timedelta(seconds=2))
        resumed = await make(world, "dies", path="/v1/steps")
        assert (resumed.status_code, resumed.json()["note"]) == (201, "alive")
        again = await make(world, "dies", path="/v1/steps")
        assert (again.content, again.headers["idempotency-replayed"]) == (resumed.content, "true")
        assert await world.count("things") == 1


async def test_an_answer_is_kept_for_a_day(run_commerce: RunService, shop: Shop, clock: FrozenClock) -> None:
    async with run_commerce(parts=shop.parts(), clock=clock) as world:
        await make(world, "a")
        clock.advance(timedelta(hours=24))
        assert (await make(world, "a")).headers["idempotency-replayed"] == "true"
        clock.advance(timedelta(seconds=1))
        anew = await make(world, "b")
        assert (anew.status_code, "idempotency-replayed" in anew.headers) == (201, False)
        assert await world.count("things") == 2


async def test_old_answers_are_forgotten_and_younger_ones_kept(
    run_commerce: RunService, shop: Shop, clock: FrozenClock
) -> None:
    async with run_commerce(parts=shop.parts(), clock=clock) as world:
        await make(world, "a", "old")
        clock.advance(timedelta(hours=12))
        await make(world, "a", "young")
        clock.advance(timedelta(hours=12, seconds=1))
        async with world.database.transaction() as tx:
            assert await idempotency.forget_old(tx.connection, tx.now) == 1
        assert [row["key"] for row in await world.rows("SELECT key FROM idempotency_keys")] == ["young"]


async def test_a_key_that_was_given_back_is_free(run_commerce: RunService, shop: Shop) -> None:
    async with run_commerce(parts=shop.parts()) as world:
        once = idempotency.OnceOnly(world.database, "usr_1", "key-1", "fingerprint")
        async with world.database.transaction() as tx:
            await once.begin(tx)
        async with world.database.transaction() as tx:
            await once.release(tx)
        async with world.database.transaction() as tx:
            await once.begin(tx)
            await once.finish(tx, 201, "{}")
        async with world.database.transaction() as tx:
            await once.release(tx)
        with pytest.raises(StoredAnswer):
            async with world.database.transaction() as tx:
                await once.begin(tx)

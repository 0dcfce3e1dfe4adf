"""Whatever a client sends, it is answered with a problem that blames the right side: never a 500 for its own nonsense."""

import base64
import json
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text

from common.ids import OrderId
from common.schemas import Body, Moment, Name, Prose
from common.service import CurrentPrincipal, Db, Parts
from common.testing import Running, RunService
from common.testing.principals import fresh, user
from common.testing.servers import DatabaseUrls

JSON = {"Content-Type": "application/json"}


class Note(Body):
    title: str = ""
    size: int = 0
    tags: dict[str, Any] = {}


def desk() -> Parts:
    router = APIRouter()

    @router.post("/v1/notes", status_code=201)
    async def keep(body: Note, principal: CurrentPrincipal, database: Db) -> dict[str, str]:
        async with database.transaction() as tx:
            values = {"title": body.title, "size": body.size, "tags": json.dumps(body.tags, ensure_ascii=False)}
            await tx.execute(
                text("INSERT INTO notes VALUES (:title, CAST(:size AS bigint), CAST(:tags AS jsonb))"), values
            )
        return {"kept": body.title}

    @router.get("/v1/notes/{order_id}")
    async def show(order_id: OrderId, principal: CurrentPrincipal) -> dict[str, str]:
        return {}

    @router.get("/v1/search/{word}")
    async def search(word: str, principal: CurrentPrincipal, database: Db, most: int = 1) -> dict[str, int]:
        async with database.transaction() as tx:
            query = text("SELECT count(*) FROM notes WHERE title = :word AND size < CAST(:most AS bigint)")
            return {"found": await tx.scalar(query.bindparams(word=word, most=most))}

    return Parts(routers=[router])


@pytest.fixture
def with_notes(urls: DatabaseUrls) -> DatabaseUrls:
    with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE notes (title text, size bigint, tags jsonb)")
    return urls


def is_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    if answer.status_code == 422:
        assert body["errors"]
        assert all(set(error) == {"pointer", "detail"} for error in body["errors"])
    return body


async def kept(world: Running) -> int:
    return await world.count("notes")


@pytest.mark.parametrize(
    "content",
    [
        '{"title": "a\\u0000b"}',
        '{"title": "\\ud800"}',
        '{"size": 9223372036854775808}',
        '{"size": -1' + "0" * 400 + "}",
        '{"size": NaN}',
        '{"size": 1e400}',
        '{"size": "' + "9" * 5000 + '"}',
        '{"tags": {"a": "b\\u0000c"}}',
        '{"tags": {"a": "\\ud800"}}',
        '{"\\ud800": 1}',
        '{"\\u0000": 1}',
        '{"title": ["\\udfff"]}',
        "[]",
        "null",
        '"text"',
        "1",
        "",
        '{"title": true}',
    ],
    ids=lambda content: content[:24],
)
async def test_a_value_that_cannot_be_kept_is_a_422_and_nothing_is_kept(
    run_commerce: RunService, with_notes: DatabaseUrls, content: str
) -> None:
    async with run_commerce(parts=desk()) as world:
        is_problem(await world.post("/v1/notes", by=user(), content=content, headers=JSON), 422)
        assert await kept(world) == 0


@pytest.mark.parametrize(
    "content",
    [b'{"title": "\xff\xfe"}', b"{", b'{"a"' * 100_000, b"[" * 100_000, b'{"size": ' + b"9" * 5000 + b"}", b"\x00"],
    ids=["no UTF-8", "cut off", "nested objects", "nested lists", "5,000 digits", "NUL"],
)
async def test_what_is_no_json_is_a_400(run_commerce: RunService, with_notes: DatabaseUrls, content: bytes) -> None:
    async with run_commerce(parts=desk()) as world:
        is_problem(await world.post("/v1/notes", by=user(), content=content, headers=JSON), 400)
        assert await kept(world) == 0


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "nonsense", ""],
)
async def test_another_kind_of_content_is_refused(
    run_commerce: RunService, with_notes: DatabaseUrls, kind: str
) -> None:
    async with run_commerce(parts=desk()) as world:
        answer = await world.post("/v1/notes", by=user(), content=b'{"title": "x"}', headers={"Content-Type": kind})
        is_problem(answer, 400, 415, 422)
        assert await kept(world) == 0


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "BREW"])
async def test_a_method_that_an_address_does_not_take_is_a_405(
    run_commerce: RunService, with_notes: DatabaseUrls, method: str
) -> None:
    async with run_commerce(parts=desk()) as world:
        answer = await world.call(method, "/v1/notes", user())
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/notes/evt_01m7x56pn8fva93rbm32azcpha",
        "/v1/notes/nonsense",
        "/v1/notes/ord_%00",
        "/v1/notes/ord_" + "9" * 5000,
        "/v1/notes/%F0%9F%8E%89",
        "/v1/notes/%FF",
        "/v1/search/%00",
        "/v1/search/x?most=99999999999999999999",
        "/v1/search/x?most=%00",
        "/v1/search/x?most=",
        "/v1/search/x?most=1e3",
    ],
)
async def test_an_address_with_an_impossible_value_is_a_422(
    run_commerce: RunService, with_notes: DatabaseUrls, path: str
) -> None:
    async with run_commerce(parts=desk()) as world:
        is_problem(await world.get(path, by=user()), 422)


async def test_bytes_that_are_no_text_are_replaced_in_an_address(
    run_commerce: RunService, with_notes: DatabaseUrls
) -> None:
    async with run_commerce(parts=desk()) as world:
        assert (await world.get("/v1/search/%FF%FE", by=user())).json() == {"found": 0}


def _header_of(depth: int) -> str:
    nested = b'{"alg": ' + b"[" * depth + b"}"
    return base64.urlsafe_b64encode(nested).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        b"\xff\xfe.\xff.\xff",
        "é.é.é".encode(),
        b"..",
        b"a.b.c",
        f"{_header_of(40_000)}.e30.e30".encode(),
        b"x" * 60_000,
        b"e30.e30.e30",
        b"bnVsbA.bnVsbA.bnVsbA",
        b"MQ.MQ.MQ",
    ],
    ids=["bytes", "letters", "empty", "short", "nested", "long", "objects", "nulls", "numbers"],
)
async def test_a_token_that_is_none_is_a_401(run_commerce: RunService, with_notes: DatabaseUrls, token: bytes) -> None:
    async with run_commerce(parts=desk()) as world:
        answer = await world.client.get(f"/v1/notes/{fresh(OrderId)}", headers=[(b"Authorization", b"Bearer " + token)])
        is_problem(answer, 401)
        assert answer.headers["www-authenticate"] == 'Bearer realm="lanyard"'


async def test_secrets_in_headers_may_be_any_bytes(run_commerce: RunService, with_notes: DatabaseUrls) -> None:
    async with run_commerce(parts=desk(), settings={"metrics_token": "m"}) as world:
        cron = await world.client.post("/v1/cron/commerce.housekeeping", headers=[(b"X-Cron-Secret", b"\xff\xfe")])
        is_problem(cron, 401)
        is_problem(await world.client.get("/metrics", headers=[(b"Authorization", b"Bearer \xff")]), 401)


@pytest.mark.parametrize("kind", [Name, Prose], ids=["name", "prose"])
@pytest.mark.parametrize("value", ["a\x00b", "half \ud83d", "\x1b[2J", "a\x7f"])
def test_what_people_read_holds_whole_characters_only(kind: Any, value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)
    assert TypeAdapter(kind).validate_python("Žižkov 🎉") == "Žižkov 🎉"


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1999-12-31T23:59:59Z"])
def test_a_moment_has_an_offset_lies_near_and_reads_alike_however_it_was_written(far: str) -> None:
    moment: TypeAdapter[datetime] = TypeAdapter(Moment)
    for refused in (far, "2030-01-01T00:00:00"):
        with pytest.raises(ValidationError):
            moment.validate_python(refused)
    assert moment.validate_python("2030-01-01T00:00:00+14:00").isoformat() == "2029-12-31T10:00:00+00:00"

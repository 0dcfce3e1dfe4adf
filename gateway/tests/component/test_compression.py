"""Smaller answers: where they pay, for those who take them, and nowhere a secret stands beside what a caller wrote."""

import asyncio
import re
import zlib

import pytest

from gateway.routes import ROWS
from gateway.testing import World
from gateway.testing.wire import Answer

TEXT = b'{"name":"Lagos Nights","venue":"Eko Hall"}' * 100
GZIP = {"accept-encoding": "br, gzip"}


def tells(world: World, body: bytes, *lines: str, status: str = "200 OK", service: str = "events") -> None:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines])
    world[service].reply = lambda heard: head.encode() + b"\r\n\r\n" + (b"" if heard.method == "HEAD" else body)


def unpacked(answer: Answer) -> bytes:
    assert answer.one("content-encoding") == "gzip"
    return zlib.decompress(answer.body, 16 + zlib.MAX_WBITS)


async def test_a_long_text_goes_out_small_to_whoever_takes_it(world: World) -> None:
    tells(world, TEXT, "content-type: application/json", 'etag: "7"')
    small = await world.ask("GET", "/v1/events", GZIP)
    assert unpacked(small) == TEXT
    assert (small.one("etag"), small.all("transfer-encoding")) == ('W/"7"', [])
    assert int(small.one("content-length")) == len(small.body) < 300
    assert "accept-encoding" in small.all("vary")
    plain = await world.ask("GET", "/v1/events", {"accept-encoding": "gzip;q=0, br"})
    assert (plain.body, plain.one("etag"), plain.all("content-encoding")) == (TEXT, '"7"', [])
    assert "accept-encoding" in plain.all("vary")


async def test_a_weak_tag_comes_back_to_the_service_as_it_was_told(world: World) -> None:
    world["events"].reply = lambda _: b'HTTP/1.1 304 Not Modified\r\netag: "7"\r\n\r\n'
    same = await world.ask("GET", "/v1/events", GZIP | {"if-none-match": 'W/"7"'})
    assert (same.status, same.all("content-encoding")) == (304, [])
    assert world["events"].heard[0].one("if-none-match") == 'W/"7"'


async def test_head_tells_what_get_would(world: World) -> None:
    tells(world, TEXT, "content-type: application/json", 'etag: "7"')
    head = await world.ask("HEAD", "/v1/events", GZIP)
    assert (head.status, head.one("content-encoding"), head.one("etag")) == (200, "gzip", 'W/"7"')
    assert head.all("content-length") == []  # the compressed one is not known, and the other would be wrong
    assert (await world.ask("HEAD", "/v1/events")).one("content-length") == str(len(TEXT))


@pytest.mark.parametrize("size", [2048, 100_000, 1024 * 1024])
async def test_what_comes_in_many_parts_is_compressed_whole(world: World, size: int) -> None:
    body = (TEXT * (size // len(TEXT) + 1))[:size]
    tells(world, body, "content-type: text/plain; charset=utf-8")
    assert unpacked(await world.ask("GET", "/v1/events", GZIP)) == body


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (TEXT[:2047], ["content-type: application/json"]),
        (bytes(1024 * 1024 + 1), ["content-type: text/plain"]),
        (TEXT, ["content-type: image/png"]),
        (TEXT, ["content-type: text/event-stream"]),
        (TEXT, ["content-type: application/vnd.apple.pkpass"]),
        (TEXT, []),
        (TEXT, ["content-type: application/json", "content-encoding: br"]),
        (TEXT, ["content-type: application/json", "cache-control: public, No-Transform"]),
        (TEXT, ["content-type: application/json", "content-range: bytes 0-9/10"]),
    ],
    ids=["short", "long", "image", "events", "pass", "untyped", "encoded", "no-transform", "range"],
)
async def test_what_does_not_pay_or_must_not_change_passes_as_it_is(
    world: World, body: bytes, lines: list[str]
) -> None:
    tells(world, body, *lines)
    answer = await world.ask("GET", "/v1/events", GZIP)
    assert answer.body == body
    assert "gzip" not in answer.all("content-encoding")


@pytest.mark.parametrize("status", ["201 Created", "206 Partial Content", "404 Not Found", "500 Internal Server Error"])
async def test_only_whole_good_answers_are_compressed(world: World, status: str) -> None:
    tells(world, TEXT, "content-type: application/json", status=status)
    answer = await world.ask("GET", "/v1/events", GZIP)
    assert (answer.body, answer.all("content-encoding")) == (TEXT, [])


async def test_a_stream_of_unknown_length_is_left_alone(world: World) -> None:
    chunks = b"%x\r\n%b\r\n" % (len(TEXT), TEXT)
    world["events"].reply = lambda _: (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        + chunks
        + b"0\r\n\r\n"
    )
    answer = await world.ask("GET", "/v1/events", GZIP)
    assert (answer.body, answer.all("content-encoding")) == (TEXT, [])


async def test_a_tagged_answer_to_someone_signed_in_keeps_the_strong_tag_that_if_match_needs(world: World) -> None:
    tells(world, TEXT, "content-type: application/json", 'etag: "7"')
    token = world.identity.sign_in()
    answer = await world.ask("GET", "/v1/events/evt_1", GZIP, token=token)
    assert (answer.body, answer.one("etag"), answer.all("content-encoding")) == (TEXT, '"7"', [])
    tells(world, TEXT, "content-type: application/json")
    assert unpacked(await world.ask("GET", "/v1/events/evt_1", GZIP, token=token)) == TEXT


async def test_an_answer_that_breaks_off_is_a_refusal_since_nothing_of_it_has_gone_out(world: World) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/css\r\ncontent-length: 5000\r\n\r\nhalf")
        writer.close()

    world["events"].on_connection = serve
    answer = await world.ask("GET", "/v1/events", GZIP)
    assert (answer.status, answer.code) == (502, "gateway.answer_unusable")


def test_no_answer_with_a_secret_in_it_or_in_its_path_is_compressed() -> None:
    """The size of a compressed answer tells how it repeats what callers wrote (BREACH)."""
    small = {(row.method, row.path) for row in ROWS if row.compressed}
    secret = re.compile(
        r"/v1/(auth|me|orders|passes|wallet|invitations|cron|live|home)\b|api-keys|devices|token|secret|/o/|sandbox"
    )
    assert [path for _, path in small if secret.search(path)] == []
    assert {method for method, _ in small} == {"GET"}


async def test_a_row_that_does_not_say_so_is_never_compressed(world: World) -> None:
    tells(world, TEXT, "content-type: application/json", service="commerce")
    answer = await world.ask("GET", "/v1/orders", GZIP, token=world.identity.sign_in())
    assert (answer.body, answer.all("content-encoding")) == (TEXT, [])
    assert "accept-encoding" not in answer.all("vary")

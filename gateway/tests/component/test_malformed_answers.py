"""What a service must not be able to do to a client, whatever it sends: every odd answer becomes a 502, or is cut."""

import asyncio
import itertools
from functools import partial

import pytest

from gateway.testing import OK, Heard, World, holds

H = b"HTTP/1.1 200 OK\r\n"
MALFORMED = {
    "length beside a transfer coding": H + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "two equal lengths": H + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "two lengths": H + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    "a list of lengths": H + b"content-length: 3, 3\r\n\r\nabc",
    "a negative length": H + b"content-length: -3\r\n\r\nabc",
    "a length beyond counting": H + b"content-length: 99999999999999999999999\r\n\r\nabc",
    "another coding": H + b"transfer-encoding: gzip\r\n\r\nabc",
    "a coding before chunked": H + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": H + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": H + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "no HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a status beyond the range": b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 99 What\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nabc",
    "bare line feeds": b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
    "a folded header": H + b"x-a: 1\r\n b\r\ncontent-length: 0\r\n\r\n",
    "a bare carriage return": H + b"x-a: 1\rb\r\ncontent-length: 0\r\n\r\n",
    "a NUL in a value": H + b"x-a: \x00\r\ncontent-length: 0\r\n\r\n",
    "a control character in a value": H + b"x-a: \x01\r\ncontent-length: 0\r\n\r\n",
    "a space before the colon": H + b"x-a : 1\r\ncontent-length: 0\r\n\r\n",
    "a header without a name": H + b": 1\r\ncontent-length: 0\r\n\r\n",
    "a thousand headers": H + b"x-a: 1\r\n" * 1000 + b"content-length: 0\r\n\r\n",
    "100 kB in one header": H + b"x-a: " + b"a" * 100_000 + b"\r\ncontent-length: 0\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "an interim answer alone": b"HTTP/1.1 100 Continue\r\n\r\n",
}  # fmt: skip


def serve_once(world: World, data: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)

    world["events"].on_connection = serve


@pytest.mark.parametrize("name", MALFORMED)
async def test_an_answer_that_is_no_plain_answer_becomes_a_502(world: World, name: str) -> None:
    serve_once(world, MALFORMED[name])
    answer = await world.ask("GET", "/v1/events")
    assert (answer.status, answer.code) == (502, "gateway.answer_unusable")
    assert world["events"].connections == 1


@pytest.mark.parametrize("name", [name for name in MALFORMED if name != "nothing"])
async def test_a_malformed_answer_is_refused_on_a_used_connection_as_well(world: World, name: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for data in (OK, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", MALFORMED[name]):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(data)

    world["events"].on_connection = serve
    for body in (b"{}", b""):
        assert (await world.ask("GET", "/v1/events")).body == body
    answer = await world.ask("GET", "/v1/events")
    assert (answer.status, answer.code) == (502, "gateway.answer_unusable")
    assert world["events"].connections == 1


def always(raw: bytes, _: Heard) -> bytes:
    return raw


async def test_answers_of_every_kind_follow_one_another_on_one_connection(world: World) -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n"
    kinds = [
        ("GET", OK, b"{}"),
        ("GET", chunked, b"abc"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 900\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 103 Early Hints\r\ncontent-length: 7\r\n\r\n" + OK, b"{}"),
        ("GET", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
    ]
    for pair in itertools.product(kinds, kinds):
        for method, raw, body in pair:
            world["events"].reply = partial(always, raw)
            answer = await world.ask(method, "/v1/events")
            assert (answer.body, answer.status in (200, 204, 304)) == (body, True)
    assert world["events"].connections == 1


BROKEN_LATER = {
    "a body shorter than its length": H + b"content-length: 10\r\n\r\nabc",
    "chunks that end early": H + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "a chunk longer than it says": H + b"transfer-encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
    "a chunk size beyond counting": H + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
    "a chunk size in another base": H + b"transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_LATER)
async def test_an_answer_that_breaks_off_never_looks_whole(world: World, name: str) -> None:
    serve_once(world, BROKEN_LATER[name])
    reader, writer = await world.connect()
    writer.write(b"GET /v1/events HTTP/1.1\r\nhost: a\r\n\r\n")
    try:
        answer = await asyncio.wait_for(world.read_answer(reader), 5)
    except (asyncio.IncompleteReadError, ConnectionResetError, ValueError):
        answer = None
    assert answer is None or (answer.status, answer.code) == (502, "gateway.answer_unusable")
    writer.close()


SPOILED = {
    "a second answer unasked": OK + OK,
    "bytes behind the answer": OK + b"x",
    "a body after 204": b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello",
    "a body after 304": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nhello",
    "a connection that is to be closed": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
    "an older protocol": b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", SPOILED)
async def test_a_connection_with_something_left_on_it_is_never_used_again(world: World, name: str) -> None:
    world["events"].reply = lambda _: SPOILED[name]
    for number in (1, 2, 3):
        answer = await world.ask("GET", "/v1/events")
        assert answer.status == int(SPOILED[name][9:12])
        assert answer.body in (b"{}", b"")
        assert world["events"].connections == number


async def test_a_body_after_head_never_becomes_the_next_answer(world: World) -> None:
    world["events"].reply = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
    assert (await world.ask("HEAD", "/v1/events")).status == 200
    answer = await world.ask("GET", "/v1/events")
    assert answer.body == b"hello"
    assert world["events"].connections == 2


async def test_bytes_that_come_while_nobody_asked_end_the_connection(world: World) -> None:
    late = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await late.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
        await reader.read()
        late.clear()

    world["events"].on_connection = serve
    assert (await world.ask("GET", "/v1/events")).body == b"{}"
    late.set()
    await holds(lambda: not late.is_set(), "the gateway's closing of the connection")
    late.set()
    assert (await world.ask("GET", "/v1/events")).body == b"{}"
    assert world["events"].connections == 2

"""The raw table: each request is refused, or yields exactly one request upstream with the same meaning."""

import asyncio

import pytest

from gateway.testing import World, holds

GET = b"GET /v1/events HTTP/1.1\r\n"
POST = b"POST /v1/auth/email/start HTTP/1.1\r\n"
HOST = b"host: api.example.org\r\n"
END = b"connection: close\r\n\r\n"

REFUSED = {
    "length beside a transfer coding": POST + HOST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer coding beside a length": POST + HOST + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + HOST + b"content-length: 1\r\ncontent-length: 1\r\n\r\na",
    "two lengths": POST + HOST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a list of lengths": POST + HOST + b"content-length: 1, 1\r\n\r\na",
    "a signed length": POST + HOST + b"content-length: +1\r\n\r\na",
    "a length in another base": POST + HOST + b"content-length: 0x1\r\n\r\na",
    "a length beyond counting": POST + HOST + b"content-length: 99999999999999999999999\r\n\r\na",
    "another coding": POST + HOST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding before chunked": POST + HOST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": POST + HOST + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + HOST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + HOST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a hidden coding": POST + HOST + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /v1/auth/email/start HTTP/1.0\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"GET /v1/events HTTP/1.1\nhost: a\n\n",
    "a folded header": GET + HOST + b"x-a: 1\r\n b\r\n" + END,
    "a folded first header": GET + b" host: a\r\n" + END,
    "a bare carriage return": GET + HOST + b"x-a: 1\rb\r\n" + END,
    "a NUL in a value": GET + HOST + b"x-a: 1\x00\r\n" + END,
    "a control character in a value": GET + HOST + b"x-a: \x01\r\n" + END,
    "a NUL in a name": GET + HOST + b"\x00x-a: 1\r\n" + END,
    "a header without a colon": GET + HOST + b"x-a\r\n" + END,
    "a header without a name": GET + HOST + b": 1\r\n" + END,
    "no host": GET + END,
    "two hosts": GET + HOST + HOST + END,
    "two different hosts": GET + HOST + b"host: evil\r\n" + END,
    "a host with a path": GET + b"host: a/b\r\n" + END,
    "an absolute target": b"GET http://evil/v1/events HTTP/1.1\r\n" + HOST + END,
    "an asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + END,
    "a tunnel": b"CONNECT a:80 HTTP/1.1\r\n" + HOST + END,
    "a fragment": b"GET /v1/events#x HTTP/1.1\r\n" + HOST + END,
    "a target with a space": b"GET /v1/events x HTTP/1.1\r\n" + HOST + END,
    "a target beyond ASCII": b"GET /v1/\xff HTTP/1.1\r\n" + HOST + END,
    "a long target": b"GET /v1/events?" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + END,
    "an encoded slash": b"GET /v1/events%2f..%2fadmin HTTP/1.1\r\n" + HOST + END,
    "a dot segment": b"GET /v1/events/../admin HTTP/1.1\r\n" + HOST + END,
    "an encoded dot segment": b"GET /v1/%2e%2e/admin HTTP/1.1\r\n" + HOST + END,
    "a backslash": b"GET /v1\\events HTTP/1.1\r\n" + HOST + END,
    "an encoded NUL": b"GET /v1/events/%00 HTTP/1.1\r\n" + HOST + END,
    "HTTP/0.9": b"GET /v1/events\r\n\r\n",
    "HTTP/1.2": b"GET /v1/events HTTP/1.2\r\n" + HOST + END,
    "HTTP/2 unasked": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method nobody knows": b"FOO /v1/events HTTP/1.1\r\n" + HOST + END,
    "a small method": b"get /v1/events HTTP/1.1\r\n" + HOST + END,
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a websocket": GET + HOST + b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: a\r\n\r\n",
    "an upgrade with a body": POST + HOST + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 1\r\n\r\na",
    "a quoted chunk extension over two lines": POST + HOST + b'transfer-encoding: chunked\r\n\r\n3;a="b\r\nX"\r\nabc\r\n0\r\n\r\n',
    "a chunk size in another base": POST + HOST + b"transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk size after a space": POST + HOST + b"transfer-encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than it says": POST + HOST + b"transfer-encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
    "a chunk size beyond counting": POST + HOST + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "chunks ended by line feeds": POST + HOST + b"transfer-encoding: chunked\r\n\r\n3\nabc\n0\n\n",
}  # fmt: skip


def heard(world: World) -> list[tuple[str, str]]:
    services = (service for name, service in world.services.items() if name != "identity")
    asked = [request for service in services for request in service.heard] + world.identity.asked()
    return [(request.method, request.target) for request in asked]


@pytest.mark.parametrize("name", REFUSED)
async def test_what_could_be_read_in_two_ways_is_refused(world: World, name: str) -> None:
    hidden = b"GET /v1/app-state HTTP/1.1\r\nhost: smuggled\r\n\r\n"
    answers = await world.raw(REFUSED[name] + hidden)
    assert [answer.status // 100 for answer in answers] == [4]
    assert answers[0].one("content-type") == "application/problem+json"
    assert answers[0].one("connection") == "close"
    assert heard(world) == []


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("200 kB in one header", GET + HOST + b"x-a: " + b"a" * 200_000 + b"\r\n" + END, "gateway.headers_too_large"),
        ("500 headers", GET + HOST + b"x-a: 1\r\n" * 500 + END, "gateway.headers_too_large"),
        ("a name without end", GET + HOST + b"a" * 300_000, "gateway.headers_too_large"),
    ],
)
async def test_headers_have_limits(world: World, name: str, data: bytes, code: str) -> None:
    (answer,) = await world.raw(data)
    assert (answer.status, answer.code) == (431, code)
    assert heard(world) == []


ACCEPTED = {
    "two pipelined requests": (GET + HOST + b"\r\n" + b"GET /v1/app-state HTTP/1.1\r\n" + HOST + END, 2),
    "a chunk extension": (POST + HOST + b"transfer-encoding: chunked\r\n" + END + b"2;a=b\r\n{}\r\n0\r\n\r\n", 1),
    "a trailer": (POST + HOST + b"transfer-encoding: chunked\r\n" + END + b"2\r\n{}\r\n0\r\nhost: evil\r\nx-note: evil\r\n\r\n", 1),
    "empty lines before it": (b"\r\n\r\n" + GET + HOST + END, 1),
    "an upgrade that may be ignored": (GET + HOST + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n", 1),
    "HTTP/1.0": (b"GET /v1/events HTTP/1.0\r\n" + HOST + b"\r\n", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_means_one_thing_reaches_its_service_once(world: World, name: str) -> None:
    data, count = ACCEPTED[name]
    answers = await world.raw(data)
    assert [answer.status for answer in answers] == [200] * count
    assert len(heard(world)) == count
    everything = [request for service in world.services.values() for request in service.heard]
    assert "evil" not in str(everything)


async def test_a_broken_request_behind_a_whole_one_does_not_harm_its_answer(world: World) -> None:
    answers = await world.raw(GET + HOST + b"\r\n" + b"GET /v1/app-state\x00 HTTP/1.1\r\n\r\n")
    assert [answer.status for answer in answers] == [200, 400]
    assert heard(world) == [("GET", "/v1/events")]


async def test_no_more_than_a_few_requests_may_wait_on_one_connection(world: World) -> None:
    answers = await world.raw((GET + HOST + b"\r\n") * 100)
    assert [answer.status for answer in answers] == [200] * 17 + [429]
    assert answers[-1].code == "gateway.too_many_waiting"
    assert len(heard(world)) == 17


@pytest.mark.parametrize("begun", [b"", b"\r\n\r\n", b"GET /v1/ev", GET + b"host: a"])
async def test_a_head_that_does_not_come_is_not_waited_for(world: World, begun: bytes) -> None:
    reader, writer = await world.connect()
    writer.write(begun)
    async with asyncio.timeout(5):
        rest = await reader.read()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 408 ")
    assert bool(rest) is begun.startswith(b"GET")
    writer.close()


async def test_dripping_bytes_do_not_extend_the_deadline_of_a_head(world: World) -> None:
    reader, writer = await world.connect()
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def drip() -> None:
        writer.write(GET)
        while True:
            writer.write(b"x-a: 1\r\n")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(5):
        rest = await reader.read()
    dripping.cancel()
    assert rest.startswith(b"HTTP/1.1 408 ")
    assert loop.time() - began < 2
    writer.close()


async def test_a_connection_is_kept_for_the_next_request(world: World) -> None:
    reader, writer = await world.connect()
    for _ in range(3):
        writer.write(GET + HOST + b"\r\n")
        assert (await world.read_answer(reader)).status == 200
    writer.close()
    await holds(lambda: len(heard(world)) == 3, "three requests")
    assert world["events"].connections == 1

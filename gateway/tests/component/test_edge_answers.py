"""What every answer says, whoever makes it: ids, security headers, and dates of routes on their way out."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from common.testing.clock import FrozenClock
from gateway.routes import EVENTS, PUBLIC
from gateway.routing import Cache, Deprecated, Row
from gateway.testing import RunGateway, World
from gateway.testing.wire import Answer

SINCE = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SUNSET = datetime(2026, 12, 1, tzinfo=UTC)
OLD = Row("GET", "/v1/old", EVENTS, PUBLIC("as it was before"), deprecated=Deprecated(SINCE, SUNSET, "/v1/new"))
KEPT = Row("GET", "/v1/kept", EVENTS, PUBLIC("kept for a while"), cache=Cache(60))
PLAIN = Row("GET", "/v1/plain", EVENTS, PUBLIC("for everyone"))
WRITE = Row("POST", "/v1/plain", EVENTS, PUBLIC("for everyone"), body_limit=10)
SITE = "https://tickets.example"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

KINDS: dict[str, tuple[bytes, int]] = {
    "proxied": (b"GET /v1/plain HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "proxied-head": (b"HEAD /v1/plain HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "no-such-route": (b"GET /v1/none HTTP/1.1\r\nhost: a\r\n\r\n", 404),
    "wrong-method": (b"PUT /v1/plain HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", 405),
    "preflight": (
        b"OPTIONS /v1/plain HTTP/1.1\r\nhost: a\r\norigin: %b\r\naccess-control-request-method: GET\r\n\r\n"
        % SITE.encode(),
        204,
    ),
    "preflight-refused": (
        b"OPTIONS /v1/plain HTTP/1.1\r\nhost: a\r\norigin: null\r\naccess-control-request-method: GET\r\n\r\n",
        204,
    ),
    "missed": (b"GET /v1/kept?1 HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "cached": (b"GET /v1/kept HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "not-modified": (b"GET /v1/kept HTTP/1.1\r\nhost: a\r\nif-none-match: *\r\n\r\n", 304),
    "compressed": (b"GET /v1/kept HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n", 200),
    "deprecated": (b"GET /v1/old HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "too-large": (b"POST /v1/plain HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n12345678901", 413),
    "bad-target": (b"GET /v1/%2e%2e/x HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    "no-host": (b"GET /v1/plain HTTP/1.1\r\n\r\n", 400),
    "malformed": (b"GET /v1/plain HTTP/1.1\r\nhost : a\r\n\r\n", 400),
    "headers-too-large": (b"GET /v1/plain HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", 431),
    "upgrade": (
        b"GET /v1/plain HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        400,
    ),
    "health": (b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "asset": (b"GET /assets/lanyard.css HTTP/1.1\r\nhost: a\r\n\r\n", 200),
    "asset-wrong-method": (b"DELETE /assets/lanyard.css HTTP/1.1\r\nhost: a\r\n\r\n", 405),
}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 20, tzinfo=UTC))


@pytest.fixture
async def world(run: RunGateway, clock: FrozenClock) -> AsyncIterator[World]:
    async with run(rows=(OLD, KEPT, PLAIN, WRITE), clock=clock, cors_origins=SITE) as started:
        tells(started, b"server: their own/1.0", b"x-powered-by: no")
        await started.ask("GET", "/v1/kept")
        yield started


def tells(world: World, *lines: bytes) -> None:
    body = b'{"name":"Lagos Nights"}' * 200
    fields = [b"content-type: application/json", b"content-length: %d" % len(body), *lines]
    head = b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(fields) + b"\r\n\r\n"
    world["events"].reply = lambda heard: head + (b"" if heard.method == "HEAD" else body)


async def answer_to(world: World, kind: str) -> Answer:
    request, status = KINDS[kind]
    reader, writer = await world.connect()
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await world.read_answer(reader, request.split(b" ")[0].decode())
    assert answer.status == status
    return answer


# --- on every kind of answer


@pytest.mark.parametrize("kind", KINDS)
async def test_every_answer_carries_the_security_headers_and_names_no_server(world: World, kind: str) -> None:
    answer = await answer_to(world, kind)
    assert answer.one("x-content-type-options") == "nosniff"
    assert answer.one("referrer-policy") == "strict-origin-when-cross-origin"
    assert answer.one("content-security-policy") == POLICY
    assert answer.one("x-frame-options") == "DENY"
    assert answer.all("server") == answer.all("strict-transport-security") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_over_https_every_answer_says_to_stay_there(run: RunGateway, kind: str) -> None:
    async with run(rows=(OLD, KEPT, PLAIN, WRITE), public_url="https://lanyard.example", cors_origins=SITE) as world:
        tells(world)
        await world.ask("GET", "/v1/kept")
        answer = await answer_to(world, kind)
        assert answer.one("strict-transport-security") == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("kind", KINDS)
async def test_every_answer_has_an_id_of_its_own_and_a_problem_names_it(world: World, kind: str) -> None:
    first, second = await answer_to(world, kind), await answer_to(world, kind)
    ids = [first.one("x-request-id"), second.one("x-request-id")]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids) and ids[0] != ids[1]
    if first.status >= 400:
        assert first.json()["traceId"] == ids[0]


async def test_a_page_of_a_service_keeps_the_security_headers_it_sets_itself(world: World) -> None:
    tells(world, b"content-security-policy: default-src 'none'; style-src 'self'", b"referrer-policy: no-referrer")
    for target in ("/v1/plain", "/v1/kept?page", "/v1/kept?page"):
        answer = await world.ask("GET", target)
        assert answer.one("content-security-policy") == "default-src 'none'; style-src 'self'"
        assert answer.one("referrer-policy") == "no-referrer"
        assert answer.one("x-frame-options") == "DENY"


# --- ids of callers


CALLERS = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{CALLERS}-00f067aa0ba902b7-01",
        f"00-{CALLERS}-00f067aa0ba902b7-00",
        f"cc-{CALLERS}-00f067aa0ba902b7-01-what-the-future-will-be",
        f"ff-{CALLERS}-00f067aa0ba902b7-01",
        f"00-{CALLERS}-0000000000000000-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{CALLERS.upper()}-00f067aa0ba902b7-01",
        f"00-{CALLERS}-00f067aa0ba902b7",
        CALLERS,
        "00-" + "x" * 5000,
        "\xff\xfe",
        "",
    ],
)
async def test_a_callers_trace_never_becomes_ours_whatever_it_looks_like(world: World, traceparent: str) -> None:
    answer = await world.ask("GET", "/v1/plain", {"traceparent": traceparent, "x-request-id": CALLERS})
    heard = world["events"].heard[-1]
    version, trace_id, span_id, flags = heard.one("traceparent").split("-")
    assert trace_id == heard.one("x-request-id") == answer.one("x-request-id") != CALLERS
    assert re.fullmatch("[0-9a-f]{32}", trace_id) and re.fullmatch("[0-9a-f]{16}", span_id)
    assert (answer.status, version, flags) == (200, "00", "01")
    assert CALLERS not in str(answer.headers).lower() + str(heard.headers).lower()


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r", b"\x00"], ids=["crlf", "lf", "cr", "nul"])
@pytest.mark.parametrize("field", [b"x-request-id", b"traceparent", b"origin", b"accept-language", b"if-none-match"])
async def test_no_line_can_be_put_into_an_answer_or_a_request_to_a_service(
    world: World, field: bytes, line_end: bytes
) -> None:
    """G16: CR and LF are neutralised."""
    before = len(world["events"].heard)
    request = b"GET /v1/plain HTTP/1.1\r\nhost: a\r\nconnection: close\r\n%b: a%bx-planted: yes\r\n\r\n" % (
        field,
        line_end,
    )
    answers = await world.raw(request)
    assert len(answers) == 1
    assert "x-planted" not in {name for name, _ in answers[0].headers}
    for heard in world["events"].heard[before:]:
        assert heard.all("x-planted") in ([], ["yes"]), "a line of its own is an ordinary field"
        assert all("\n" not in value and "\r" not in value and "\x00" not in value for _, value in heard.headers)
    if line_end != b"\r\n":
        assert (answers[0].status, len(world["events"].heard)) == (400, before)


@pytest.mark.parametrize("escape", ["%0d%0aset-cookie:a=1", "%0aset-cookie:a=1", "%E2%80%A8x", "%00"])
async def test_no_line_can_be_put_into_an_answer_by_an_escape(world: World, escape: str) -> None:
    for target in (f"/v1/{escape}", f"/v1/plain?{escape}", f"/v1/kept?{escape}"):
        answer = await world.ask("GET", target, {"origin": SITE})
        assert answer.all("set-cookie") == []
        assert b"\r" not in answer.body.replace(b"\\r", b"") or answer.status == 200


# --- routes on their way out


async def test_a_deprecated_route_says_since_when_until_when_and_what_takes_its_place(world: World) -> None:
    answer = await world.ask("GET", "/v1/old")
    assert (answer.status, answer.one("deprecation")) == (200, "@1782863999")
    assert answer.one("sunset") == "Tue, 01 Dec 2026 00:00:00 GMT"
    assert answer.one("link") == '</v1/new>; rel="successor-version"'
    assert (await world.ask("GET", "/v1/plain")).all("deprecation") == []


async def test_a_deprecated_routes_link_stands_beside_those_of_its_service(world: World) -> None:
    tells(world, b"link: </v1/old?cursor=2>; rel=next")
    assert sorted((await world.ask("GET", "/v1/old")).all("link")) == [
        '</v1/new>; rel="successor-version"',
        "</v1/old?cursor=2>; rel=next",
    ]


async def test_after_its_sunset_a_route_is_gone_and_its_service_is_not_asked(world: World, clock: FrozenClock) -> None:
    clock.advance(SUNSET - clock.now() - timedelta(seconds=1))
    assert (await world.ask("GET", "/v1/old")).status == 200
    before = len(world["events"].heard)
    clock.advance(timedelta(seconds=1))
    gone = await world.ask("GET", "/v1/old")
    assert (gone.status, gone.code, gone.json()["successor"]) == (410, "gateway.route_retired", "/v1/new")
    assert gone.json()["detail"] == "This address is no longer served. Use /v1/new."
    assert (gone.one("link"), gone.one("deprecation")) == ('</v1/new>; rel="successor-version"', "@1782863999")
    assert len(world["events"].heard) == before

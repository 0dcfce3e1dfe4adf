"""Calls to the outside: what is refused before a byte is sent, and what a caller learns when it goes wrong."""

import asyncio
import gzip
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common.outgoing import (
    AnswerEncoded,
    AnswerMalformed,
    AnswerTooLarge,
    DestinationRefused,
    DestinationUnreachable,
    NoAnswer,
    Outgoing,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Outside:
    """A real server on loopback that remembers what it was asked."""

    origin: str
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Outside]:
    """Serve every path with `handler` on a free port of 127.0.0.1."""
    outside = Outside("")

    async def remember(request: web.Request) -> web.StreamResponse:
        outside.asked.append(f"{request.method} {request.path_qs}")
        return await handler(request)

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", remember)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    outside.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield outside
    finally:
        await runner.cleanup()


async def hello(request: web.Request) -> web.StreamResponse:
    """Answer every request with a small JSON body."""
    return web.json_response({"got": (await request.read()).decode()})


class Names:
    """A look-up whose answers a test writes, one list per question, the last one repeated."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = answers
        self.questions: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.questions.append(host)
        return self.answers[min(len(self.questions), len(self.answers)) - 1]


@dataclass(frozen=True)
class Certified:
    """A certificate for `shop.test` and a context that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """A self-made certificate for shop.test."""
    folder: Path = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, private)
    return Certified(server, ssl.create_default_context(cafile=str(chain)))


async def test_an_allowed_origin_is_called_without_tls_on_loopback() -> None:
    async with serving(hello) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        answer = await outgoing.post_json(f"{outside.origin}/charge?key=1", {"amount": 150000, "name": "Žižka"})
    assert answer.status == 200
    assert answer.json() == {"got": '{"amount":150000,"name":"Žižka"}'}
    assert outside.asked == ["POST /charge?key=1"]


async def test_loopback_is_refused_and_nothing_is_sent_unless_its_origin_is_allowed() -> None:
    async with serving(hello) as outside, Outgoing(allowed_origins=["http://127.0.0.1:1"]) as outgoing:
        with pytest.raises(DestinationRefused, match="only https is allowed"):
            await outgoing.request("GET", f"{outside.origin}/")
        with pytest.raises(DestinationRefused, match="not on the public internet"):
            await outgoing.request("GET", f"{outside.origin.replace('http:', 'https:')}/")
    assert outside.asked == []


async def test_a_name_is_looked_up_once_per_connection_and_the_certificate_is_checked_against_it(
    certified: Certified,
) -> None:
    async with serving(hello, certified.server) as outside:
        origin = outside.origin.replace("127.0.0.1", "shop.test")
        names = Names(["127.0.0.1"], ["203.0.113.1"])
        async with Outgoing(allowed_origins=[origin], lookup=names, tls=certified.client) as outgoing:
            assert (await outgoing.request("GET", f"{origin}/one")).status == 200
            assert (await outgoing.request("GET", f"{origin}/two")).status == 200
    assert names.questions == ["shop.test"]
    assert outside.asked == ["GET /one", "GET /two"]


async def test_a_certificate_for_another_name_or_from_a_stranger_means_nothing_is_sent(certified: Certified) -> None:
    async with serving(hello, certified.server) as outside:
        other = outside.origin.replace("127.0.0.1", "bank.test")
        same = outside.origin.replace("127.0.0.1", "shop.test")
        names = Names(["127.0.0.1"])
        async with Outgoing(allowed_origins=[other], lookup=names, tls=certified.client) as outgoing:
            with pytest.raises(DestinationUnreachable):
                await outgoing.request("GET", f"{other}/")
        async with Outgoing(allowed_origins=[same], lookup=names) as outgoing:
            with pytest.raises(DestinationUnreachable):
                await outgoing.request("GET", f"{same}/")
    assert outside.asked == []


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"http://{request.host}/inner"})

    async with serving(elsewhere) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        answer = await outgoing.request("GET", f"{outside.origin}/start")
    assert (answer.status, answer.headers["Location"]) == (302, f"{outside.origin}/inner")
    assert outside.asked == ["GET /start"]


async def test_a_server_that_trickles_is_given_up_at_the_deadline() -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x")
            await asyncio.sleep(0.01)
        return response

    async with serving(trickle) as outside, Outgoing(allowed_origins=[outside.origin], deadline=0.2) as outgoing:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer, match="may have carried out"):
            await outgoing.request("POST", f"{outside.origin}/", body=b"{}")
        assert asyncio.get_running_loop().time() - begun < 2


async def test_a_look_up_that_hangs_counts_against_the_deadline() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with Outgoing(lookup=silent, deadline=0.1) as outgoing:
        with pytest.raises(NoAnswer):
            await outgoing.request("GET", "https://slow.test/")


async def test_an_answer_over_the_cap_is_refused_and_one_at_the_cap_is_read() -> None:
    async def bytes_asked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"x" * int(request.path.strip("/")))
        return response

    async with serving(bytes_asked) as outside, Outgoing(allowed_origins=[outside.origin], max_answer=1000) as outgoing:
        assert len((await outgoing.request("GET", f"{outside.origin}/1000")).body) == 1000
        with pytest.raises(AnswerTooLarge, match="1000 bytes"):
            await outgoing.request("GET", f"{outside.origin}/1001")


async def test_a_compressed_answer_is_refused_because_it_could_unpack_to_anything() -> None:
    async def bomb(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": "gzip"})

    async with serving(bomb) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        with pytest.raises(AnswerEncoded):
            await outgoing.request("GET", f"{outside.origin}/")


async def test_who_asks_for_the_status_alone_gets_it_however_the_body_is() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=202, headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        await response.write(b"x" * 100_000)
        await asyncio.Event().wait()
        return response

    async with serving(endless) as outside, Outgoing(allowed_origins=[outside.origin], max_answer=10) as outgoing:
        answer = await outgoing.request("POST", f"{outside.origin}/hooks", body=b"{}", status_only=True)
        assert (answer.status, answer.body) == (202, b"")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://[fe80::1]/",
        "https://me:pass@example.org/",
        "example.org",
        "",
        "https://[::1",
        "https://xn--a/",
        "https://a..b/",
        f"https://{'a' * 64}.org/",
        "https://%00/",
        "https://a%00b/",
        "https://example.org:0/",
        "https://example.org:99999/",
    ],
)
def test_an_address_that_would_never_be_called_is_refused_without_looking_its_name_up(url: str) -> None:
    outgoing = Outgoing(allowed_origins=["http://127.0.0.1:9000"])
    with pytest.raises(DestinationRefused):
        outgoing.require_callable(url)
    for fine in (
        "no-such-name.example.org",
        "under_score.example.org.",
        "bücher.example",
        "xn--bcher-kva.example:8443",
    ):
        outgoing.require_callable(f"https://{fine}/hooks")
    outgoing.require_callable("http://127.0.0.1:9000/hooks")


async def test_a_port_nobody_listens_on_and_a_name_nobody_has_are_unreachable() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async with serving(hello) as outside:
        origin = outside.origin
    async with Outgoing(allowed_origins=[origin], lookup=unknown) as outgoing:
        with pytest.raises(DestinationUnreachable):
            await outgoing.request("GET", f"{origin}/")
        with pytest.raises(DestinationUnreachable):
            await outgoing.request("GET", "https://nobody.test/")


async def test_a_connection_cut_before_the_answer_leaves_the_outcome_open() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(cut) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        with pytest.raises(NoAnswer):
            await outgoing.request("POST", f"{outside.origin}/", body=b"{}")
    assert outside.asked == ["POST /"]


async def test_an_answer_that_is_not_json_says_whose_it_was() -> None:
    async def prose(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>")

    async with serving(prose) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        answer = await outgoing.request("GET", f"{outside.origin}/")
    with pytest.raises(AnswerMalformed, match=r"127\.0\.0\.1"):
        answer.json()


async def test_cookies_are_not_kept_between_calls() -> None:
    seen: list[str | None] = []

    async def cookies(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "id=1; Path=/"})

    async with serving(cookies) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        await outgoing.request("GET", f"{outside.origin}/")
        await outgoing.request("GET", f"{outside.origin}/")
    assert seen == [None, None]


async def test_bodies_paths_and_queries_stay_out_of_the_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(hello) as outside, Outgoing(allowed_origins=[outside.origin]) as outgoing:
        await outgoing.request("POST", f"{outside.origin}/path-4711?query-4712", body=b"body-4713")
        captured = capsys.readouterr()
    written = captured.out + captured.err + caplog.text
    assert "the outside answered" in written
    assert [secret for secret in ("4711", "4712", "4713") if secret in written] == []

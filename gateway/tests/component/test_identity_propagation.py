"""What the gateway owes services and operators about who asks: the checks G4, G13, G14 and G16 of the anchors."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import product

import pytest

from common.ids import OrganizationId
from common.testing import principals
from common.tokens import SigningKey
from gateway.routes import ROWS
from gateway.testing import RunGateway, World, holds

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
IDENTITY_NAMES = (
    "x-user-id",
    "x-user",
    "x-user-email",
    "x-internal-token",
    "x-internal-anything",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
    "forwarded",
    "via",
    "traceparent",
    "x-original-url",
)
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "as-it-is": str,
    "capitals": str.upper,
    "odd-case": lambda name: "".join(letter.upper() if at % 2 else letter for at, letter in enumerate(name)),
    "underscores": lambda name: name.replace("-", "_"),
}


def reached(world: World) -> int:
    others = sum(len(service.heard) for name, service in world.services.items() if name != "identity")
    return others + len(world.identity.asked())


def requests(log: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_nothing_a_client_says_of_who_it_is_reaches_a_service(world: World, spelling: str) -> None:
    """G4; scenario 28."""
    forged = [f"{SPELLINGS[spelling](name)}: evil-{number}" for name, number in product(IDENTITY_NAMES, (1, 2))]
    lines = ["GET /v1/orders HTTP/1.1", "host: a", "connection: close", *forged]
    lines.append(f"authorization: Bearer {world.identity.sign_in()}")
    (answer,) = await world.raw("\r\n".join(lines).encode() + b"\r\n\r\n")
    assert answer.status == 200
    (heard,) = world["commerce"].heard
    told = [(name, value) for name, value in heard.headers if "evil" in value]
    assert [name for name, _ in told if name.replace("_", "-") in IDENTITY_NAMES] == []
    assert [name for name, _ in heard.headers].count("x-forwarded-for") == 1
    assert heard.one("x-forwarded-for") == "127.0.0.1"


async def test_nothing_in_a_trailer_reaches_a_service_as_a_header(world: World) -> None:
    """G4; scenario 28."""
    lines = ["PATCH /v1/me HTTP/1.1", "host: a", "connection: close", "transfer-encoding: chunked"]
    lines += [f"authorization: Bearer {world.identity.sign_in()}", "trailer: x-user-id"]
    body = b"2\r\n{}\r\n0\r\nx-user-id: evil\r\nauthorization: Bearer evil\r\n\r\n"
    (answer,) = await world.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    assert "evil" not in str([heard.headers for heard in world.identity.asked()])
    assert answer.status in (200, 400)


async def test_an_address_answers_the_methods_of_its_rows_and_no_others(world: World) -> None:
    """G13; scenario 1."""
    declared: dict[str, set[str]] = {}
    for row in ROWS:
        declared.setdefault(re.sub(r"\{[A-Za-z]+\}", "x1", row.path), set()).add(row.method)
    token = world.identity.sign_in(principals.platform("admin"))
    for path, methods in declared.items():
        for method in METHODS:
            if method in methods:
                continue
            answer = await world.ask(method, path, body=b"", token=token)
            # Another row may take the same path for a parameter: then its methods are there too.
            assert answer.status == 405 or _has_row(method, path), (method, path, answer.status)
            if answer.status == 405:
                assert answer.code == "gateway.method_not_allowed"
                assert methods <= set(answer.one("allow").split(", "))


def _has_row(method: str, path: str) -> bool:
    shapes = (re.sub(r"\\\{[A-Za-z]+\\\}", "[^/]+", re.escape(row.path)) for row in ROWS if row.method == method)
    return any(re.fullmatch(shape, path) for shape in shapes)


@pytest.mark.parametrize("version", ["/v0", "/v2", "/V1", "/v1/v1", "", "/api/v1", "/v1.0"])
async def test_no_other_version_of_any_route_answers(world: World, version: str) -> None:
    """G14; scenario 1."""
    token = world.identity.sign_in(principals.platform("admin"))
    for row in ROWS:
        if not row.path.startswith("/v1/"):
            continue
        path = version + re.sub(r"\{[A-Za-z]+\}", "x1", row.path.removeprefix("/v1"))
        answer = await world.ask(row.method, path, {"idempotency-key": "k"}, b"", token=token)
        assert (answer.status, answer.code) == (404, "gateway.no_such_route"), path
    assert reached(world) == 0


@pytest.mark.parametrize(
    "path",
    ["/internal/keys", "/internal/sign-ins/lookup", "/internal/session-feed/lease", "/v1/internal/keys", "/v1", "/v1/"],
)
async def test_what_services_have_for_one_another_has_no_address_here(world: World, path: str) -> None:
    """G14; scenario 1."""
    for method in ("GET", "POST"):
        answer = await world.ask(method, path, body=b"", token=world.identity.sign_in(principals.platform("admin")))
        assert (answer.status, answer.code) == (404, "gateway.no_such_route")
    assert reached(world) == 0


@asynccontextmanager
async def logging(run: RunGateway) -> AsyncIterator[World]:
    """A gateway made inside the test, because its log goes to what standard output is when it is made."""
    async with run() as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
        yield world
        world.built.access_log.flush()


async def test_a_denial_is_logged_with_whoever_was_denied(run: RunGateway, capsys: pytest.CaptureFixture[str]) -> None:
    """G16; scenario 30."""
    viewer = principals.member_of(OrganizationId(principals.fresh(OrganizationId)), "viewer")
    async with logging(run) as world:
        answer = await world.ask("POST", "/v1/events", body=b"{}", token=world.identity.sign_in(viewer))
    (line,) = requests(capsys.readouterr().out)
    assert (line["status"], line["code"], line["route"]) == (403, "gateway.capability_missing", "/v1/events")
    assert (line["who"], line["trace_id"]) == (viewer.subject, answer.one("x-request-id"))


async def test_success_and_failure_of_authentication_are_logged_and_no_token_is(
    run: RunGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """G16."""
    person = principals.user()
    guess = f"{principals.device_of(OrganizationId(principals.fresh(OrganizationId))).subject}.{'wrong-secret' * 3}"
    async with logging(run) as world:
        good = world.identity.sign_in(person)
        forged = world.identity.token(key=SigningKey.generate(), sub=person.subject, sid=person.sign_in_id)
        for token in (good, forged, guess, "nonsense"):
            await world.ask("GET", "/v1/orders", token=token)
    log = capsys.readouterr().out
    told = [(line["status"], line["who"], line.get("code")) for line in requests(log)]
    refused = (401, "anonymous", "gateway.token_refused")
    assert told == [(200, person.subject, None), refused, refused, refused]
    for token in (good, forged, guess):
        assert token not in log and token[-20:] not in log
    assert str(person.email) not in log and str(person.name) not in log


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/v1/orders/%0d%0aevil", id="encoded-end-of-line"),
        pytest.param("/v1/orders/x%22%7d%0a%7b%22evil", id="encoded-line-of-json"),
        pytest.param("/%0d%0aevil", id="no-route"),
        pytest.param("/v1/orders?x=%0d%0aevil", id="query"),
        pytest.param("/v1/orders/\u2028evil", id="line-separator"),
    ],
)
async def test_nobody_writes_lines_of_their_own_into_the_log(
    run: RunGateway, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    """G16: CR and LF are neutralised."""
    lines = [b"GET %b HTTP/1.1" % target.encode(), b"host: a", b"user-agent: evil", b"connection: close"]
    async with logging(run) as world:
        answers = await world.raw(b"\r\n".join(lines) + b"\r\n\r\n")
    log = capsys.readouterr().out
    assert [answer.status < 500 for answer in answers] == [True]
    assert "evil" not in log
    assert len(requests(log)) <= 1

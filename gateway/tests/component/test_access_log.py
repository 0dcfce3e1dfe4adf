"""One line for each request, and no secret in any: tokens, codes, mail addresses, ids in paths, whatever callers write."""

import json
import re
from urllib.parse import quote

import pytest

from gateway.routes import ROWS
from gateway.testing import RunGateway, World, holds

SECRET = "s3cr3t-7f3a"
PLANTED = {
    "cookie": f"r={SECRET}",
    "x-cron-secret": SECRET,
    "x-request-id": SECRET,
    "user-agent": SECRET,
    "referer": f"https://lanyard.example/{SECRET}",
    "origin": f"https://{SECRET}.example",
    "x-app-platform": SECRET,
    "x-app-version": SECRET,
    "x-forwarded-for": SECRET,
    "idempotency-key": SECRET,
    "if-none-match": f'"{SECRET}"',
    "traceparent": f"00-{SECRET}-1-01",
    "last-event-id": SECRET,
    "accept": SECRET,
}
FIELDS = {
    "timestamp",
    "level",
    "event",
    "service",
    "method",
    "route",
    "status",
    "ms",
    "trace_id",
    "who",
    "network",
    "code",
}


def lines_of(text: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


async def settled(world: World) -> None:
    await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "identity")


@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed-in"])
async def test_no_secret_of_any_request_to_any_row_is_told(
    run: RunGateway, capsys: pytest.CaptureFixture[str], signed_in: bool
) -> None:
    """G16: tokens, codes and mails are masked, since nothing that callers write is told at all."""
    rows = [row for row in ROWS if row.path != "/v1/live"]  # a stream, whose line is written when it ends
    async with run(rows=ROWS) as world:
        await settled(world)
        token = world.identity.sign_in() if signed_in else ""
        for row in rows:
            path = re.sub(r"\{[^}]*\}", SECRET, row.path) + f"?code={SECRET}&email={SECRET}%40example.org"
            body = json.dumps({"password": SECRET}).encode() if row.body_limit else None
            await world.ask(row.method, path, PLANTED, body, token=token or "")
        world.built.access_log.flush()
    written = capsys.readouterr()
    told = lines_of(written.out)
    assert SECRET not in written.out + written.err
    assert "%40example" not in written.out + written.err
    if token:
        assert not any(part in written.out + written.err for part in (token, *token.split(".")))
    shown = [(line["method"], line["route"]) for line in told if line["route"] != "-"]
    assert sorted(shown) == sorted((row.method, row.path) for row in rows)
    assert all(set(line) <= FIELDS for line in told)


@pytest.mark.parametrize("tried", ["Bearer", "bearer ", "Basic", "dev_01h455vb4pex5vsknk084sn02q."], ids=repr)
async def test_a_refused_token_is_not_told_either(
    run: RunGateway, capsys: pytest.CaptureFixture[str], tried: str
) -> None:
    """G16."""
    async with run() as world:
        await settled(world)
        refused = await world.ask("GET", "/v1/me", {"authorization": f"{tried} {SECRET}"})
        world.built.access_log.flush()
    written = capsys.readouterr()
    (line,) = lines_of(written.out)
    assert (line["status"], line["code"], line["trace_id"]) == (
        401,
        "gateway.token_refused",
        refused.one("x-request-id"),
    )
    assert SECRET not in written.out + written.err


async def test_what_callers_write_never_makes_a_line_of_its_own(
    run: RunGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """G16: CR and LF are neutralised."""
    forged = '{"level":"info","event":"request","route":"/forged"}'
    async with run() as world:
        for target in (f"/v1/events/%0a{quote(forged)}", f"/v1/events?x=%0d%0a{quote(forged)}", f"/{quote(forged)}"):
            await world.ask("GET", target)
        for raw in (
            b"GET /v1/events\n" + forged.encode(),
            b"GET /v1/events HTTP/1.1\r\nhost: a\r\nx: \n" + forged.encode(),
        ):
            await world.raw(raw + b"\r\n\r\n")
        await world.ask("GET", "/v1/events", {"x-forwarded-for": f"1.1.1.1\x0b{forged}", "user-agent": forged})
        world.built.access_log.flush()
    written = capsys.readouterr()
    told = lines_of(written.out)
    assert "forged" not in written.out + written.err
    assert {line["route"] for line in told} <= {"-", "/v1/events", "/v1/events/{eventId}"}
    assert len(told) == 6


async def test_an_invented_method_is_not_told(run: RunGateway, capsys: pytest.CaptureFixture[str]) -> None:
    async with run() as world:
        for method in (b"S3CR3T", b"GET\x0b", b"\x1b[31mGET", b"P\xc3\xb6ST"):
            await world.raw(method + b" /v1/events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        world.built.access_log.flush()
    written = capsys.readouterr()
    assert {line["method"] for line in lines_of(written.out)} <= {"-"}
    assert "S3CR3T" not in written.out and "\x1b[31mGET" not in written.out

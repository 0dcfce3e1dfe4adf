"""The gateway as a process: what it logs, and how it leaves."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.testing.servers import PASSWORD, NatsServer, Servers
from common.testing.waiting import eventually
from common.tokens import SigningKey
from gateway.routes import SERVICES
from gateway.testing import OK, Heard
from gateway.testing.live import listen
from gateway.testing.process import Process, process


async def test_leaving_cuts_nobody_off_and_takes_nobody_new(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def reply(_: Heard) -> bytes:
        await release.wait()
        return OK

    async with process(tmp_path / "log") as world:
        world["commerce"].reply = reply
        token = world.identity.sign_in()
        waiting = [asyncio.create_task(world.ask("GET", "/v1/orders", token=token)) for _ in range(50)]
        await eventually(lambda: _all_arrived(world, 50), what="fifty requests")
        world.running.send_signal(signal.SIGTERM)
        await eventually(world.refuses_connections, what="the closed door")
        release.set()
        answers = await asyncio.gather(*waiting)
        assert [answer.status for answer in answers] == [200] * 50
        assert {answer.one("connection") for answer in answers} == {"close"}
        assert await world.exit_code() in (0, -signal.SIGTERM)


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    running = servers.brokers.provisioned()
    yield running
    servers.brokers.discard(running)


async def test_requests_are_answered_and_streams_told_before_it_leaves_within_its_grace(
    tmp_path: Path, broker: NatsServer
) -> None:
    """Scenario 20: fifty requests under way and ten streams, and one signal."""
    release = asyncio.Event()

    async def reply(_: Heard) -> bytes:
        await release.wait()
        return OK

    grace = 10
    settings = {"LANYARD_NATS_URL": broker.url, "LANYARD_NATS_PASSWORD": PASSWORD, "LANYARD_GRACE_SECONDS": str(grace)}
    async with process(tmp_path / "log", {}, **settings) as world:
        world["commerce"].reply = reply
        token = world.identity.sign_in()
        await eventually(lambda: _tells_live(world, token), what="the streams' beginning")
        streams = [await listen(world, world.identity.sign_in()) for _ in range(10)]
        waiting = [asyncio.create_task(world.ask("GET", "/v1/orders", token=token)) for _ in range(50)]
        await eventually(lambda: _all_arrived(world, 50), what="fifty requests")
        began = time.monotonic()
        world.running.send_signal(signal.SIGTERM)
        told = [await stream.next() for stream in streams]
        assert [(block.event, block.data) for block in told] == [("closing", {"reason": "draining"})] * 10
        for stream in streams:
            with pytest.raises(EOFError):
                await stream.next()
        release.set()
        answers = await asyncio.gather(*waiting)
        assert [answer.status for answer in answers] == [200] * 50
        assert await world.exit_code() in (0, -signal.SIGTERM)
        assert time.monotonic() - began < grace


@contextmanager
def _files(soft: int) -> Iterator[None]:
    """How many files this process, and those it starts, may have open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_thousand_open_connections_take_no_more_than_120_mib(tmp_path: Path) -> None:
    """Each has asked and may ask again; the gateway was started with no more files than a shell grants."""
    with _files(1024):
        async with process(tmp_path / "log") as world:
            with _files(4096):
                token = world.identity.sign_in()
                request = f"GET /v1/orders HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n".encode()
                for _ in range(20):
                    opened = [await world.connect() for _ in range(50)]
                    for _, writer in opened:
                        writer.write(request)
                    assert {(await world.read_answer(reader)).status for reader, _ in opened} == {200}
                status = Path(f"/proc/{world.running.pid}/status").read_text()
                assert int(status.split("VmRSS:")[1].split()[0]) <= 120 * 1024, "kB"
                assert len(list(Path(f"/proc/{world.running.pid}/fd").iterdir())) > 1024, "all of them are open"


async def test_readiness_says_no_before_the_door_closes(tmp_path: Path) -> None:
    async with process(tmp_path / "log", LANYARD_DRAIN_SECONDS="30") as world:
        world.running.send_signal(signal.SIGTERM)
        await eventually(lambda: _not_ready(world), what="readiness that says no")
        answer = await world.ask("GET", "/v1/events")
        assert (answer.status, answer.one("connection")) == (200, "close")
        world.running.send_signal(signal.SIGTERM)
        assert await world.exit_code() in (0, -signal.SIGTERM)


async def test_the_log_tells_each_request_and_no_secret(tmp_path: Path) -> None:
    async with process(tmp_path / "log") as world:
        token = world.identity.sign_in()
        answer = await world.ask("GET", "/v1/orders?code=s3cret", {"cookie": "r=s3cret"}, token=token)
        await world.ask("POST", "/v1/deployments/railway/s3cret", body=b'{"a": "s3cret"}')
        await world.ask("GET", "/s3cret/none")
        world.running.send_signal(signal.SIGTERM)
        await world.exit_code()
    text = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    told = [line for line in lines if line["event"] == "request" and line["route"].startswith("/v1/")]
    assert [(line["method"], line["route"], line["status"]) for line in told] == [
        ("GET", "/v1/orders", 200),
        ("POST", "/v1/deployments/railway/{secret}", 200),
    ]
    assert told[0]["trace_id"] == answer.one("x-request-id")
    assert told[0]["who"].startswith("usr_")
    assert "s3cret" not in text and token not in text and token.split(".")[2] not in text


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("LANYARD_UPSTREAMS", "{}", "names no address for: identity, events, commerce, dp, wallet, releases"),
        ("LANYARD_INTERNAL_SIGNING_KEY", "nonsense", "LANYARD_INTERNAL_SIGNING_KEY is no private Ed25519 JWK"),
        ("LANYARD_RATE_LIMITS", '{"raed": [1, 1]}', "no such rate class: raed"),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start(name: str, value: str, complaint: str) -> None:
    addresses = {service: ["http://127.0.0.1:1"] for service in SERVICES}
    environment = os.environ | {
        "LANYARD_UPSTREAMS": json.dumps(addresses),
        "LANYARD_INTERNAL_SIGNING_KEY": SigningKey.generate().private_json(),
        name: value,
    }
    command = [sys.executable, "-m", "gateway", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0
    assert complaint in done.stderr


async def _all_arrived(world: Process, count: int) -> bool:
    return sum(heard.target == "/v1/orders" for heard in world["commerce"].heard) == count


async def _tells_live(world: Process, token: str) -> bool:
    return (await world.ask("HEAD", "/v1/live", token=token)).status == 200


async def _not_ready(world: Process) -> bool:
    return (await world.ask("GET", "/readyz")).status == 503

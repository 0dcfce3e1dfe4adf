"""Two real gateways, the real identity, a real database and broker, each a process: who lost a right is never admitted.

`python -m bench revocation` does the same a thousand times over each way.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from statistics import median

import pytest

from common.testing.servers import Servers
from common.testing.waiting import eventually
from common.tokens import SigningKey
from gateway.routes import IDENTITY
from gateway.testing import FakeService, Heard
from gateway.testing.replicas import Replicas, replicas
from gateway.testing.trials import Outcome, Population, run
from gateway.testing.wire import read_body, read_head

KEY = SigningKey.generate()
TRIALS = 200


@pytest.fixture(scope="module")
def platform(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replicas, Population]]:
    with replicas(servers, tmp_path_factory.mktemp("replicas"), KEY) as (processes, urls):
        yield processes, Population(urls.superuser, KEY)


@pytest.fixture
async def both(platform: tuple[Replicas, Population]) -> AsyncIterator[Replicas]:
    processes, _ = platform
    async with processes.whole():
        yield processes


@pytest.fixture
def people(platform: tuple[Replicas, Population]) -> Population:
    return platform[1]


def failed(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not outcome.as_it_must]


async def test_whoever_lost_a_right_is_refused_at_the_other_replica_at_once(both: Replicas, people: Population) -> None:
    """Scenarios 5 and 30; G7."""
    outcomes = await run(both, people.trials(TRIALS), at_once=10)
    assert failed(outcomes) == []
    kinds = Counter(outcome.kind for outcome in outcomes)
    assert kinds == dict.fromkeys(("signed out", "revoked", "demoted", "suspended"), TRIALS // 4)
    assert both.admitted() == TRIALS, "each was admitted once, before"


async def test_without_a_broker_they_are_refused_as_soon(both: Replicas, people: Population) -> None:
    """Scenarios 5 and 30 with NATS down; G7, G18."""
    await asyncio.to_thread(both.broker.kill)
    outcomes = await run(both, people.trials(TRIALS), at_once=40)
    assert failed(outcomes) == []
    assert both.admitted() == TRIALS


async def test_the_trials_find_a_gateway_that_keeps_what_it_should_drop(
    both: Replicas, people: Population, tmp_path: Path
) -> None:
    """The control: a gateway that is told of a lease of a minute and of no drop admits everyone who lost a right."""
    liar = FakeService()
    liar.reply = lambda request: _lie(both, request)
    await liar.start()
    upstreams = {name: [service.url] for name, service in both.heard.items()} | {IDENTITY: [liar.url]}
    deceived = both.gateways[1].another(
        tmp_path / "log", LANYARD_REPLICA="deceived", LANYARD_NATS_URL="", LANYARD_UPSTREAMS=json.dumps(upstreams)
    )
    deceived.start()
    try:
        pair = both.beside(deceived)
        await pair.ready()
        outcomes = await run(pair, people.trials(8), at_once=1)
        await pair.hang_up()
    finally:
        deceived.stop()
        await liar.stop()
    assert [outcome.after for outcome in outcomes] == [200, 401, 200, 401, 200, 401, 200, 401]


@pytest.mark.parametrize("ending", ["paused", "killed"])
async def test_without_identity_nothing_private_is_answered_and_it_comes_back_by_itself(
    both: Replicas, people: Population, ending: str
) -> None:
    """Scenario 33; G18."""
    known, stranger = people.someone(), people.someone()
    assert (await both.ask(0, "GET", "/v1/orders", known.token)).status == 200
    if ending == "paused":
        both.identity.pause()
    else:
        both.identity.kill()
    await eventually(lambda: _is(both, 503, known.token), within=10, what="the end of the lease")
    heard = both.admitted()
    for number in range(3):
        answers = await asyncio.gather(*(_timed(both, each.token) for each in (known, stranger) * 5))
        assert {status for status, _, _ in answers} == {503}
        assert {code for _, code, _ in answers} == {"gateway.identity_away"}
        assert median(seconds for _, _, seconds in answers) < 1.0
        assert max(seconds for _, _, seconds in answers) < 2.0, "a busy machine is not the gateway's fault"
        assert (await both.ask(0, "GET", f"/v1/events/{ending}-{number}")).status == 200
    assert both.admitted() == heard + 3, "the public reads"
    both.identity.start()
    await eventually(lambda: _is(both, 200, known.token), within=60, what="identity's return")
    assert (await both.ask(1, "GET", "/v1/orders", stranger.token)).status == 200


async def test_a_gateway_that_starts_anew_without_a_broker_knows_of_revocations(
    both: Replicas, people: Population
) -> None:
    """Scenario 5. A gateway without any word of identity admits nobody: 503."""
    revoked, other = people.someone(), people.someone()
    assert (await both.ask(1, "GET", "/v1/orders", revoked.token)).status == 200
    await asyncio.to_thread(both.broker.kill)
    assert (await both.ask(0, "POST", "/v1/auth/sign-out", revoked.token)).status == 204
    await both.hang_up()
    both.gateways[1].kill()
    both.gateways[1].start()
    await both.ready()
    assert (await both.ask(1, "GET", "/v1/orders", revoked.token)).status == 401
    assert (await both.ask(1, "GET", "/v1/orders", other.token)).status == 200
    both.identity.kill()
    await both.hang_up()
    both.gateways[1].kill()
    both.gateways[1].start()
    await eventually(lambda: _answers(both, 1), within=60, what="the gateway's start")
    answer = await both.ask(1, "GET", "/v1/orders", other.token)
    assert (answer.status, answer.code) == (503, "gateway.identity_away")


async def _lie(both: Replicas, request: Heard) -> bytes:
    """Identity's answer, but for the lease."""
    status, headers, body = await _forward(both.identity.port, request)
    if request.target == "/internal/session-feed/lease":
        body = json.dumps(json.loads(body) | {"leaseMs": 60_000, "drops": []}).encode()
    kept = [f"{name}: {value}" for name, value in headers if name == "content-type"]
    lines = (
        [f"HTTP/1.1 {status} Told", *kept, f"content-length: {len(body)}"] if status != 204 else ["HTTP/1.1 204 Told"]
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _forward(port: int, request: Heard) -> tuple[int, list[tuple[str, str]], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        fields = [f"{name}: {value}" for name, value in request.headers]
        writer.write("\r\n".join([f"{request.method} {request.target} HTTP/1.1", *fields]).encode() + b"\r\n\r\n")
        writer.write(request.body)
        first, headers = await read_head(reader)
        status = int(first.split(" ")[1])
        return status, headers, b"" if status == 204 else await read_body(reader, headers)
    finally:
        writer.close()


async def _is(both: Replicas, status: int, token: str) -> bool:
    return (await both.ask(0, "GET", "/v1/orders", token)).status == status


async def _answers(both: Replicas, gateway: int) -> bool:
    try:
        return (await both.ask(gateway, "GET", "/healthz")).status == 200
    except ConnectionError:
        return False


async def _timed(both: Replicas, token: str) -> tuple[int, str, float]:
    began = time.monotonic()
    answer = await both.ask(0, "GET", "/v1/orders", token)
    return answer.status, answer.code, time.monotonic() - began

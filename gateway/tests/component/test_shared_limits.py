"""Several gateways count together in one real store, and each for itself while it is away."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from common.testing import principals
from gateway.limits import NETWORK, READ, Limits
from gateway.limits import store as shared
from gateway.limits.store import StoreMetrics, ValkeyStore
from gateway.testing import RunGateway, World, holds
from gateway.testing.store import Pair, StoreServer, pair_of_gateways, store_server

ORDERS = "/v1/orders"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[StoreServer]:
    async with store_server(tmp_path) as running:
        yield running


async def race(tmp_path: Path, limits_url: str) -> tuple[Counter[int], Pair]:
    """400 requests for a quota of 100, 32 at a time, half of them at either of two gateway processes."""
    limits = {
        "LANYARD_RATE_LIMITS": '{"read": [100, 60]}',
        "LANYARD_LIMITS_URL": limits_url,
        "LANYARD_LIMITS_PATIENCE": "5",  # whatever else this machine does meanwhile
    }
    async with pair_of_gateways(tmp_path, **limits) as pair:
        token = pair.identity.sign_in()
        answers = await pair.ask_all(ORDERS, token, times=400, at_once=32)
        return Counter(answer.status for answer in answers), pair


async def test_two_gateways_together_let_exactly_the_quota_pass(tmp_path: Path, server: StoreServer) -> None:
    """Scenario 7: the slack is none, because every request asks the store."""
    statuses, pair = await race(tmp_path, server.url)
    assert statuses == {200: 100, 429: 300}
    assert pair.heard() == 100


async def test_without_a_store_each_gateway_gives_the_whole_quota_away(tmp_path: Path) -> None:
    """The control of the race before: counting apart, the same requests get through twice as often."""
    statuses, pair = await race(tmp_path, "")
    assert statuses == {200: 200, 429: 200}
    assert pair.heard() == 200


@pytest.fixture
async def counting(server: StoreServer) -> AsyncIterator[list[Limits]]:
    """Two gateways' limits with a connection each, and a quota of 100 for reads."""
    stores = [ValkeyStore(server.url, patience=5.0, pause=0.05) for _ in range(2)]
    keeping = [asyncio.create_task(store.keep()) for store in stores]
    try:
        yield [Limits({"read": (100, 60), "network": (5000, 60)}, store=store) for store in stores]
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)


async def pass_of(counting: list[Limits], times: int) -> int:
    asked = (counting[number % 2].ask((READ, NETWORK), "usr_a", "192.0.2.1", 0.0) for number in range(times))
    async with asyncio.timeout(20):
        verdicts = await asyncio.gather(*asked)
    return sum(verdict is not None and verdict.passes for verdict in verdicts)


async def test_nothing_is_taken_twice_however_many_ask_at_once(counting: list[Limits]) -> None:
    assert await pass_of(counting, 1000) == 100


async def test_a_script_that_looks_before_others_are_done_gives_too_much_away(server: StoreServer) -> None:
    """The control of the race: the same questions as separate commands, looking first and counting afterwards."""

    async def take(connection: int) -> bool:
        used = await server.say("GET", "apart")
        if used != b"$-1" and int(used) >= 100:
            return False
        await server.say("INCR", "apart")
        return True

    passed = await asyncio.gather(*(take(number) for number in range(300)))
    assert sum(passed) > 100


async def test_a_refused_request_leaves_the_other_quotas_as_they_were(
    counting: list[Limits], server: StoreServer
) -> None:
    await pass_of(counting, 100)
    used = await server.say("GET", "lanyard:limit:network:192.0.2.1")
    refused = await counting[0].ask((READ, NETWORK), "usr_a", "192.0.2.1", 0.0)
    assert refused is not None and not refused.passes
    assert refused.headers[0] == (b"ratelimit-policy", b'"read";q=100;w=60, "network";q=5000;w=60')
    assert refused.headers[1][1].startswith(b'"read";r=0;t=')
    assert b', "network";r=4900;t=' in refused.headers[1][1]
    assert (used, await server.say("GET", "lanyard:limit:network:192.0.2.1")) == (b"100", b"100")


async def test_what_is_known_to_be_used_up_is_not_asked_for_again(counting: list[Limits], server: StoreServer) -> None:
    """So a flood of refused requests costs the store nothing."""
    await pass_of(counting, 101)
    await pass_of(counting, 2)  # now both have been told
    await server.say("CONFIG", "RESETSTAT")
    assert await pass_of(counting, 200) == 0
    assert await server.say("GET", "lanyard:limit:read:usr_a") == b"100"
    stats = [await limits.ask((READ, NETWORK), "usr_a", "192.0.2.1", 0.0) for limits in counting]
    assert [verdict and verdict.headers[1][1].count(b";r=") for verdict in stats] == [1, 1]


async def test_a_window_ends_by_the_clock_of_the_store(counting: list[Limits], server: StoreServer) -> None:
    await pass_of(counting, 101)
    await server.say("PEXPIRE", "lanyard:limit:read:usr_a", "1")

    async def is_gone() -> bool:
        return await server.say("EXISTS", "lanyard:limit:read:usr_a") == b":0"

    while not await is_gone():
        await asyncio.sleep(0)
    later = await counting[0].ask((READ, NETWORK), "usr_a", "192.0.2.1", 61.0)
    assert later is not None and later.passes
    assert later.headers[1][1].startswith(b'"read";r=99;t=60')


async def test_a_key_without_an_end_is_no_window(counting: list[Limits], server: StoreServer) -> None:
    """A key that somebody made to last, or a restored copy of one, must not lock anybody out for ever."""
    await server.say("SET", "lanyard:limit:read:usr_a", "100")
    assert await pass_of(counting, 1) == 1
    assert await server.say("GET", "lanyard:limit:read:usr_a") == b"1"
    assert int((await server.say("PTTL", "lanyard:limit:read:usr_a"))[1:]) > 0


async def test_scripts_thrown_away_are_brought_again(counting: list[Limits], server: StoreServer) -> None:
    assert await pass_of(counting, 1) == 1
    await server.say("SCRIPT", "FLUSH")
    assert await pass_of(counting, 150) == 99
    assert [limits.counted_here for limits in counting] == [0, 0]


async def test_more_requests_than_fit_one_call_are_all_answered(server: StoreServer) -> None:
    store = ValkeyStore(server.url, patience=5.0)
    limits = Limits({"read": (10_000, 60)}, store=store)
    keeping = asyncio.create_task(store.keep())
    try:
        several = 5 * shared.TOGETHER + 1
        assert await pass_of([limits, limits], several) == several
        assert await server.say("GET", "lanyard:limit:read:usr_a") == str(several).encode()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_caller_who_leaves_meanwhile_disturbs_nobody(counting: list[Limits]) -> None:
    await pass_of(counting, 1)
    asking = [asyncio.create_task(counting[0].ask((READ,), "usr_b", "n", 0.0)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False] * 5


async def counted_in(world: World) -> str:
    answer = await world.ask("GET", "/readyz")
    assert answer.status == 200
    return str(answer.json()["details"]["limits"])


async def in_use(world: World) -> None:
    store = world.built.store
    assert store is not None
    await holds(lambda: store.up, "the shared store")


async def test_requests_are_answered_and_counted_here_while_the_store_is_away(
    run: RunGateway, server: StoreServer
) -> None:
    """It comes back by itself; readiness and metrics tell where is counted."""
    async with run(limits_url=server.url, limits_patience=5, rate_limits={"read": (3, 60)}) as world:
        await in_use(world)
        token = world.identity.sign_in(principals.user())
        assert await counted_in(world) == "shared store"
        assert (await world.ask("GET", ORDERS, token=token)).one("ratelimit").startswith('"read";r=2;')
        server.kill()
        away = [(await world.ask("GET", ORDERS, token=token)) for _ in range(4)]
        assert [answer.status for answer in away] == [200, 200, 200, 429]
        assert await counted_in(world) == "memory, shared store away"
        told = (await world.ask("GET", "/metrics")).body
        assert b"lanyard_gateway_limits_shared 0.0" in told
        assert b"lanyard_gateway_limits_counted_here_total 3.0" in told
        await server.start()
        await in_use(world)
        assert await counted_in(world) == "shared store"
        other = world.identity.sign_in(principals.user())
        assert (await world.ask("GET", ORDERS, token=other)).status == 200
        assert await server.say("DBSIZE") == b":1"


async def test_a_store_that_does_not_answer_keeps_nobody_waiting(run: RunGateway, server: StoreServer) -> None:
    async with run(limits_url=server.url) as world:
        await in_use(world)
        token = world.identity.sign_in()
        assert (await world.ask("GET", ORDERS, token=token)).status == 200
        server.pause()
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(world.ask("GET", ORDERS, token=token) for _ in range(20)))
        assert asyncio.get_running_loop().time() - began < 1.0
        assert {answer.status for answer in answers} == {200}
        assert await counted_in(world) == "memory, shared store away"
        server.wake()
        await in_use(world)


async def test_a_gateway_starts_without_its_store(run: RunGateway, tmp_path: Path) -> None:
    nowhere = StoreServer(tmp_path).url
    async with run(limits_url=nowhere, rate_limits={"read": (1, 60)}) as world:
        token = world.identity.sign_in()
        assert [(await world.ask("GET", ORDERS, token=token)).status for _ in range(2)] == [200, 429]
        assert await counted_in(world) == "memory, shared store away"


async def test_a_store_that_may_not_be_written_is_as_good_as_away(run: RunGateway, server: StoreServer) -> None:
    """Out of memory, a read-only replica, a user without the right: whatever it refuses, requests go on."""
    await server.say("CONFIG", "SET", "maxmemory", "1")
    async with run(limits_url=server.url, rate_limits={"read": (1, 60)}) as world:
        await in_use(world)
        token = world.identity.sign_in()
        assert [(await world.ask("GET", ORDERS, token=token)).status for _ in range(2)] == [200, 429]


async def serve_nonsense(nonsense: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks the protocol, takes the script, and answers its calls with something else."""
    answers = {b"PING": b"+PONG\r\n", b"EVALSHA": nonsense, b"SCRIPT": b"$4\r\nabcd\r\n"}
    try:
        while head := await reader.readline():
            words = [await read_word(reader) for _ in range(int(head[1:]))]
            writer.write(answers.get(words[0].upper(), b"+OK\r\n"))
    finally:
        writer.close()


async def read_word(reader: asyncio.StreamReader) -> bytes:
    return (await reader.readexactly(int((await reader.readline())[1:]) + 2))[:-2]


@pytest.mark.parametrize(
    "nonsense",
    [b":1\r\n", b"$-1\r\n", b"$1\r\n1\r\n", b"$7\r\n1 x 500\r\n", b"$11\r\n1 2 3 4 5 6\r\n", b"*1\r\n:1\r\n"],
    ids=["a number", "nothing", "too little", "no numbers", "too much", "a list"],
)
async def test_a_store_that_answers_nonsense_is_as_good_as_away(run: RunGateway, nonsense: bytes) -> None:
    """Nobody gets a 500 for it, and each try to use it again is one try, not the end of trying."""
    listening = await asyncio.start_server(partial(serve_nonsense, nonsense), "127.0.0.1", 0)
    async with listening:
        url = f"valkey://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with run(limits_url=url, rate_limits={"read": (2, 60)}) as world:
            token = world.identity.sign_in()
            for expected in (200, 200, 429):
                await in_use(world)
                assert (await world.ask("GET", ORDERS, token=token)).status == expected
            assert len(world["commerce"].heard) == 2


async def test_the_metrics_name_what_is_shared(server: StoreServer) -> None:
    store = ValkeyStore(server.url)
    names = [family.name for family in StoreMetrics(Limits(store=store), store).collect()]
    assert names == ["lanyard_gateway_limits_shared", "lanyard_gateway_limits_counted_here"]


async def test_an_answer_that_lies_here_counts_however_late_this_process_reads_it(server: StoreServer) -> None:
    """A busy gateway is no reason to count apart, or each peak of its own would let more pass."""
    store = ValkeyStore(server.url, patience=0.05, pause=0.05)
    limits = Limits({"read": (100, 60)}, store=store)
    keeping = asyncio.create_task(store.keep())
    try:
        await limits.ask((READ,), "usr_a", "n", 0.0)
        await holds(lambda: store.up, "the store")
        server.pause()
        asking = asyncio.create_task(limits.ask((READ,), "usr_b", "n", 0.0))
        for _ in range(6):  # the question is sent within these turns
            await asyncio.sleep(0)
        server.wake()
        busy_until = time.monotonic() + 0.3
        while time.monotonic() < busy_until:
            continue
        verdict = await asking
        assert verdict is not None and verdict.passes
        assert await server.say("GET", "lanyard:limit:read:usr_b") == b"1"
        assert (limits.counted_here, store.up) == (0, True)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

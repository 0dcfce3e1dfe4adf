"""What is sent a second time, to whom, and how often at most."""

import asyncio
from collections import Counter

import pytest

from gateway.testing import OK, FakeService, Heard
from gateway.testing.fakes import Reply
from gateway.testing.links import ask, pool_of, replicas_of
from gateway.testing.wire import read_head
from gateway.upstream.failures import Failure

AWAY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
AWAY_FOR_A_SECOND = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


def every_second(bad: bytes) -> Reply:
    """Answers and failures take turns; `heard` of the service counts both."""
    count = 0

    def reply(_: Heard) -> bytes:
        nonlocal count
        count += 1
        return bad if count % 2 else OK

    return reply


def breaks_when_asked(service: FakeService) -> list[str]:
    """Let each connection take one request and close without a byte of an answer."""
    taken: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, _ = await read_head(reader)
        taken.append(first.split(" ")[0])

    service.on_connection = serve
    return taken


@pytest.mark.parametrize("side_by_side", [1, 8])
async def test_retries_of_a_service_that_fails_half_its_calls_stay_within_a_fifth(side_by_side: int) -> None:
    """Scenario 9."""
    async with replicas_of(1) as services, pool_of(*services) as pool:
        services[0].reply = every_second(AWAY)
        seen: Counter[int] = Counter()

        async def some() -> None:
            for _ in range(400 // side_by_side):
                seen[await ask(pool)] += 1

        await asyncio.gather(*(some() for _ in range(side_by_side)))
        assert 440 <= len(services[0].heard) <= 480
        assert sum(pool.again.sent.values()) == len(services[0].heard) - 400
        assert pool.again.not_sent["budget"] == pool.budget.exhausted > 0
        assert seen[200] > 200


async def test_a_write_without_a_key_is_never_sent_again_once_a_byte_was_sent() -> None:
    """Scenario 9."""
    async with replicas_of(2) as services, pool_of(*services) as pool:
        taken = [breaks_when_asked(service) for service in services]
        for _ in range(4):
            with pytest.raises(Failure):
                await ask(pool, "POST")
        assert sum(map(len, taken)) == 4
        assert pool.again.not_sent == {"method": 4}
        for service in services:
            service.on_connection = None
            service.reply = lambda _: AWAY
        assert [await ask(pool, "POST") for _ in range(4)] == [503] * 4
        assert sum(len(service.heard) for service in services) == 4


async def test_a_write_with_the_key_its_route_demands_goes_to_another_replica_when_a_connection_breaks() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        taken = breaks_when_asked(services[0])
        assert [await ask(pool, "POST", keyed=True) for _ in range(2)] == [200] * 2
        assert taken == ["POST"]
        assert len(services[1].heard) == 2
        assert pool.again.sent == {"broken": 1}


async def test_a_keyed_write_that_was_answered_is_not_sent_again_whatever_the_answer() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        for service in services:
            service.reply = lambda _: AWAY
        assert await ask(pool, "POST", keyed=True) == 503
        assert sum(len(service.heard) for service in services) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_read_gets_the_answer_of_another_replica_instead_of_one_that_says_away(status: int) -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        bad = f"HTTP/1.1 {status} Away\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\naway".encode()
        services[0].reply = lambda _: bad
        assert [await ask(pool) for _ in range(2)] == [200] * 2
        assert len(services[0].heard) == 1
        assert pool.again.sent == {"bad_answer": 1}
        assert (services[0].connections, pool.taken) == (1, 0)


@pytest.mark.parametrize("status", [500, 501, 429])
async def test_other_answers_are_handed_out_as_they_are(status: int) -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        for service in services:
            service.reply = lambda _: f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode()
        assert await ask(pool) == status
        assert sum(len(service.heard) for service in services) == 1


async def test_a_service_that_says_when_to_come_back_is_not_asked_again_before() -> None:
    async with replicas_of(1) as services, pool_of(*services) as pool:
        services[0].reply = lambda _: AWAY_FOR_A_SECOND
        assert await ask(pool) == 503
        assert len(services[0].heard) == 1
        assert pool.again.not_sent == {"nowhere": 1}


async def test_when_the_second_try_comes_to_nothing_the_first_answer_is_handed_out() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        services[0].reply = lambda _: AWAY
        taken = breaks_when_asked(services[1])
        pool.replicas.all[1].handicap = 1
        assert await ask(pool) == 503
        assert taken == ["GET"]
        assert pool.taken == 0


async def test_a_read_whose_answer_breaks_off_in_its_head_is_asked_of_another_replica() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-")

        services[0].on_connection = serve
        pool.replicas.all[1].handicap = 1
        assert await ask(pool) == 200
        pool.replicas.all[1].handicap = 1
        with pytest.raises(Failure):
            await ask(pool, "DELETE")
        assert pool.again.sent == {"cut": 1}
        assert [heard.method for heard in services[1].heard] == ["GET"]


async def test_a_second_try_hears_of_the_time_that_is_left_and_no_more() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        told: list[int] = []

        async def slow(heard: Heard) -> bytes:
            told.append(int(heard.one("x-lanyard-deadline-ms")))
            if len(told) == 1:
                await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.2)
                return AWAY
            return OK

        for service in services:
            service.reply = slow
        assert await ask(pool, seconds=2.0) == 200
        assert 1900 <= told[0] <= 2000
        assert 1000 < told[1] <= 1800

"""The table edited while the gateway runs. Scenario 21."""

import asyncio
import contextlib
import json
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from common.testing.waiting import eventually
from gateway.routes import EVENTS
from gateway.testing import Heard, RunGateway, World, holds, json_answer
from gateway.testing.replicas import Program

FRESH = f'Row("GET", "/v1/fresh", "{EVENTS}", Public("added while the gateway runs"))'


def table(file: Path, *rows: str) -> None:
    """The shipped table with further rows, in place of what was there."""
    file.write_text(
        "from gateway.routes import ROWS as SHIPPED\n"
        "from gateway.routing import Public, Row, SignedIn\n"
        f"ROWS = (*SHIPPED, {''.join(f'{row}, ' for row in rows)})\n"
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.py"
    table(path)
    return path


async def reloads(world: World) -> dict[str, int]:
    told = (await world.ask("GET", "/metrics")).body.decode()
    found = re.findall(r'^lanyard_gateway_table_reloads_total\{result="(\w+)"\} (\d+)\.0$', told, re.MULTILINE)
    return {result: int(count) for result, count in found}


async def reload(world: World, applied: int = 0, refused: int = 0) -> None:
    world.built.reload.ask()

    async def counted() -> bool:
        return await reloads(world) == {"applied": applied, "refused": refused}

    await eventually(counted, what="the reload")


async def test_new_rows_apply_and_old_ones_go(run: RunGateway, file: Path) -> None:
    async with run(routes_file=file) as world:
        assert await reloads(world) == {"applied": 0, "refused": 0}
        assert (await world.ask("GET", "/v1/fresh")).code == "gateway.no_such_route"
        table(file, FRESH)
        await reload(world, applied=1)
        assert (await world.ask("GET", "/v1/fresh")).status == 200
        assert (await world.ask("POST", "/v1/fresh", body=b"{}")).one("allow") == "GET, HEAD"
        table(file)
        await reload(world, applied=2)
        assert (await world.ask("GET", "/v1/fresh")).code == "gateway.no_such_route"
    assert [heard.target for heard in world["events"].heard] == ["/v1/fresh"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("1 / 0", id="not-executable"),
        pytest.param('Row("GET", "/v1/events", "events", Public("a row of the table too"))', id="two-rows"),
        pytest.param('Row("GET", "/v1/x", "events", Public(""))', id="no-reason"),
        pytest.param('Row("GET", "/v1/x", "billing", Public("of a service that there is not"))', id="no-service"),
    ],
)
async def test_a_file_with_a_fault_changes_nothing_but_a_metric_and_the_log(
    run: RunGateway, file: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with run(routes_file=file) as world:
        table(file, FRESH)
        await reload(world, applied=1)
        table(file, fault)
        await reload(world, applied=1, refused=1)
        assert (await world.ask("GET", "/v1/fresh")).status == 200, "the old one stays, whole"
        assert (await world.ask("GET", "/v1/x")).code == "gateway.no_such_route"
        table(file)
        await reload(world, applied=2, refused=1)
        assert (await world.ask("GET", "/v1/fresh")).code == "gateway.no_such_route"
    assert "the route table was refused; the old one stays" in capsys.readouterr().out


async def test_a_request_that_has_found_its_row_keeps_it(run: RunGateway, file: Path) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def reply(_: Heard) -> bytes:
        arrived.set()
        await go_on.wait()
        return json_answer({"fresh": True})

    table(file, FRESH)
    async with run(routes_file=file) as world:
        await reload(world, applied=1)
        world["events"].reply = reply
        waiting = asyncio.create_task(world.ask("GET", "/v1/fresh"))
        await arrived.wait()
        table(file)
        await reload(world, applied=2)
        go_on.set()
        assert (await waiting).json() == {"fresh": True}


async def test_no_request_is_dropped_while_the_table_changes_under_load(run: RunGateway, file: Path) -> None:
    async with run(routes_file=file) as world, _load(world) as statuses:
        for number in range(1, 21):
            table(file, *([FRESH] if number % 2 else []))
            await reload(world, applied=number)
        await holds(lambda: len(statuses) >= 100, "a hundred requests meanwhile")
    assert set(statuses) == {200}


async def test_a_row_made_stricter_bites_on_the_next_request(run: RunGateway, file: Path) -> None:
    async with run(routes_file=file) as world:
        table(file, FRESH)
        await reload(world, applied=1)
        assert (await world.ask("GET", "/v1/fresh")).status == 200
        table(file, FRESH.replace("Public(", "SignedIn("))
        await reload(world, applied=2)
        assert (await world.ask("GET", "/v1/fresh")).code == "gateway.not_signed_in"


async def test_a_running_process_reads_it_again_on_sighup(run: RunGateway, file: Path) -> None:
    async with run() as world:
        addresses = {name: [service.url] for name, service in world.services.items()}
        environment = {
            "LANYARD_UPSTREAMS": json.dumps(addresses),
            "LANYARD_INTERNAL_SIGNING_KEY": world.signing_key.private_json(),
            "LANYARD_ROUTES_FILE": str(file),
        }
        program = Program("gateway", environment, file.parent / "log")
        with _in_place_of(world, program):
            await eventually(lambda: _answers(world), within=60, what="the process' start")
            assert (await world.ask("GET", "/v1/fresh")).code == "gateway.no_such_route"
            table(file, FRESH)
            program.signal(signal.SIGHUP)

            async def fresh() -> bool:
                return (await world.ask("GET", "/v1/fresh")).status == 200

            await eventually(fresh, what="the new row")
            table(file, "1 / 0")
            program.signal(signal.SIGHUP)

            async def refused() -> bool:
                return (await reloads(world))["refused"] == 1

            await eventually(refused, what="the refusal")
            assert (await world.ask("GET", "/v1/fresh")).status == 200


@asynccontextmanager
async def _load(world: World) -> AsyncIterator[list[int]]:
    """Four callers that never stop while the block runs; the statuses they were answered with."""
    token = world.identity.sign_in()
    statuses: list[int] = []
    enough = asyncio.Event()

    async def ask_again_and_again() -> None:
        while not enough.is_set():
            statuses.append((await world.ask("GET", "/v1/orders", token=token)).status)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(ask_again_and_again())
        try:
            yield statuses
        finally:
            enough.set()


async def _answers(world: World) -> bool:
    try:
        return (await world.ask("GET", "/healthz")).status == 200
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


@contextlib.contextmanager
def _in_place_of(world: World, program: Program) -> Iterator[None]:
    """The world's callers speak to a gateway in a process of its own."""
    program.start()
    world.port = program.port
    try:
        yield
    finally:
        program.stop()

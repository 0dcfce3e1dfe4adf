"""A gibibyte each way through a gateway process, whose memory must not notice. Scenario 15."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from gateway.testing import OK
from gateway.testing.fakes import READY
from gateway.testing.process import Process, process

GIB = 2**30
PIECE = bytes(2**20)
GROWTH_ALLOWED = 10 * 1024
"""Kilobytes."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to know another process' peak of memory")


TABLE = """
from gateway.routing import Public, Row

OPEN = Public("a test of bodies")
ROWS = (
    Row("POST", "/v1/up", "events", OPEN, body_limit=2**31, timeout=60),
    Row("GET", "/v1/down", "events", OPEN, timeout=60),
)
"""


@asynccontextmanager
async def gateway_before(service: str, folder: Path) -> AsyncIterator[Process]:
    """A gateway that finds the service at this address."""
    (folder / "routes.py").write_text(TABLE)
    async with process(
        folder / "log", upstreams={"events": [service]}, LANYARD_ROUTES_FILE=str(folder / "routes.py")
    ) as world:
        yield world


def head_of(connection: socket.socket) -> bytes:
    """Read a head, byte by byte, so that nothing of a body is taken."""
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        seen += connection.recv(1) or b"\r\n\r\n"
    return seen


def take(connection: socket.socket, total: int) -> int:
    """Read and throw away; how many bytes came."""
    room, taken = bytearray(2**20), 0
    while taken < total and (count := connection.recv_into(room)):
        taken += count
    return taken


def give(connection: socket.socket, total: int) -> None:
    for _ in range(total // len(PIECE)):
        connection.sendall(PIECE)


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A service on threads of its own, and where it listens; what is asked beside bodies gets an empty answer."""
    door = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            while b" /v1/" not in (head := head_of(connection)) and b"HTTP" in head:
                connection.sendall(READY)
            if b" /v1/" in head:
                answer(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                Thread(target=serve, args=(door.accept()[0],), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


def peak(world: Process) -> int:
    """Kilobytes."""
    status = Path(f"/proc/{world.running.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def forget_peak(world: Process) -> None:
    Path(f"/proc/{world.running.pid}/clear_refs").write_text("5")


@pytest.mark.parametrize("framing", ["a length", "chunks"])
async def test_a_gibibyte_goes_up_and_memory_stays(tmp_path: Path, framing: str) -> None:
    taken = 0

    def answer(connection: socket.socket) -> None:
        nonlocal taken
        taken = take(connection, GIB)
        connection.sendall(OK)

    def send(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port)) as client:
            field = b"content-length: %d" % GIB if framing == "a length" else b"transfer-encoding: chunked"
            client.sendall(b"POST /v1/up HTTP/1.1\r\nhost: a\r\n" + field + b"\r\n\r\n")
            if framing == "a length":
                give(client, GIB)
            else:
                for _ in range(GIB // len(PIECE)):
                    client.sendall(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
                client.sendall(b"0\r\n\r\n")
            return client.recv(100)

    with serving(answer) as url:
        async with gateway_before(url, tmp_path) as world:
            forget_peak(world)
            before = peak(world)
            answered = await asyncio.to_thread(send, world.port)
            grown = peak(world) - before
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert taken >= GIB
    assert grown < GROWTH_ALLOWED, f"grew by {grown} kB"


async def test_a_gibibyte_comes_down_and_memory_stays(tmp_path: Path) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % GIB)
        give(connection, GIB)

    def fetch(port: int) -> int:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /v1/down HTTP/1.1\r\nhost: a\r\n\r\n")
            head_of(client)
            return take(client, GIB)

    with serving(answer) as url:
        async with gateway_before(url, tmp_path) as world:
            forget_peak(world)
            before = peak(world)
            taken = await asyncio.to_thread(fetch, world.port)
            grown = peak(world) - before
    assert taken == GIB
    assert grown < GROWTH_ALLOWED, f"grew by {grown} kB"

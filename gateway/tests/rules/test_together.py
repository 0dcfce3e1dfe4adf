"""What connections have to send goes out together, in order, and before any orderly end."""

import asyncio
from typing import cast

from gateway.app import State
from gateway.edge.connection import Connection
from gateway.edge.server import Edge
from gateway.exchange import Exchange
from gateway.together import Outlet, Together


class Recorder(asyncio.Transport):
    """A transport that keeps what is done to it, in a list it may share with others."""

    def __init__(self, name: str, done: list[tuple[str, object]]) -> None:
        super().__init__()
        self._name = name
        self._done = done
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._done.append((self._name, bytes(data)))
        if bytes(data) == b"break":
            raise OSError("broken")

    def write_eof(self) -> None:
        self._done.append((self._name, "eof"))

    def close(self) -> None:
        self._closing = True
        self._done.append((self._name, "close"))

    def abort(self) -> None:
        self._closing = True
        self._done.append((self._name, "abort"))

    def is_closing(self) -> bool:
        return self._closing


class Bench:
    """Some outlets that send together."""

    def __init__(self) -> None:
        self.done: list[tuple[str, object]] = []
        self.together = Together()
        self.loop = asyncio.get_running_loop()

    def outlet(self, name: str) -> Outlet:
        return Outlet(Recorder(name, self.done), self.together, self.loop)

    async def turn(self) -> None:
        """What was put off in this turn of the loop is done in the next."""
        turned = self.loop.create_future()
        self.loop.call_soon(turned.set_result, None)
        await turned


async def test_what_several_write_goes_out_in_one_turn_one_right_behind_the_other() -> None:
    bench = Bench()
    one, other = bench.outlet("one"), bench.outlet("other")
    one.write(b"a")
    other.write(b"b")
    one.write(b"c")
    assert bench.done == []
    await bench.turn()
    assert bench.done == [("one", b"ac"), ("other", b"b")]
    other.write(b"d")
    await bench.turn()
    assert bench.done[2:] == [("other", b"d")]


async def test_each_turn_costs_one_call_however_many_write() -> None:
    bench = Bench()
    asked: list[object] = []

    class Counting:
        def call_soon(self, callback: object, *_: object) -> None:
            asked.append(callback)

    loop = cast(asyncio.AbstractEventLoop, Counting())
    for number in range(5):
        Outlet(Recorder(str(number), bench.done), bench.together, loop).write(b"x")
    assert len(asked) == 1


async def test_an_orderly_end_comes_behind_what_was_written() -> None:
    bench = Bench()
    closed, ended = bench.outlet("closed"), bench.outlet("ended")
    closed.write(b"last words")
    closed.close()
    ended.write(b"a refusal")
    ended.write_eof()
    await bench.turn()
    assert bench.done == [("closed", b"last words"), ("closed", "close"), ("ended", b"a refusal"), ("ended", "eof")]


async def test_of_a_connection_that_is_cut_nothing_more_is_sent() -> None:
    bench = Bench()
    cut, other = bench.outlet("cut"), bench.outlet("other")
    cut.write(b"half an answer")
    other.write(b"whole")
    cut.abort()
    await bench.turn()
    assert bench.done == [("cut", "abort"), ("other", b"whole")]


async def test_nothing_is_written_to_a_connection_that_closed_meanwhile() -> None:
    bench = Bench()
    transport = Recorder("gone", bench.done)
    outlet = Outlet(transport, bench.together, bench.loop)
    outlet.write(b"too late")
    transport.close()
    await bench.turn()
    assert bench.done == [("gone", "close")]
    assert outlet.closing


async def test_one_that_breaks_does_not_keep_the_others_from_sending() -> None:
    bench = Bench()
    bench.loop.set_exception_handler(lambda _loop, context: bench.done.append(("loop", str(context["exception"]))))
    bench.outlet("one").write(b"break")
    bench.outlet("other").write(b"sent")
    await bench.turn()
    await bench.turn()
    assert bench.done == [("one", b"break"), ("loop", "broken"), ("other", b"sent")]


async def test_what_was_answered_goes_out_although_the_client_ends_its_side_in_the_same_turn() -> None:
    bench = Bench()

    async def application(_: Exchange) -> None:
        """Nobody asks."""

    connection = Connection(Edge(application, bench.loop, State()))
    connection.connection_made(Recorder("client", bench.done))
    connection.write(b"an answer")
    connection.eof_received()
    assert bench.done == [("client", b"an answer")]

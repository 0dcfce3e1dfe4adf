"""Rows whose answers are kept, what a service says to them, and callers who wait for it."""

import asyncio
import re

from common.testing.waiting import eventually
from gateway.routes import EVENTS, PUBLIC
from gateway.routing import Cache, Row
from gateway.testing.wire import Answer, Heard
from gateway.testing.world import World

KEPT = Cache(fresh=10, stale=20, away=300)
LIST = Row("GET", "/v1/events", EVENTS, PUBLIC("published ones", knows_caller=True), cache=KEPT)
OPEN = Row("GET", "/v1/open", EVENTS, PUBLIC("a token is not looked at"), cache=KEPT)
VARIED = Row("GET", "/v1/varied", EVENTS, PUBLIC("by language"), cache=Cache(10, varies=(b"accept-language",)))
HASTY = Row("GET", "/v1/hasty", EVENTS, PUBLIC("with a short timeout"), timeout=0.2, cache=KEPT)
PROMPT = Row("GET", "/v1/prompt", EVENTS, PUBLIC("never stale"), cache=Cache(fresh=10, away=60))
ROWS = (LIST, OPEN, VARIED, HASTY, PROMPT)


def answer(body: bytes = b"{}", *lines: str, status: str = "200 OK") -> bytes:
    """A whole answer; `lines` are further fields."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


def numbered(world: World, *lines: str, status: str = "200 OK") -> None:
    """Answer each request with its number."""
    world["events"].reply = lambda _: answer(b"%d" % len(world["events"].heard), *lines, status=status)


def told(answer: Answer) -> tuple[bytes, str, list[str]]:
    """What a caller got, where it came from, and its age."""
    return answer.body, answer.one("cache-status"), answer.all("age")


async def waiting(world: World, callers: int) -> None:
    """Until so many requests are under way, the one that asks not counted."""

    async def asked() -> bool:
        text = (await world.ask("GET", "/metrics")).body.decode()
        found = re.search(r"^lanyard_gateway_requests_under_way ([0-9.]+)$", text, re.MULTILINE)
        assert found is not None
        return float(found[1]) == callers + 1

    await eventually(asked, what=f"{callers} callers who wait")


class Held:
    """Answers that are kept back until they are let go."""

    def __init__(self, world: World, *answers: bytes) -> None:
        self._answers = list(answers)
        self.released = asyncio.Event()
        world["events"].reply = self.reply

    async def reply(self, _: Heard) -> bytes:
        """The next answer, or the last one again, once let go."""
        await self.released.wait()
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

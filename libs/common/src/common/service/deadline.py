"""A request's work ends when nobody waits for its answer any more: the gateway says how long that is."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.problems import problem_response
from common.refusals import Refusal

HEADER = b"x-lanyard-deadline-ms"
"""Milliseconds that are left until the answer must begin. The gateway lets no client set it."""
_DIGITS = 8


class DeadlinePassed(Refusal):
    """The time granted for this request has passed. What was not finished by then has been undone."""

    status = 504
    code = "common.deadline_passed"


class Deadline:
    """ASGI middleware: cancels what is late, and so rolls its transaction back. An answer that has begun may go on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, for as long as it may take."""
        seconds = _granted(scope)
        if seconds is None:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(seconds) as limit:
                await self._app(scope, receive, _lifting(limit, send))
        except TimeoutError:
            if not limit.expired():
                raise  # somebody else's time was up, which is a fault like any other
            await problem_response(DeadlinePassed())(scope, receive, send)


def _lifting(limit: asyncio.Timeout, send: Send) -> Send:
    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start" and not limit.expired():
            limit.reschedule(None)
        await send(message)

    return send_on


def _granted(scope: Scope) -> float | None:
    if scope["type"] != "http":
        return None
    for name, value in scope["headers"]:
        if name == HEADER:
            return int(value) / 1000 if value.isdigit() and len(value) <= _DIGITS else None
    return None

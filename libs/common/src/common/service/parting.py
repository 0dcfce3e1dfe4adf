"""A service that is about to end says so with every answer, so that the gateway brings the next request elsewhere."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Parting:
    """ASGI middleware: `Connection: close` on every answer, once the service is stopping."""

    def __init__(self, app: ASGIApp, stopping: Callable[[], bool]) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and self._stopping():
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_on)

"""Whatever is answered below `/o/`, the address of a secret page, is kept by no cache, found by no search engine, and tells no
other site where its reader came from: the page itself, its receipt, and every refusal, also those that no route of ours gives."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BELOW: Final = "/o/"
HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_ENCODED: Final = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}


class SecretLinks:
    """ASGI middleware around the whole service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(BELOW):
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [pair for pair in message.get("headers", ()) if pair[0].lower() not in _ENCODED]
                message["headers"] = [*others, *_ENCODED.items()]
            await send(message)

        await self._app(scope, receive, send_on)

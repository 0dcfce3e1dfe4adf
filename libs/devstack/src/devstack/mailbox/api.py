"""The page and the JSON API of the mail catcher. Caught HTML is hostile: it is shown in a frame without scripts, origin or network."""

import json
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from devstack.mailbox.mail import Mail, Part
from devstack.mailbox.search import matcher
from devstack.mailbox.shapes import Summary, whole
from devstack.mailbox.store import MailStore

_PAGES = files("devstack.mailbox") / "pages"
_ASSETS = {"mailbox.css": "text/css", "mailbox.js": "text/javascript", "mailbox.svg": "image/svg+xml"}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; font-src data:; "
    "img-src data: 'self' http://127.0.0.1:* http://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PLAIN = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


class MailboxRoutes:
    """The routes over one store."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Everything the process answers."""
        message = "/api/v1/message/{identity}"
        return [
            Route("/", self.page),
            Route("/assets/{name}", self.asset),
            Route("/view/{identity}.html", self.html_view),
            Route("/livez", self.alive),
            Route("/readyz", self.alive),
            Route("/api/v1/messages", self.list_messages, methods=["GET"]),
            Route("/api/v1/messages", self.delete_messages, methods=["DELETE"]),
            Route("/api/v1/search", self.search, methods=["GET"]),
            Route("/api/v1/search", self.delete_found, methods=["DELETE"]),
            Route(message, self.message),
            Route(f"{message}/headers", self.headers),
            Route(f"{message}/raw", self.raw),
            Route(f"{message}/part/{{part}}", self.part),
        ]

    async def page(self, request: Request) -> Response:
        """The one page."""
        return HTMLResponse(
            (_PAGES / "index.html").read_bytes(), headers={**_PLAIN, "Content-Security-Policy": _PAGE_POLICY}
        )

    async def asset(self, request: Request) -> Response:
        """Style, script and icon of the page."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise HTTPException(404)
        return Response((_PAGES / name).read_bytes(), media_type=_ASSETS[name], headers=_PLAIN)

    async def alive(self, request: Request) -> Response:
        """Ready as soon as it answers: there is nothing it waits for."""
        return JSONResponse({"status": "ok"})

    async def list_messages(self, request: Request) -> Response:
        """Newest first, `start` and `limit` (50)."""
        return self._listing(request, self._store.newest_first())

    async def search(self, request: Request) -> Response:
        """As the list, of the messages that match `query`."""
        return self._listing(request, self._found(request))

    async def delete_messages(self, request: Request) -> Response:
        """The messages named in `{"IDs": […]}`, or all without a body."""
        body = await request.body()
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            raise HTTPException(400, "not JSON") from None
        chosen = given.get("IDs") if isinstance(given, dict) else None
        self._store.remove(chosen or [mail["ID"] for mail in self._store.newest_first()])
        return Response("ok", media_type="text/plain")

    async def delete_found(self, request: Request) -> Response:
        """Every message that matches `query`."""
        self._store.remove([mail["ID"] for mail in self._found(request)])
        return Response("ok", media_type="text/plain")

    async def message(self, request: Request) -> Response:
        """One whole message; `latest` is the newest."""
        return JSONResponse(whole(self._mail(request)), headers=_PLAIN)

    async def headers(self, request: Request) -> Response:
        """Its headers."""
        return JSONResponse(self._mail(request).headers, headers=_PLAIN)

    async def raw(self, request: Request) -> Response:
        """Its bytes as caught."""
        return Response(self._mail(request).raw, media_type="text/plain", headers=_PLAIN)

    async def part(self, request: Request) -> Response:
        """One attachment: images are shown, the rest is downloaded."""
        wanted = request.path_params["part"]
        for part in self._mail(request).parts:
            if part.identity == wanted:
                return _attachment(part)
        raise HTTPException(404)

    async def html_view(self, request: Request) -> Response:
        """The HTML of a message with links that open outside the frame and its own images in place."""
        mail = self._mail(request)
        html = mail.html
        for part in mail.parts:
            if part.content_id:
                html = html.replace(f"cid:{part.content_id}", f"/api/v1/message/{mail.identity}/part/{part.identity}")
        policy = {"Content-Security-Policy": _MAIL_POLICY}
        return HTMLResponse(f'<!doctype html><base target="_blank">{html}', headers={**_PLAIN, **policy})

    def _found(self, request: Request) -> list[Summary]:
        matches = matcher(request.query_params.get("query", ""))
        return [mail for mail in self._store.newest_first() if matches(mail)]

    def _mail(self, request: Request) -> Mail:
        mail = self._store.find(request.path_params["identity"])
        if mail is None:
            raise HTTPException(404, "no such message")
        return mail

    def _listing(self, request: Request, found: list[Summary]) -> Response:
        start, limit = _number(request, "start", 0), _number(request, "limit", 50)
        page = found[start : start + limit]
        total = len(self._store.newest_first())
        counts = {"total": total, "count": len(page), "messages_count": len(found), "unread": total, "start": start}
        return JSONResponse({**counts, "tags": [], "messages": page}, headers=_PLAIN)


def make_app(store: MailStore, names: list[str]) -> Starlette:
    """The application; it answers requests for these host names only."""
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)
    return Starlette(routes=MailboxRoutes(store).routes(), middleware=[guard])


def _attachment(part: Part) -> Response:
    shown = part.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}
    headers = {**_PLAIN, "Content-Security-Policy": "default-src 'none'; sandbox"}
    headers["Content-Disposition"] = "inline" if shown else "attachment"
    return Response(
        part.content, media_type=part.content_type if shown else "application/octet-stream", headers=headers
    )


def _number(request: Request, name: str, default: int) -> int:
    word = request.query_params.get(name, "")
    if not word:
        return default
    if not word.isdecimal():
        raise HTTPException(400, f"{name} is a whole number from 0")
    return int(word)

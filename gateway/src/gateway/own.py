"""The gateway's own addresses: health, status, metrics, the documents and their page, and the shared stylesheet and script."""

import hmac
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files

from gateway.cache import Whole, tell
from gateway.documents import Documents
from gateway.errors import MethodNotAllowed, NotSignedIn
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.health import Health
from gateway.metrics import Metrics
from gateway.status import Status
from gateway.target import decoded_path

_JSON = b"application/json"


class Own:
    """Answers what no service is asked for."""

    def __init__(
        self,
        health: Health,
        status: Status,
        documents: Documents,
        metrics: Metrics,
        ready: Callable[[], dict[str, bool]],
        details: Callable[[], dict[str, str]],
        metrics_token: str,
    ) -> None:
        """
        Args:
            ready: what the gateway needs to be of use, each named.
            details: how the rest of it is; the gateway is of use whatever they say.
            metrics_token: the bearer `/metrics` asks for; empty leaves it open, as in the devstack.
        """
        self._services = health
        self._documents = documents
        self._metrics = metrics
        self._ready = ready
        self._details = details
        self._metrics_token = metrics_token
        self._assets = {
            "/assets/lanyard.css": _asset("lanyard.css", b"text/css; charset=utf-8"),
            "/assets/lanyard.js": _asset("lanyard.js", b"text/javascript; charset=utf-8"),
        }
        self._answers: dict[str, Callable[[Exchange], Awaitable[None]]] = {
            "/health": self._health,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/status": status.page,
            "/status.json": status.tell,
            "/metrics": self._tell_metrics,
            "/openapi.json": self._openapi,
            "/asyncapi.json": self._asyncapi,
            "/docs": self._docs,
        }

    def has(self, path: str) -> bool:
        """Whether the path is one of them."""
        return path in self._answers or path in self._assets

    def demand(self, method: str) -> None:
        """Raises MethodNotAllowed: all of them are only read."""
        if method not in ("GET", "HEAD"):
            raise MethodNotAllowed(method=method, allow="GET, HEAD")

    async def answer(self, exchange: Exchange, raw_path: str) -> None:
        """Answer a request to one of them, whose method `demand` has found fit.

        Args:
            raw_path: as the client wrote it; `/he%61lth` is `/health`, as it is to `has`.
        """
        path = decoded_path(raw_path.encode())
        if path in self._assets:
            await tell(exchange, self._assets[path])
        else:
            await self._answers[path](exchange)

    async def _health(self, exchange: Exchange) -> None:
        seen, needs = await self._services.look(), self._ready()
        status = 200 if seen.status == "ready" and all(needs.values()) else 503
        services = {name: health.told() for name, health in seen.services.items()}
        body = json.dumps({"status": seen.status, "services": services, "gateway": needs})
        await _tell(exchange, status, body.encode(), _JSON)

    async def _healthz(self, exchange: Exchange) -> None:
        await _tell(exchange, 200, b'{"status":"alive"}', _JSON)

    async def _readyz(self, exchange: Exchange) -> None:
        needs = self._ready()
        ready = all(needs.values())
        told = {"service": "gateway", "status": "ready" if ready else "unready", "dependencies": needs}
        body = json.dumps(told | {"details": self._details()})
        await _tell(exchange, 200 if ready else 503, body.encode(), _JSON)

    async def _tell_metrics(self, exchange: Exchange) -> None:
        if self._metrics_token:
            given = exchange.inbound.authorization
            if len(given) != 1 or not hmac.compare_digest(given[0], b"Bearer " + self._metrics_token.encode()):
                raise NotSignedIn()
        await _tell(exchange, 200, self._metrics.text(), self._metrics.content_type.encode())

    async def _openapi(self, exchange: Exchange) -> None:
        await tell(exchange, await self._documents.openapi())

    async def _asyncapi(self, exchange: Exchange) -> None:
        await tell(exchange, await self._documents.asyncapi())

    async def _docs(self, exchange: Exchange) -> None:
        await tell(exchange, await self._documents.page())


async def _tell(exchange: Exchange, status: int, body: bytes, kind: bytes) -> None:
    headers: list[Header] = [(b"content-type", kind), (b"cache-control", b"no-store")]
    await exchange.answer(status, headers, body)


def _asset(name: str, kind: bytes) -> Whole:
    body = files("gateway").joinpath("assets", name).read_bytes()
    return Whole(200, [(b"content-type", kind), (b"cache-control", b"public, max-age=300")], body)

"""The gateway's own addresses: health, metrics, the API document and its page, and the shared stylesheet and script."""

import hmac
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files

from gateway.documents import Documents
from gateway.errors import MethodNotAllowed, NotSignedIn
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.health import health_of
from gateway.metrics import Metrics
from gateway.upstream import Pool

_JSON = b"application/json"
_PAGE = b"text/html; charset=utf-8"
_NEVER_STORED = b"no-store"
_FOR_A_WHILE = b"public, max-age=300"


class Own:
    """Answers what no service is asked for."""

    def __init__(
        self,
        pools: dict[str, Pool],
        documents: Documents,
        metrics: Metrics,
        ready: Callable[[], dict[str, bool]],
        metrics_token: str,
    ) -> None:
        """
        Args:
            ready: what the gateway needs to be of use, each named.
            metrics_token: the bearer `/metrics` asks for; empty leaves it open, as in the devstack.
        """
        self._pools = pools
        self._documents = documents
        self._metrics = metrics
        self._ready = ready
        self._metrics_token = metrics_token
        self._assets = {
            "/assets/lanyard.css": (_asset("lanyard.css"), b"text/css; charset=utf-8"),
            "/assets/lanyard.js": (_asset("lanyard.js"), b"text/javascript; charset=utf-8"),
        }
        self._answers: dict[str, Callable[[Exchange], Awaitable[None]]] = {
            "/health": self._health,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._tell_metrics,
            "/openapi.json": self._openapi,
            "/docs": self._docs,
        }

    def has(self, path: str) -> bool:
        """Whether the path is one of them."""
        return path in self._answers or path in self._assets

    async def answer(self, exchange: Exchange, path: str) -> None:
        """Answer a request to one of them."""
        if exchange.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(method=exchange.method, allow="GET, HEAD")
        if path in self._assets:
            body, kind = self._assets[path]
            await _tell(exchange, 200, body, kind, _FOR_A_WHILE)
        else:
            await self._answers[path](exchange)

    async def _health(self, exchange: Exchange) -> None:
        health = await health_of(self._pools)
        status = 200 if health["status"] == "ready" and all(self._ready().values()) else 503
        await _tell(exchange, status, json.dumps(health | {"gateway": self._ready()}).encode(), _JSON)

    async def _healthz(self, exchange: Exchange) -> None:
        await _tell(exchange, 200, b'{"status":"alive"}', _JSON)

    async def _readyz(self, exchange: Exchange) -> None:
        needs = self._ready()
        ready = all(needs.values())
        body = json.dumps({"service": "gateway", "status": "ready" if ready else "unready", "dependencies": needs})
        await _tell(exchange, 200 if ready else 503, body.encode(), _JSON)

    async def _tell_metrics(self, exchange: Exchange) -> None:
        if self._metrics_token:
            given = exchange.inbound.authorization
            if len(given) != 1 or not hmac.compare_digest(given[0], b"Bearer " + self._metrics_token.encode()):
                raise NotSignedIn()
        await _tell(exchange, 200, self._metrics.text(), self._metrics.content_type.encode())

    async def _openapi(self, exchange: Exchange) -> None:
        await _tell(exchange, 200, await self._documents.openapi(), _JSON, b"public, max-age=30")

    async def _docs(self, exchange: Exchange) -> None:
        await _tell(exchange, 200, await self._documents.page(), _PAGE, b"public, max-age=30")


async def _tell(exchange: Exchange, status: int, body: bytes, kind: bytes, cache: bytes = _NEVER_STORED) -> None:
    headers: list[Header] = [(b"content-type", kind), (b"cache-control", cache)]
    await exchange.answer(status, headers, body)


def _asset(name: str) -> bytes:
    return files("gateway").joinpath("assets", name).read_bytes()

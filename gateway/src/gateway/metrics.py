"""What `/metrics` tells of the gateway: requests and their duration by route, refusals by code, what is under way."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one gateway process."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "lanyard_gateway_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "lanyard_gateway_request_seconds",
            "From the end of the headers to the end of the answer",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._refusals = Counter("lanyard_gateway_refusals", "Refused by the gateway", ["code"], registry=self.registry)
        self.under_way = Gauge(
            "lanyard_gateway_requests_under_way", "Requests not yet answered", registry=self.registry
        )
        self.leased = Gauge(
            "lanyard_gateway_lease_held", "1 while the sign-in cache may be believed", registry=self.registry
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def record(self, method: str, route: str, status: int, seconds: float, code: str | None) -> None:
        """Count one request."""
        key = (method, route, status)
        known = self._known.get(key)
        if known is None:
            counter = self._requests.labels(method, route, str(status))
            known = self._known[key] = (counter, self._seconds.labels(method, route))
        known[0].inc()
        known[1].observe(seconds)
        if code is not None:
            self._refusals.labels(code).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

"""What `/metrics` tells of the gateway: requests and their duration by route, refusals by code, what is under way.

Counted in plain integers and turned into metrics when somebody asks: the library's own counters take a lock each time,
which for three of them costs more than finding the route.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Tally:
    """Requests of one method, route and status: how many fell into each bucket, and how long they took together."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BUCKETS) + 1)
        self.seconds = 0.0


class Metrics(Collector):
    """The counters of one gateway process."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.under_way = 0
        self._tallies: dict[tuple[str, str, int], _Tally] = {}
        self._refusals: dict[str, int] = {}
        self.leased = Gauge(
            "lanyard_gateway_lease_held", "1 while the sign-in cache may be believed", registry=self.registry
        )
        self.keys_age = Gauge(
            "lanyard_gateway_keys_age_seconds", "Since identity last told its public keys", registry=self.registry
        )
        self.registry.register(self)

    def record(self, method: str, route: str, status: int, seconds: float, code: str | None) -> None:
        """Count one request."""
        key = (method, route, status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.buckets[bisect_left(_BUCKETS, seconds)] += 1
        tally.seconds += seconds
        if code is not None:
            self._refusals[code] = self._refusals.get(code, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """prometheus_client: everything counted so far."""
        requests = CounterMetricFamily(
            "lanyard_gateway_requests", "Requests answered", labels=["method", "route", "status"]
        )
        for (method, route, status), tally in self._tallies.items():
            requests.add_metric([method, route, str(status)], sum(tally.buckets))
        yield requests
        yield self._durations()
        refusals = CounterMetricFamily("lanyard_gateway_refusals", "Refused by the gateway", labels=["code"])
        for code, count in self._refusals.items():
            refusals.add_metric([code], count)
        yield refusals
        yield GaugeMetricFamily("lanyard_gateway_requests_under_way", "Requests not yet answered", self.under_way)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "lanyard_gateway_request_seconds",
            "From the end of the headers to the end of the answer",
            labels=["method", "route"],
        )
        together: dict[tuple[str, str], _Tally] = {}
        for (method, route, _), tally in self._tallies.items():
            whole = together.setdefault((method, route), _Tally())
            whole.seconds += tally.seconds
            whole.buckets = [one + other for one, other in zip(whole.buckets, tally.buckets, strict=True)]
        for labels, tally in together.items():
            family.add_metric(list(labels), _cumulative(tally.buckets), sum_value=tally.seconds)
        return family


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    seen = 0
    told = []
    for bound, count in zip((*_BUCKETS, float("inf")), buckets, strict=True):
        seen += count
        told.append(("+Inf" if bound == float("inf") else str(bound), float(seen)))
    return told

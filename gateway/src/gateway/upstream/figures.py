"""What `/metrics` tells of the services as the gateway sees them. Replicas go by their number in the settings, from 1."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.upstream.pool import Pool

_PREFIX = "lanyard_gateway_upstream_"


class Figures(Collector):
    """Reads what the pools count, when somebody asks."""

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self._pools = pools

    def collect(self) -> Iterator[Metric]:
        """prometheus_client: the figures of this moment."""
        yield from self._of_services()
        yield from self._of_retries()
        yield from self._of_replicas()

    def _of_services(self) -> Iterator[Metric]:
        is_open = GaugeMetricFamily(_PREFIX + "breaker_open", "1 while a service is taken for away", labels=["service"])
        waiting = GaugeMetricFamily(_PREFIX + "waiting", "Requests waiting for a place", labels=["service"])
        refused = CounterMetricFamily(_PREFIX + "turned_away", "Refused: no place became free", labels=["service"])
        for service, pool in self._pools.items():
            is_open.add_metric([service], float(pool.breaker.open_until is not None))
            waiting.add_metric([service], pool.places.waiting)
            refused.add_metric([service], pool.turned_away)
        yield from (is_open, waiting, refused)

    def _of_retries(self) -> Iterator[Metric]:
        asked = CounterMetricFamily(_PREFIX + "requests", "Requests sent on", labels=["service"])
        retries = CounterMetricFamily(_PREFIX + "retries", "Sent again", labels=["service", "cause"])
        not_retried = CounterMetricFamily(
            _PREFIX + "no_retry", "Failed and not sent again, by what forbade it", labels=["service", "cause"]
        )
        hedges = CounterMetricFamily(_PREFIX + "hedges", "Second replicas asked", labels=["service"])
        won = CounterMetricFamily(_PREFIX + "hedges_won", "Second replicas that were first", labels=["service"])
        for service, pool in self._pools.items():
            asked.add_metric([service], pool.budget.asked)
            for cause, count in pool.again.sent.items():
                retries.add_metric([service, cause.value], count)
            for word, count in pool.again.not_sent.items():
                not_retried.add_metric([service, word], count)
            hedges.add_metric([service], pool.hedging.sent)
            won.add_metric([service], pool.hedging.won)
        yield from (asked, retries, not_retried, hedges, won)

    def _of_replicas(self) -> Iterator[Metric]:
        labels = ["service", "replica"]
        under_way = GaugeMetricFamily(_PREFIX + "under_way", "Requests not yet answered", labels=labels)
        aside = GaugeMetricFamily(_PREFIX + "put_aside", "1 while a replica is not asked", labels=labels)
        times = CounterMetricFamily(_PREFIX + "ejections", "How often a replica was put aside", labels=labels)
        for service, pool in self._pools.items():
            for number, replica in enumerate(pool.replicas.all, 1):
                where = [service, str(number)]
                under_way.add_metric(where, replica.under_way)
                aside.add_metric(where, float(replica.standing.aside_until is not None))
                times.add_metric(where, replica.put_aside)
        yield from (under_way, aside, times)

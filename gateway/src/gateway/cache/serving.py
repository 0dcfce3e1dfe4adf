"""Serves public reads from memory: one request to the service for many callers, and answers while it is away.

An answer is a function of its key: of a request only path, query and the fields its row varies by go on to the service,
so nobody can plant an answer for others. It is fetched by a task of its own, which no caller's leaving ends.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Metered

from common.refusals import Refusal
from gateway.cache.asking import Asked, asked_by
from gateway.cache.fetching import Fetched, TooLong
from gateway.cache.policy import lifetime_of, may_share
from gateway.cache.store import Entry, Key, Store
from gateway.cache.whole import Whole, tell
from gateway.errors import DeadlinePassed
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.routing import Public, Row
from gateway.tracing import RequestTrace, Tracing

PATIENCE = 1.0
"""Seconds a caller waits for a fetch when an answer for the worst case is at hand."""
AGAIN_AFTER = 1.0
"""Seconds between attempts to fetch anew, while they fail."""
PASSED_SECONDS = 2.0
"""How long an address whose answers may not be shared is passed on without asking for a shared one first."""
MOST_PASSED = 10_000
_HIT, _AWAY = "hit", "fwd=stale; detail=away"
"""What `Cache-Status` says of a kept answer."""

Forward = Callable[[Exchange, Row, str], Awaitable[None]]
"""What passes a request on to its service, and the answer back."""


class Fetch(Protocol):
    """Gets a whole answer, as `Collector.fetch`."""

    async def __call__(self, row: Row, target: bytes, fields: list[Header], trace: RequestTrace) -> Fetched:
        """Ask."""
        ...


@dataclass(frozen=True, slots=True)
class _Got:
    """How a fetch ended."""

    whole: Whole | None = None
    """None: it failed, or the answer was too long."""
    refusal: Refusal | None = None
    shared: bool = False
    stored: bool = False

    @property
    def failed(self) -> bool:
        """Whether the service is away or failing."""
        return self.refusal is not None or (self.whole is not None and self.whole.status >= 500)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A fetch under way."""

    task: asyncio.Task[_Got]
    began: float


class PublicCache(Metered):
    """The cache of one gateway process."""

    def __init__(
        self,
        fetch: Fetch,
        forward: Forward,
        tracing: Tracing,
        monotonic: Callable[[], float],
        store: Store | None = None,
    ) -> None:
        """
        Args:
            forward: for what cannot be shared.
            monotonic: seconds of a clock that never goes back.
        """
        self._fetch = fetch
        self._forward = forward
        self._tracing = tracing
        self._monotonic = monotonic
        self.store = store or Store()
        self._flights: dict[Key, _Flight] = {}
        self._passed: dict[Key, float] = {}
        self._told: Counter[str] = Counter()

    async def serve(self, exchange: Exchange, row: Row, client: str) -> None:
        """Answer a request that `may_be_shared`, from memory where that will do. It may raise what any other may."""
        asked = asked_by(exchange, row)
        now = self._monotonic()
        entry = self.store.get(asked.key, now)
        if entry is None:
            if self._passed.get(asked.key, now) > now:
                await self._forward(exchange, row, client)
                return
        elif entry.age(now) < entry.lifetime.fresh + entry.lifetime.stale:
            if entry.age(now) >= entry.lifetime.fresh and now >= entry.again_at and asked.key not in self._flights:
                self._renew(asked)
            await self._tell_kept(exchange, entry, _HIT)
            return
        elif now < entry.again_at:
            await self._tell_kept(exchange, entry, _AWAY)
            return
        await self._tell_new(exchange, asked, client, entry)

    def collect(self) -> Iterator[Metric]:
        """prometheus_client: how requests were answered, and what is kept."""
        answers = CounterMetricFamily(
            "lanyard_gateway_cache_answers", "Public answers, by where they came from", labels=["how"]
        )
        for how, count in sorted(self._told.items()):
            answers.add_metric([how], count)
        yield answers
        yield GaugeMetricFamily("lanyard_gateway_cache_bytes", "What the kept answers take", self.store.taken)

    async def close(self) -> None:
        """End what is under way, when the process ends."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell_new(self, exchange: Exchange, asked: Asked, client: str, entry: Entry | None) -> None:
        """Fetch, alone or with others."""
        got, mine = await self._once(asked, exchange.trace, None if entry is None else PATIENCE)
        if got.failed and entry is not None:
            entry.again_at = self._monotonic() + AGAIN_AFTER
            await self._tell_kept(exchange, entry, _AWAY)
            return
        if got.failed and not mine:
            got, mine = await self._once(asked, exchange.trace, None)
        if got.refusal is not None:
            raise got.refusal
        if got.whole is None or not (mine or got.shared):
            await self._forward(exchange, asked.row, client)
            return
        self._told["fetched" if mine else "fetched for another"] += 1
        how = "collapsed" if not mine else "stored" if got.stored else f"fwd-status={got.whole.status}"
        why = "stale" if entry is not None else "uri-miss"
        await self._tell(exchange, got.whole, [(b"cache-status", f"lanyard; fwd={why}; {how}".encode())])

    async def _once(self, asked: Asked, trace: RequestTrace, seconds: float | None) -> tuple[_Got, bool]:
        """How one fetch ended, and whether it was begun for this caller; at most `seconds` are waited for it."""
        flight, mine = self._join(asked, trace)
        done, _ = await asyncio.wait((flight.task,), timeout=seconds)
        return (flight.task.result() if done else _Got(refusal=DeadlinePassed(service=asked.row.service))), mine

    async def _tell_kept(self, exchange: Exchange, entry: Entry, how: str) -> None:
        self._told["kept while the service is away" if how is _AWAY else "kept"] += 1
        age = int(entry.age(self._monotonic()))
        status = f"lanyard; {how}; ttl={entry.lifetime.fresh - age}"
        await self._tell(exchange, entry.whole, [(b"age", b"%d" % age), (b"cache-status", status.encode())])

    async def _tell(self, exchange: Exchange, whole: Whole, extra: list[Header]) -> None:
        assert exchange.row is not None
        who = exchange.row.who
        if isinstance(who, Public) and who.knows_caller:
            extra.append((b"vary", b"authorization"))  # a browser must not show its signed-in user what it kept before
        await tell(exchange, whole, extra)

    def _renew(self, asked: Asked) -> None:
        """Fetch what nobody waits for, so under a trace of its own."""
        trace = self._tracing.begin("GET", asked.row.path, None)

        def end(done: asyncio.Task[_Got]) -> None:
            got = None if done.cancelled() or done.exception() else done.result()
            trace.end(503 if got is None or got.whole is None else got.whole.status)

        self._fly(asked, trace).task.add_done_callback(end)

    def _join(self, asked: Asked, trace: RequestTrace) -> tuple[_Flight, bool]:
        """A fetch to wait for, and whether it was begun for this caller."""
        flight = self._flights.get(asked.key)
        # One begun long ago may miss what the caller has just seen change, by more than the row allows.
        if flight is not None and self._monotonic() - flight.began < asked.cache.fresh + asked.cache.stale:
            return flight, False
        return self._fly(asked, trace), True

    def _fly(self, asked: Asked, trace: RequestTrace) -> _Flight:
        began = self._monotonic()
        task = asyncio.create_task(self._get(asked, trace, began))
        flight = self._flights[asked.key] = _Flight(task, began)

        def landed(done: asyncio.Task[_Got]) -> None:
            if self._flights.get(asked.key) is flight:
                del self._flights[asked.key]
            if not done.cancelled():
                done.exception()  # whoever waited has it; nobody may be left to

        task.add_done_callback(landed)
        return flight

    async def _get(self, asked: Asked, trace: RequestTrace, began: float) -> _Got:
        try:
            fetched = await self._fetch(asked.row, asked.target, asked.fields, trace)
        except Refusal as refusal:
            self._failed(asked.key)
            return _Got(refusal=refusal)
        except TooLong:
            self._pass(asked.key)
            return _Got()
        whole = Whole(fetched.status, fetched.headers, fetched.body)
        if whole.status >= 500:
            self._failed(asked.key)
            return _Got(whole, shared=may_share(asked.cache, fetched.headers))
        lifetime = lifetime_of(asked.cache, fetched.status, fetched.headers)
        if lifetime is not None:
            return _Got(whole, shared=True, stored=self.store.put(asked.key, whole, lifetime, began))
        shared = may_share(asked.cache, fetched.headers)
        if not shared:
            self._pass(asked.key)
        return _Got(whole, shared=shared)

    def _failed(self, key: Key) -> None:
        now = self._monotonic()
        entry = self.store.get(key, now)
        if entry is not None:
            entry.again_at = now + AGAIN_AFTER

    def _pass(self, key: Key) -> None:
        if len(self._passed) >= MOST_PASSED:
            self._passed.clear()
        self._passed[key] = self._monotonic() + PASSED_SECONDS

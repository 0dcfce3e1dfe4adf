"""Every policy of a request at once: it passes all of them and counts for each, or it counts for none.

The fields are those of draft-ietf-httpapi-ratelimit-headers-10 (structured fields, RFC 9651); its revision 11 keeps them.

The windows are fixed and begin with a key's first request, because that is what the fields can say truly: `r` requests may
follow at once, and the whole quota is back in `t` seconds. A leaky bucket (GCRA) has no such moment, and a sliding window
costs a count per sub-window, in the store as well. What a fixed window lets through at worst, twice the quota around its
end, the numbers of the classes allow for.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Protocol

from gateway.limits.addresses import LOOPBACK
from gateway.limits.classes import CLASSES, NETWORK, RateClass
from gateway.limits.verdicts import Header, Refused, Verdict
from gateway.limits.windows import END, LEFT, MOST, Table, Tables

Classes = tuple[RateClass, ...]


class Store(Protocol):
    """Where several gateways count together."""

    @property
    def up(self) -> bool:
        """Whether it answers."""
        ...

    async def take(self, keys: list[str], numbers: list[int]) -> list[int] | None:
        """Count one request for all keys, or for none of them.

        Args:
            keys: of the windows.
            numbers: requests and milliseconds of each.

        Returns:
            1 or 0 for passed or refused, then what is left and for how many milliseconds, of each; None when the store
            does not answer.
        """
        ...


class _Plan:
    """The policies that a kind of request is counted by, with everything about them that can be made ready."""

    __slots__ = ("numbers", "policy", "shape", "steps", "tables")

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tuple(tables)
        self.steps = tuple((each.windows.get, each.per_network) for each in tables)
        told = b", ".join(b'"%b";q=%d;w=%d' % (each.name.encode(), each.requests, each.seconds) for each in tables)
        self.policy: Header = (b"ratelimit-policy", told)
        self.shape = b", ".join(b'"%b";r=%%d;t=%%d' % each.name.encode() for each in tables)
        self.numbers = [number for each in tables for number in (each.requests, each.seconds * 1000)]

    def keys(self, principal: str | None, network: str) -> list[str]:
        """Whose windows a request is counted in; a class for principals counts networks where there is none."""
        return [network if each.per_network or principal is None else principal for each in self.tables]


class Limits:
    """The limits of one gateway process, counted in memory or, with a store, together with other processes."""

    def __init__(
        self,
        overrides: Mapping[str, tuple[int, int]] | None = None,
        *,
        exempt_loopback: bool = False,
        store: Store | None = None,
        most: int = MOST,
    ) -> None:
        """
        Args:
            overrides: class name → (requests, seconds), for deployments that need other numbers.
            exempt_loopback: leave this machine's own address out of what is counted per network (the devstack).
            most: windows remembered at once.

        Raises:
            ValueError: an override is for no class, or no window.
        """
        overrides = overrides or {}
        unknown = set(overrides) - {each.name for each in CLASSES}
        if unknown:
            raise ValueError(f"no such rate class: {', '.join(sorted(unknown))}")
        for name, (requests, seconds) in overrides.items():
            if requests < 0 or seconds < 1:
                raise ValueError(f"no rate: {name}, {requests} requests in {seconds} s")
        self.store = store
        self.counted_here = 0
        """Requests counted in memory because the store did not answer."""
        self._exempt_loopback = exempt_loopback
        self._tables = Tables(overrides, most)
        self._ceiling = self._tables.of(NETWORK)
        self._plans: dict[Classes, _Plan] = {}
        self._plans_at_home: dict[Classes, _Plan] = {}

    def __len__(self) -> int:
        return len(self._tables)

    @property
    def counted_in(self) -> str:
        """Where requests are counted now: `memory`, `shared store`, or `memory, shared store away`."""
        if self.store is None:
            return "memory"
        return "shared store" if self.store.up else "memory, shared store away"

    def closed(self, network: str, now: float) -> Verdict | None:
        """The refusal of a network that has used up what all its requests together may be; nothing is counted.

        Asked before anything is done for a request, so that a flood costs no look-up and no question to the store.
        """
        if not self._ceiling.full(network, now):
            return None
        return self._refuse(self._plan((NETWORK,), network), None, network, now)

    def check(self, classes: Classes, principal: str | None, network: str, now: float) -> Verdict | None:
        """Count one request in memory; None when nothing limits it.

        Args:
            classes: the policies it falls under.
            principal: who asks (a user, device or key id), or None.
            network: what `network_of` says of the client's address.
            now: seconds of a clock that never goes back.
        """
        plan = self._plans.get(classes) if network != LOOPBACK else None
        if plan is None:
            plan = self._plan(classes, network)
        who = network if principal is None else principal
        counted = []
        for window_of, per_network in plan.steps:
            window = window_of(network if per_network else who)
            if window is None or window[LEFT] <= 0 or window[END] <= now:
                return self._check_anew(plan, principal, network, now)
            counted.append(window)
        told: list[float] = []
        for window in counted:
            window[LEFT] -= 1
            told += (window[LEFT], ceil(window[END] - now))
        return Verdict((plan.policy, (b"ratelimit", plan.shape % tuple(told)))) if told else None

    def _check_anew(self, plan: _Plan, principal: str | None, network: str, now: float) -> Verdict | None:
        """The same for a request that may be refused, or opens windows."""
        keys = plan.keys(principal, network)
        left = [table.left(key, now) for table, key in zip(plan.tables, keys, strict=True)]
        if min(left) <= 0:
            return self._refuse(plan, principal, network, now)
        told = []
        for table, key in zip(plan.tables, keys, strict=True):
            window = table.opened(key, now)
            window[LEFT] -= 1
            told.append((window[LEFT], window[END] - now))
        return _passed(plan, told)

    async def ask(self, classes: Classes, principal: str | None, network: str, now: float) -> Verdict | None:
        """Count one request in the store, or in memory while there is none to answer. Otherwise as `check`."""
        plan = self._plan(classes, network)
        keys = plan.keys(principal, network)
        if self.store is None or not keys:
            return self.check(classes, principal, network, now)
        if any(table.full(key, now) for table, key in zip(plan.tables, keys, strict=True)):
            return self._refuse(plan, principal, network, now, partly=True)
        names = [f"{table.name}:{key}" for table, key in zip(plan.tables, keys, strict=True)]
        answer = await self.store.take(names, plan.numbers)
        if answer is None:
            self.counted_here += 1
            return self.check(classes, principal, network, now)
        told = [(left, milliseconds / 1000) for left, milliseconds in zip(answer[1::2], answer[2::2], strict=True)]
        if answer[0]:
            return _passed(plan, told)
        for table, key, (left, seconds) in zip(plan.tables, keys, told, strict=True):
            if left <= 0:
                table.close(key, now + seconds, now)
        return _refused(plan.policy, list(zip(plan.tables, told, strict=True)))

    def _plan(self, classes: Classes, network: str) -> _Plan:
        at_home = self._exempt_loopback and network == LOOPBACK
        plans = self._plans_at_home if at_home else self._plans
        plan = plans.get(classes)
        if plan is None:
            tables = [self._tables.of(each) for each in classes if not (at_home and each.per_network)]
            plan = plans[classes] = _Plan(tables)
        return plan

    def _refuse(self, plan: _Plan, principal: str | None, network: str, now: float, *, partly: bool = False) -> Verdict:
        """Tell of all policies, or (`partly`) of those alone that are known here to refuse."""
        told = []
        for table, key in zip(plan.tables, plan.keys(principal, network), strict=True):
            window = table.live(key, now) or [now + table.seconds, table.requests]
            if not partly or window[LEFT] <= 0:
                told.append((table, (window[LEFT], window[END] - now)))
        return _refused(plan.policy, told)


def _passed(plan: _Plan, told: Sequence[tuple[float, float]]) -> Verdict:
    values = tuple(value for left, seconds in told for value in (left, ceil(seconds)))
    return Verdict((plan.policy, (b"ratelimit", plan.shape % values)))


def _refused(policy: Header, told: Sequence[tuple[Table, tuple[float, float]]]) -> Verdict:
    violated = [(table, ceil(seconds)) for table, (left, seconds) in told if left <= 0]
    limit = b", ".join(
        b'"%b";r=%d;t=%d' % (table.name.encode(), left, ceil(seconds)) for table, (left, seconds) in told
    )
    return Refused(
        (policy, (b"ratelimit", limit)),
        [table.name for table, _ in violated],
        max(seconds for _, seconds in violated),
        abnormal=any(table.velocity for table, _ in violated),
    )

"""How a revocation bites on the very next request at every gateway replica. Both halves of the protocol are here.

- A replica serves sign-ins from its cache only under a lease of one second, which it renews at identity over HTTP
  (`POST /internal/session-feed/lease`). Each renewal also brings every drop since the position the replica names.
- Identity writes a drop in the transaction of the revocation. After the commit and before it answers its caller it
  sends the drop to all replicas over core NATS and waits until each replica that held a lease at that moment has
  answered, or that lease has run out: a later renewal carries the drop anyway. So NATS makes it fast, and is not needed.
- The replica counts its lease from before it asked, identity's database from after it was asked: the replica's ends first.
  One clock, the database's, says when leases end, so several identity processes whose clocks differ agree.
- A look-up begun before a drop is never stored.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from common.bus import BrokerAway, Bus
from common.principal import Principal
from common.topology import DROP_SUBJECT

LEASE = timedelta(seconds=1)
RENEW_EVERY = timedelta(milliseconds=300)
EVERYONE = "*"
"""The key that drops every entry."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class LeaseRequest(_Wire):
    """A replica asks for its next second."""

    replica: str
    position: int


class Drop(_Wire):
    """Entries to forget: a sign-in id, a user's, device's or key's id, or `*`."""

    position: int
    key: str


class LeaseAnswer(_Wire):
    """Granted until `lease_ms` after the replica asked, provided it applies `drops` first."""

    lease_ms: int
    position: int
    drops: list[Drop]


class LookupRequest(_Wire):
    """Whose sign-in (or device, or API key) the gateway wants to know."""

    sign_in_id: str


class LookupAnswer(_Wire):
    """A sign-in that is alive, with everything the internal token says; `reason` alone when it is not."""

    active: bool
    reason: str | None = None
    kind: str = "user"
    subject: str | None = None
    sign_in_id: str | None = None
    authenticated_at: datetime | None = None
    email: str | None = None
    name: str | None = None
    authorization_version: int = 0
    platform_roles: list[str] = []
    organization_roles: dict[str, str] = {}
    workspace_roles: dict[str, str] = {}


@dataclass
class _Entry:
    principal: Principal
    keys: frozenset[str]


class SignInCache:
    """A replica's half: what it may serve without asking identity. Not thread-safe; one event loop owns it."""

    def __init__(self, replica: str, monotonic: Callable[[], float], capacity: int = 50_000) -> None:
        self.replica = replica
        self.position = 0
        self._monotonic = monotonic
        self._capacity = capacity
        self._lease_until = 0.0
        self._entries: dict[str, _Entry] = {}
        self._by_key: dict[str, set[str]] = {}
        self._drops = 0
        self._dropped_at: dict[str, int] = {}

    @property
    def leased(self) -> bool:
        """Whether the cache may be believed at this moment."""
        return self._monotonic() < self._lease_until

    def get(self, sign_in_id: str) -> Principal | None:
        """The principal of a sign-in, or None when it must be looked up."""
        if self._monotonic() >= self._lease_until:
            return None
        entry = self._entries.get(sign_in_id)
        return entry.principal if entry else None

    def begin_look_up(self) -> int:
        """A marker to hand to `store` with the answer."""
        return self._drops

    def store(self, sign_in_id: str, principal: Principal, marker: int) -> bool:
        """Keep a look-up's answer, unless something it rests on was dropped since the marker, or no lease holds."""
        keys = frozenset(key for key in (sign_in_id, principal.subject) if key)
        if not self.leased or self.dropped_since(marker, *keys):
            return False
        if len(self._entries) >= self._capacity:
            self._forget_everything()
        self._entries[sign_in_id] = _Entry(principal, keys)
        for key in keys:
            self._by_key.setdefault(key, set()).add(sign_in_id)
        return True

    def dropped_since(self, marker: int, *keys: str) -> bool:
        """Whether any of `keys` was dropped after the marker was taken, so that an answer resting on it is void."""
        return max(self._dropped_at.get(key, 0) for key in (*keys, EVERYONE)) > marker

    def drop(self, key: str) -> None:
        """Forget everything that rests on `key`, also what is being looked up right now."""
        self._drops += 1
        if len(self._dropped_at) > self._capacity:
            self._dropped_at = {EVERYONE: self._drops}
        self._dropped_at[key] = self._drops
        if key == EVERYONE:
            self._forget_everything()
            return
        for sign_in_id in self._by_key.pop(key, set()):
            for other in self._entries.pop(sign_in_id).keys - {key}:
                self._by_key[other].discard(sign_in_id)
                if not self._by_key[other]:
                    del self._by_key[other]

    def renewed(self, asked_at: float, answer: LeaseAnswer) -> None:
        """Apply an answer to a renewal that was asked at monotonic time `asked_at`."""
        if not self.leased:
            self.drop(EVERYONE)
        for drop in answer.drops:
            self.drop(drop.key)
        self.position = max(self.position, answer.position)
        self._lease_until = max(self._lease_until, asked_at + answer.lease_ms / 1000)

    def on_notice(self, payload: bytes) -> bytes:
        """Apply a drop that came over NATS; the result is the answer identity waits for."""
        for key in json.loads(payload)["keys"]:
            self.drop(key)
        return json.dumps({"replica": self.replica}).encode()

    def _forget_everything(self) -> None:
        self._entries.clear()
        self._by_key.clear()


async def announce(bus: Bus | None, keys: Iterable[str], leases: Mapping[str, timedelta]) -> None:
    """Identity's half, after the commit: tell all replicas to drop `keys` and wait until none can serve them any more.

    Args:
        leases: replica → how long its lease still holds, read after the revocation committed and just now.
    """
    waiting = {replica: left for replica, left in leases.items() if left > timedelta(0)}
    longest = max(waiting.values(), default=timedelta(0))
    ends_at = asyncio.get_running_loop().time() + longest.total_seconds()
    everyone_answered = asyncio.Event()
    stop: Callable[[], Awaitable[None]] | None = None

    def on_answer(data: bytes) -> None:
        waiting.pop(json.loads(data).get("replica"), None)
        if not waiting:
            everyone_answered.set()

    if not waiting:
        return
    if bus is not None and bus.connected:
        with contextlib.suppress(BrokerAway):
            stop = await bus.ask_everyone(DROP_SUBJECT, json.dumps({"keys": list(keys)}).encode(), on_answer)
    try:
        async with asyncio.timeout_at(ends_at):
            await everyone_answered.wait()
    except TimeoutError:
        return
    finally:
        if stop is not None:
            with contextlib.suppress(BrokerAway):
                await stop()

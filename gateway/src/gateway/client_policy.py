"""The client policy at the door: an app that is too old is told so with the way to its store, on every route but those
marked `any_app`.

An app says what it is in `X-App-Platform` (`ios`, `android`, `web`), `X-App-Version` (`2.3.1`) and `X-App-Build`. Who says
nothing passes, and so does a version nobody can read: this gate keeps old apps from breaking, it keeps nobody out. Who may
do what is the door's business.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal, NamedTuple

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, ValidationError

from common.app_versions import Standing, standing, version_of
from common.bus import Delivery
from common.clock import Clock
from common.messages import ClientPolicyChanged
from common.principal import SYSTEM
from common.telemetry import logger
from common.topology import Feed
from gateway.auth import InternalTokens
from gateway.errors import AppTooOld
from gateway.exchange import Exchange
from gateway.headers import Header, Inbound
from gateway.routing import Row
from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import call

ASK_SECONDS = 2.0
RETRY_SECONDS = 1.0
"""Between two questions to releases while it has never answered."""
REMEMBERED = 1_000
"""Answers kept for (platform, version, build), which clients write as they like."""
LONGEST = 40
"""Of what an app says of itself; what is longer is nothing anyone could read."""

_FIELDS = (b"x-app-platform", b"x-app-version", b"x-app-build")
_NAMES = frozenset(_FIELDS)
_OUTSIDE_A_LINK = {ord("<"): "%3C", ord(">"): "%3E", ord('"'): "%22"}

POLICY_FEED = Feed(ClientPolicyChanged.publisher.upper(), (ClientPolicyChanged.subject,))
"""Where each replica hears of a change at once; what it missed it fetches."""

log = logger("gateway.client_policy")


class App(NamedTuple):
    """What an app says of itself. What it says twice or at length counts as unsaid."""

    platform: str | None
    version: str | None
    build: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What one app is told."""

    policy: ClientPolicyChanged
    standing: Standing
    readable: bool


class ClientPolicies:
    """What each platform's apps are asked for, as far as this replica has heard: by message, and by asking releases.

    Kept while releases is away. A newer policy replaces an older one whatever the order in which they arrive.
    """

    def __init__(self, releases: Pool, tokens: InternalTokens) -> None:
        self._releases = releases
        self._tokens = tokens
        self._by_platform: dict[str, ClientPolicyChanged] = {}
        self._told: dict[App, Told] = {}
        self._tag: bytes | None = None
        self.asks_anything = False
        """Whether any platform has a policy."""
        self.heard = False
        """Whether releases has ever been heard: until then a missing policy means that nobody knows."""

    def begins(self, position: int, waiting: int) -> None:
        """`Follower`: what is told from here on. What was told before is fetched."""

    def hears(self, delivery: Delivery) -> None:
        """`Follower`: a policy was changed; nobody waits for the next fetch."""
        try:
            self.on_changed(ClientPolicyChanged.parse(delivery.body))
        except ValueError as fault:
            log.error("a client policy could not be read", fault=type(fault).__name__)

    def on_changed(self, message: ClientPolicyChanged) -> None:
        """Take a policy in, unless the one held is as new."""
        held = self._by_platform.get(message.platform)
        if held is not None and held.sequence >= message.sequence:
            return
        versions = (message.minimum, message.latest, *message.blocked)
        if any(version is not None and version_of(version) is None for version in versions):
            log.error("a client policy that cannot be compared was left out", platform=message.platform)
            return
        self._by_platform[message.platform] = message
        self.asks_anything = True
        self._told.clear()

    def tell(self, app: App) -> Told | None:
        """What an app is told; None where its platform has no policy."""
        told = self._told.get(app)
        if told is not None:
            return told
        policy = self._by_platform.get(app.platform or "")
        if policy is None:
            return None
        readable = app.version is not None and version_of(app.version) is not None
        told = Told(policy, standing(policy, app.version, app.build), readable)
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[app] = told
        return told

    async def keep_fresh(self, every: float) -> None:
        """Ask releases for ever, each `every` seconds, more often until it has answered once."""
        while True:
            await self.ask()
            await asyncio.sleep(every if self.heard else min(every, RETRY_SECONDS))

    async def ask(self) -> None:
        """Ask releases once. What is held stays when it does not answer."""
        lines = [self._tokens.header_for(SYSTEM, self._releases.service)]
        if self._tag is not None:
            lines.append(b"if-none-match: " + self._tag)
        try:
            answer = await call(self._releases, "GET", "/internal/client-policies", b"", ASK_SECONDS, *lines)
            if answer.status == 200:
                for message in _Policies.model_validate_json(answer.body, extra="ignore").items:
                    self.on_changed(message)
                self._tag = dict(answer.headers).get(b"etag")
            self.heard |= answer.status == 200
        except (Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime, ValidationError) as reason:
            log.debug("releases did not tell the client policies", reason=type(reason).__name__)


class ClientGate(Collector):
    """Refuses apps that are too old, and warns those that soon will be."""

    def __init__(self, policies: ClientPolicies, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock
        self._counts: dict[tuple[str, str], int] = {}

    def check(self, exchange: Exchange, row: Row) -> None:
        """Let an app pass, with `Deprecation`, `Sunset` and `Link` on its answer while its last days run.

        Raises:
            AppTooOld: below the minimum and past the policy's deadline, or blocked.
        """
        if not exchange.inbound.app or row.any_app or not self._policies.asks_anything:
            return
        app = app_of(exchange.inbound)
        told = None if app is None else self._policies.tell(app)
        if told is None:
            return
        outcome = self._outcome(told)
        key = (told.policy.platform, outcome)
        self._counts[key] = self._counts.get(key, 0) + 1
        if outcome == "warned":
            exchange.headers += _warning(told.policy, row)
        elif outcome == "refused":
            raise _too_old(told)

    def collect(self) -> Iterator[Metric]:
        """prometheus_client: requests of apps whose platform has a policy, by what became of them at this gate."""
        family = CounterMetricFamily(
            "lanyard_gateway_apps", "Requests of apps, by what the client policy says", labels=["platform", "outcome"]
        )
        for (platform, outcome), count in self._counts.items():
            family.add_metric([platform, outcome], count)
        yield family

    def _outcome(self, told: Told) -> Literal["passed", "unreadable", "warned", "refused"]:
        if told.standing == "blocked":
            return "refused"
        if told.standing == "required":
            deadline = told.policy.deadline_at
            return "warned" if deadline is not None and self._clock.now() < deadline else "refused"
        return "passed" if told.readable else "unreadable"


def app_of(inbound: Inbound) -> App | None:
    """The app that asks; None when no field says so."""
    said: dict[bytes, str | None] = {}
    for name, value in inbound.fields:
        if name in _NAMES:
            said[name] = None if name in said or len(value) > LONGEST else value.decode("latin-1").strip()
    if not said:
        return None
    platform, version, build = (said.get(name) for name in _FIELDS)
    return App(platform and platform.lower(), version, build)


class _Policies(BaseModel):
    """The answer of releases."""

    items: list[ClientPolicyChanged]


def _warning(policy: ClientPolicyChanged, row: Row) -> tuple[Header, ...]:
    """RFC 9745 and RFC 8594: since when the app is too old, until when it is served, and where people read on.

    A route that is on its way out itself has told its own dates, of which there can be one only.
    """
    deadline: datetime | None = policy.deadline_at
    assert deadline is not None, "only a deadline gives time"
    links = [f'</v1/client-policy?platform={policy.platform}>; rel="sunset"; type="application/json"']
    if policy.store_url is not None:
        links.insert(0, f'<{policy.store_url.translate(_OUTSIDE_A_LINK)}>; rel="deprecation"')
    link = (b"link", ", ".join(links).encode("ascii", "replace"))
    if row.deprecated is not None:
        return (link,)
    return (
        (b"deprecation", b"@%d" % int(policy.changed_at.timestamp())),
        (b"sunset", format_datetime(deadline.astimezone(UTC), usegmt=True).encode()),
        link,
    )


def _too_old(told: Told) -> AppTooOld:
    policy = told.policy
    return AppTooOld(
        platform=policy.platform,
        standing=told.standing,
        minimum=policy.minimum,
        latest=policy.latest,
        upgrade_url=policy.store_url,
        message=policy.message,
    )

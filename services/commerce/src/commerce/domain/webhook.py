"""An organiser's own system that hears of orders: what it is told, when that is tried again, and when we stop.

The schedule is the one the Standard Webhooks recommend (github.com/standard-webhooks, "Retries and failures").
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from common.ids import MessageId, OrganizationId, WebhookEndpointId

Type = Literal["order.placed", "order.paid", "order.expired", "order.cancelled", "order.refunded"]
TEST: Final = "webhook.test"
DisabledReason = Literal["turned_off", "gone", "failing"]
State = Literal["waiting", "delivered", "given_up"]

MOST_ENDPOINTS = 10
"""Of one organisation."""
SECRET_BYTES = 32
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
KEPT = timedelta(days=30)
DISABLED_AFTER = timedelta(days=5)
GONE = 410
_RETRY_AFTER: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS: Final = len(_RETRY_AFTER) + 1
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=5)
_LAST_DOUBLING: Final = 6


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an organiser's system listens. No types means every type; no `disabled_reason` means it is told.

    `failures` counts attempts since the last one that was taken; `failing_since` is when the first of them was.
    """

    id: WebhookEndpointId
    organization_id: OrganizationId
    url: str
    types: tuple[str, ...]
    sealed_secret: bytes
    sealed_old_secret: bytes | None
    old_secret_until: datetime | None
    disabled_reason: DisabledReason | None
    next_number: int
    failures: int
    failing_since: datetime | None
    made_at: datetime
    version: int

    def wants(self, kind: str) -> bool:
        """Whether it asked to hear of this type."""
        return not self.types or kind in self.types

    def old_one_that_signs(self, now: datetime) -> bytes | None:
        """The secret before this one, sealed, while receivers change over: it signs along."""
        if self.old_secret_until is None or now >= self.old_secret_until:
            return None
        return self.sealed_old_secret


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to be told to one endpoint, under its number there."""

    endpoint_id: WebhookEndpointId
    number: int
    message_id: MessageId
    type: str
    body: str
    made_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_answer: str | None
    delivered_at: datetime | None

    @property
    def state(self) -> State:
        """Whether it arrived, is still to arrive, or was tried for the last time."""
        if self.delivered_at is not None:
            return "delivered"
        return "waiting" if self.next_attempt_at is not None else "given_up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: the status of the answer, or in a word why there is none."""

    status: int | None
    word: str

    @property
    def taken(self) -> bool:
        """Only 2xx is; a redirect is not followed, and so is none."""
        return self.status is not None and 200 <= self.status < 300


def rotated(endpoint: Endpoint, sealed_secret: bytes, now: datetime) -> Endpoint:
    """With a new secret; the one it replaces signs along for a day."""
    until = now + OLD_SECRET_SIGNS_FOR
    old = endpoint.sealed_secret
    return replace(endpoint, sealed_secret=sealed_secret, sealed_old_secret=old, old_secret_until=until)


def turned_on(endpoint: Endpoint) -> Endpoint:
    """Told again, with nothing held against it."""
    return replace(endpoint, disabled_reason=None, failures=0, failing_since=None)


def tried(delivery: Delivery, outcome: Outcome, now: datetime, draw: int) -> Delivery:
    """After an attempt. Until it is taken it is tried ten times within about three days.

    `draw`, from 0 to 255, lengthens the wait by up to a tenth, so that many that failed together do not come together.
    """
    attempts = delivery.attempts + 1
    told = replace(delivery, attempts=attempts, last_attempt_at=now, last_answer=outcome.word)
    if outcome.taken:
        return replace(told, delivered_at=now, next_attempt_at=None)
    if attempts >= ATTEMPTS:
        return replace(told, next_attempt_at=None)
    wait = _RETRY_AFTER[attempts - 1]
    return replace(told, next_attempt_at=now + wait + wait * draw // 2560)


def judged(endpoint: Endpoint, outcomes: tuple[Outcome, ...], now: datetime) -> Endpoint:
    """After a turn of attempts: sound, failing, or told no more, because it is gone or took nothing for five days."""
    if any(outcome.status == GONE for outcome in outcomes):
        return replace(endpoint, disabled_reason="gone")
    if any(outcome.taken for outcome in outcomes):
        return replace(endpoint, failures=0, failing_since=None)
    since = endpoint.failing_since or now
    reason: DisabledReason | None = "failing" if now - since >= DISABLED_AFTER else endpoint.disabled_reason
    return replace(endpoint, failures=endpoint.failures + 1, failing_since=since, disabled_reason=reason)


def pause(endpoint: Endpoint) -> timedelta:
    """How long a failing endpoint is left alone, whatever waits for it: its silence costs us connections."""
    if endpoint.failures == 0:
        return timedelta(0)
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(endpoint.failures - 1, _LAST_DOUBLING)))

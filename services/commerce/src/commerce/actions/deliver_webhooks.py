"""Carries what is queued to organisers' systems: each is spoken to on its own, so that one that is slow or dead holds up
nobody else."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from yarl import URL

from commerce.domain.webhook import Delivery, Endpoint, Outcome, judged, pause, tried
from commerce.formats.standard_webhooks import headers
from commerce.formats.webhook_secrets import WebhookSecrets
from commerce.store import webhook_deliveries, webhook_endpoints
from common.db import Database, Transaction
from common.messages import WebhookEndpointDisabled
from common.outgoing import NoAnswer, Outgoing
from common.refusals import Refusal
from common.sealing import NotSealedHere
from common.telemetry import logger

log = logger("outgoing webhooks")

ENDPOINTS_AT_ONCE = 24
CALLS_AT_ONCE = 4
"""To one endpoint that answers. Both together stay below the hundred connections of one client."""
DEADLINE = 15.0
_LAST_SECONDS = 10.0


class WebhookDelivery:
    """Turns to every endpoint for which something waits. Enter it; on the way out turns under way are finished."""

    def __init__(
        self, database: Database, outgoing: Outgoing, secrets: WebhookSecrets, count: Callable[[str], None]
    ) -> None:
        """`count` is told of each attempt: `delivered`, `retry`, or `given_up`."""
        self._database = database
        self._outgoing = outgoing
        self._secrets = secrets
        self._count = count
        self._turns: set[asyncio.Task[None]] = set()
        self.when_free: Callable[[], None] = lambda: None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._turns:
            await asyncio.wait(self._turns, timeout=_LAST_SECONDS)
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    async def deliver(self) -> int:
        """Begin a turn with every endpoint that is due, as far as there is room; how many. Waits for none of them."""
        room = ENDPOINTS_AT_ONCE - len(self._turns)
        if room <= 0:
            return 0
        async with self._database.transaction() as tx:
            due = await webhook_endpoints.take_due_endpoints(tx, room)
        for endpoint in due:
            turn = asyncio.create_task(self._turn(endpoint))
            self._turns.add(turn)
            turn.add_done_callback(self._ended)
        return len(due)

    def _ended(self, turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        self.when_free()

    async def _turn(self, endpoint: Endpoint) -> None:
        """Tell an endpoint what is due: one thing while it fails, a few at once while it answers."""
        try:
            signing = self._open(endpoint)
            if signing is None:
                # Nothing is held against it, as its system does not know of our keys. It is turned to again after its lease.
                return
            async with self._database.transaction() as tx:
                limit = 1 if endpoint.failures else CALLS_AT_ONCE
                due = await webhook_deliveries.due_deliveries(tx, endpoint.id, limit)
            outcomes = await asyncio.gather(*(self._call(endpoint, signing, delivery) for delivery in due))
            async with self._database.transaction() as tx:
                await self._record(tx, endpoint, tuple(zip(due, outcomes, strict=True)))
        except Exception as error:  # noqa: BLE001 - its lease ends, and it is turned to again
            log.warning("a turn was interrupted", endpoint=endpoint.id, error=repr(error))

    def _open(self, endpoint: Endpoint) -> list[bytes] | None:
        """The secrets that sign now, the newest first; None where that one opens with no key of ours."""
        try:
            signing = [self._secrets.open(endpoint.id, endpoint.sealed_secret)]
        except NotSealedHere:
            log.error("ALARM: a webhook's secret cannot be opened; what is to be told waits", endpoint=endpoint.id)
            return None
        old = endpoint.old_one_that_signs(self._database.clock.now())
        if old is not None:
            try:
                signing.append(self._secrets.open(endpoint.id, old))
            except NotSealedHere:
                log.error("ALARM: a webhook's old secret cannot be opened and signs no more", endpoint=endpoint.id)
        return signing

    async def _call(self, endpoint: Endpoint, signing: list[bytes], delivery: Delivery) -> Outcome:
        now = self._database.clock.now()
        body = delivery.body.encode()
        signed = headers(delivery.message_id, body, signing, now)
        try:
            answer = await self._outgoing.request("POST", endpoint.url, headers=signed, body=body, status_only=True)
        except NoAnswer:
            return Outcome(None, "no answer in time")
        except Refusal as refusal:
            return Outcome(None, refusal.code.rpartition(".")[2].replace("_", " "))
        return Outcome(answer.status, str(answer.status))

    async def _record(self, tx: Transaction, taken: Endpoint, came: tuple[tuple[Delivery, Outcome], ...]) -> None:
        endpoint = await webhook_endpoints.lock_endpoint(tx, taken.id)
        if endpoint is None:
            return
        for delivery, outcome in came:
            after = tried(delivery, outcome, tx.now, tx.entropy.bytes(1)[0])
            await webhook_deliveries.save_attempt(tx, delivery, after)
            self._count({"delivered": "delivered", "waiting": "retry", "given_up": "given_up"}[after.state])
        if came:
            endpoint = await _judge(tx, endpoint, tuple(outcome for _, outcome in came))
        due = await webhook_deliveries.next_attempt(tx, endpoint.id)
        await webhook_endpoints.schedule(tx, endpoint.id, due, tx.now + pause(endpoint))


async def _judge(tx: Transaction, before: Endpoint, outcomes: tuple[Outcome, ...]) -> Endpoint:
    endpoint = judged(before, outcomes, tx.now)
    reason = endpoint.disabled_reason
    if before.disabled_reason is None and (reason == "gone" or reason == "failing"):
        host = URL(endpoint.url).host or ""
        tx.publish(
            WebhookEndpointDisabled(
                sequence=endpoint.version,
                webhook_endpoint_id=endpoint.id,
                organization_id=endpoint.organization_id,
                host=host,
                reason=reason,
            )
        )
        log.warning("an organiser's webhook is told no more", endpoint=endpoint.id, reason=reason)
    await webhook_endpoints.save_endpoint(tx, endpoint)
    return endpoint

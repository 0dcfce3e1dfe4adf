"""What an organiser does with the webhooks of their own systems."""

from dataclasses import replace

from commerce.actions.tell_endpoint import News, tell_endpoint
from commerce.domain.webhook import MOST_ENDPOINTS, TEST, Delivery, Endpoint, rotated, turned_on
from commerce.errors import TooManyWebhooks, UnknownWebhook, WebhookTurnedOff, WebhookUrlRefused
from commerce.formats.webhook_secrets import WebhookSecrets
from commerce.store import webhook_deliveries, webhook_endpoints
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import MessageId, OrganizationId, WebhookEndpointId
from common.outgoing import DestinationRefused, Outgoing
from common.principal import Principal

WRITE = Capability.COMMERCE_WEBHOOK_WRITE


async def make_webhook(
    tx: Transaction,
    outgoing: Outgoing,
    secrets: WebhookSecrets,
    principal: Principal,
    organization_id: OrganizationId,
    url: str,
    types: tuple[str, ...],
) -> tuple[Endpoint, bytes]:
    """Have a system told of every order of an organisation from now on, signed with the secret beside it.

    Raises WebhookUrlRefused, TooManyWebhooks.
    """
    _require_may(principal, organization_id)
    _require_callable(outgoing, url)
    await webhook_endpoints.lock_organization(tx, organization_id)
    if len(await webhook_endpoints.endpoints_of(tx, organization_id)) >= MOST_ENDPOINTS:
        raise TooManyWebhooks(limit=MOST_ENDPOINTS)
    endpoint_id = tx.new_id(WebhookEndpointId)
    secret, sealed = secrets.new(endpoint_id, tx.entropy)
    endpoint = Endpoint(
        id=endpoint_id,
        organization_id=organization_id,
        url=url,
        types=types,
        sealed_secret=sealed,
        sealed_old_secret=None,
        old_secret_until=None,
        disabled_reason=None,
        next_number=1,
        failures=0,
        failing_since=None,
        made_at=tx.now,
        version=1,
    )
    await webhook_endpoints.add_endpoint(tx, endpoint)
    return endpoint, secret


async def list_webhooks(tx: Transaction, principal: Principal, organization_id: OrganizationId) -> list[Endpoint]:
    """The webhooks of an organisation."""
    _require_may(principal, organization_id)
    return await webhook_endpoints.endpoints_of(tx, organization_id)


async def read_webhook(tx: Transaction, principal: Principal, endpoint_id: WebhookEndpointId) -> Endpoint:
    """One webhook. Raises UnknownWebhook."""
    return _theirs(principal, await webhook_endpoints.find_endpoint(tx, endpoint_id))


async def change_webhook(
    tx: Transaction,
    outgoing: Outgoing,
    principal: Principal,
    endpoint_id: WebhookEndpointId,
    *,
    url: str | None,
    types: tuple[str, ...] | None,
    enabled: bool | None,
) -> Endpoint:
    """Change where it listens and what for, or turn it off or on; None leaves it. On again, what waited is told."""
    endpoint = await _locked(tx, principal, endpoint_id)
    if url is not None:
        _require_callable(outgoing, url)
        endpoint = replace(endpoint, url=url)
    if types is not None:
        endpoint = replace(endpoint, types=types)
    if enabled is True:
        endpoint = turned_on(endpoint)
        await webhook_endpoints.schedule(
            tx, endpoint.id, await webhook_deliveries.next_attempt(tx, endpoint.id), tx.now
        )
    elif enabled is False and endpoint.disabled_reason is None:
        endpoint = replace(endpoint, disabled_reason="turned_off")
    return await _save(tx, endpoint)


async def delete_webhook(tx: Transaction, principal: Principal, endpoint_id: WebhookEndpointId) -> None:
    """Forget it, and everything that waits for it."""
    endpoint = await _locked(tx, principal, endpoint_id)
    await webhook_endpoints.delete_endpoint(tx, endpoint.id)


async def rotate_secret(
    tx: Transaction, secrets: WebhookSecrets, principal: Principal, endpoint_id: WebhookEndpointId
) -> tuple[Endpoint, bytes]:
    """Give it a new secret, which is the one beside it; the old one signs along for a day."""
    endpoint = await _locked(tx, principal, endpoint_id)
    secret, sealed = secrets.new(endpoint.id, tx.entropy)
    return await _save(tx, rotated(endpoint, sealed, tx.now)), secret


async def test_webhook(tx: Transaction, principal: Principal, endpoint_id: WebhookEndpointId) -> int:
    """Have something harmless told; its number. Raises WebhookTurnedOff."""
    endpoint = await _locked(tx, principal, endpoint_id)
    if endpoint.disabled_reason is not None:
        raise WebhookTurnedOff()
    data = {"organizationId": endpoint.organization_id, "webhookEndpointId": endpoint.id}
    await tell_endpoint(tx, endpoint, [News(tx.new_id(MessageId), TEST, tx.now, data)])
    return endpoint.next_number


async def list_deliveries(
    tx: Transaction, principal: Principal, endpoint_id: WebhookEndpointId, after: int, limit: int
) -> tuple[list[Delivery], int | None]:
    """What it was told beyond a number, and the number to go on after."""
    endpoint = await read_webhook(tx, principal, endpoint_id)
    return await webhook_deliveries.list_deliveries(tx, endpoint.id, after, limit)


async def replay(tx: Transaction, principal: Principal, endpoint_id: WebhookEndpointId, first: int) -> int:
    """Have everything from a number on told once more; how many. Raises WebhookTurnedOff."""
    endpoint = await _locked(tx, principal, endpoint_id)
    if endpoint.disabled_reason is not None:
        raise WebhookTurnedOff()
    count = await webhook_deliveries.tell_anew(tx, endpoint.id, first)
    await webhook_endpoints.numbered(tx, endpoint, 0)
    return count


async def _locked(tx: Transaction, principal: Principal, endpoint_id: WebhookEndpointId) -> Endpoint:
    return _theirs(principal, await webhook_endpoints.lock_endpoint(tx, endpoint_id))


async def _save(tx: Transaction, endpoint: Endpoint) -> Endpoint:
    changed = replace(endpoint, version=endpoint.version + 1)
    await webhook_endpoints.save_endpoint(tx, changed)
    return changed


def _require_may(principal: Principal, organization_id: OrganizationId) -> None:
    require_capability(principal, WRITE, Scope(organization_id), reading=Capability.IDENTITY_ORGANIZATION_READ)


def _theirs(principal: Principal, endpoint: Endpoint | None) -> Endpoint:
    """Another organisation's is as if it were not there."""
    if endpoint is None or not holds(principal, Capability.IDENTITY_ORGANIZATION_READ, Scope(endpoint.organization_id)):
        raise UnknownWebhook()
    _require_may(principal, endpoint.organization_id)
    return endpoint


def _require_callable(outgoing: Outgoing, url: str) -> None:
    try:
        outgoing.require_callable(url)
    except DestinationRefused as refusal:
        raise WebhookUrlRefused(reason=refusal.details["reason"], pointer="/url") from None

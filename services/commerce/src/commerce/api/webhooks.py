"""Webhooks of organisers' own systems."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from commerce.actions import manage_webhooks
from commerce.api.state import CurrentOutgoingWebhooks
from commerce.schemas.webhooks import (
    Deliveries,
    DeliveryView,
    NewWebhook,
    Replayed,
    ReplayFrom,
    Tested,
    WebhookChange,
    Webhooks,
    WebhookView,
    WebhookWithSecret,
)
from common.idempotency import Once
from common.ids import OrganizationId, WebhookEndpointId
from common.schemas import Limit
from common.service import CurrentPrincipal, Db

router = APIRouter()

After = Annotated[int, Query(ge=0, le=2**53, description="only those with a higher number")]


@router.post("/v1/organizations/{organization_id}/webhooks", status_code=201, response_model=WebhookWithSecret)
async def make(
    organization_id: OrganizationId,
    body: NewWebhook,
    principal: CurrentPrincipal,
    once: Once,
    webhooks: CurrentOutgoingWebhooks,
) -> Response:
    """Have a system of one's own told of every order from now on. The secret is shown here and never again."""
    return await once.run(
        lambda tx: manage_webhooks.make_webhook(
            tx, webhooks.outgoing, webhooks.secrets, principal, organization_id, body.url, body.types
        ),
        WebhookWithSecret.showing,
        status=201,
        sealing=webhooks.secrets.sealing,
    )


@router.get("/v1/organizations/{organization_id}/webhooks")
async def list_all(organization_id: OrganizationId, principal: CurrentPrincipal, database: Db) -> Webhooks:
    """The webhooks of an organisation, oldest first."""
    async with database.transaction() as tx:
        endpoints = await manage_webhooks.list_webhooks(tx, principal, organization_id)
    return Webhooks(items=[WebhookView.of(endpoint) for endpoint in endpoints])


@router.get("/v1/webhooks/{webhook_endpoint_id}")
async def show(webhook_endpoint_id: WebhookEndpointId, principal: CurrentPrincipal, database: Db) -> WebhookView:
    """One webhook."""
    async with database.transaction() as tx:
        return WebhookView.of(await manage_webhooks.read_webhook(tx, principal, webhook_endpoint_id))


@router.patch("/v1/webhooks/{webhook_endpoint_id}")
async def change(
    webhook_endpoint_id: WebhookEndpointId,
    body: WebhookChange,
    principal: CurrentPrincipal,
    database: Db,
    webhooks: CurrentOutgoingWebhooks,
) -> WebhookView:
    """Change where it listens and what for, or turn it off or on. On again, what waited is told."""
    async with database.transaction() as tx:
        endpoint = await manage_webhooks.change_webhook(
            tx,
            webhooks.outgoing,
            principal,
            webhook_endpoint_id,
            url=body.url,
            types=body.types,
            enabled=body.enabled,
        )
    webhooks.wake()
    return WebhookView.of(endpoint)


@router.delete("/v1/webhooks/{webhook_endpoint_id}", status_code=204)
async def remove(webhook_endpoint_id: WebhookEndpointId, principal: CurrentPrincipal, database: Db) -> None:
    """Forget it, and everything that waits for it."""
    async with database.transaction() as tx:
        await manage_webhooks.delete_webhook(tx, principal, webhook_endpoint_id)


@router.post("/v1/webhooks/{webhook_endpoint_id}/rotate-secret", response_model=WebhookWithSecret)
async def rotate(
    webhook_endpoint_id: WebhookEndpointId,
    principal: CurrentPrincipal,
    once: Once,
    webhooks: CurrentOutgoingWebhooks,
) -> Response:
    """Give it a new secret, shown here and never again. The old one signs along for 24 hours."""
    return await once.run(
        lambda tx: manage_webhooks.rotate_secret(tx, webhooks.secrets, principal, webhook_endpoint_id),
        WebhookWithSecret.showing,
        status=200,
        sealing=webhooks.secrets.sealing,
    )


@router.post("/v1/webhooks/{webhook_endpoint_id}/test", status_code=202)
async def test(
    webhook_endpoint_id: WebhookEndpointId,
    principal: CurrentPrincipal,
    database: Db,
    webhooks: CurrentOutgoingWebhooks,
) -> Tested:
    """Have something harmless told, of the type `webhook.test`."""
    async with database.transaction() as tx:
        number = await manage_webhooks.test_webhook(tx, principal, webhook_endpoint_id)
    webhooks.wake()
    return Tested(number=number)


@router.get("/v1/webhooks/{webhook_endpoint_id}/deliveries")
async def list_deliveries(
    webhook_endpoint_id: WebhookEndpointId,
    principal: CurrentPrincipal,
    database: Db,
    after: After = 0,
    limit: Limit = 50,
) -> Deliveries:
    """What it was told in the last 30 days, by number, with the last answer to each."""
    async with database.transaction() as tx:
        found, following = await manage_webhooks.list_deliveries(tx, principal, webhook_endpoint_id, after, limit)
    return Deliveries(items=[DeliveryView.of(one) for one in found], next_after=following)


@router.post("/v1/webhooks/{webhook_endpoint_id}/replay", status_code=202)
async def replay(
    webhook_endpoint_id: WebhookEndpointId,
    body: ReplayFrom,
    principal: CurrentPrincipal,
    database: Db,
    webhooks: CurrentOutgoingWebhooks,
) -> Replayed:
    """Have everything from a number on told once more, under the same ids."""
    async with database.transaction() as tx:
        count = await manage_webhooks.replay(tx, principal, webhook_endpoint_id, body.first)
    webhooks.wake()
    return Replayed(count=count)

"""Routes of deployments: Railway's webhook, the list and the figures for the platform's own people."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from common.refusals import MalformedBody, NotFound
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from releases.actions.list_deployments import list_deployments
from releases.actions.measure_delivery import measure_delivery
from releases.actions.record_deployment import record_deployment
from releases.domain.railway import Ignored, read_webhook
from releases.domain.webhook_secret import opens
from releases.errors import ReportTooLarge, UnreadableReport
from releases.schemas.deployments import DeploymentView, MetricsView, WebhookAnswer
from releases.store.deployments import Wanted

router = APIRouter()

REPORT_LIMIT = 256 * 1024

_REPORT = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
Filter = Annotated[str | None, Query(max_length=200)]


@router.post("/v1/deployments/railway/{secret}", status_code=202, openapi_extra=_REPORT)
async def hear_railway(secret: str, principal: CurrentPrincipal, request: Request, database: Db) -> WebhookAnswer:
    """Railway's webhook, in its old and its new format. A wrong secret is a 404, as if nothing were here."""
    if not opens(secret, request.app.state.railway_secrets):
        raise NotFound()
    report = read_webhook(_object(await _content(request)))
    if isinstance(report, Ignored):
        return WebhookAnswer(outcome="ignored")
    async with database.transaction() as tx:
        outcome = await record_deployment(tx, report)
    return WebhookAnswer(outcome=outcome)


@router.get("/v1/deployments")
async def show_deployments(
    principal: CurrentPrincipal,
    database: Db,
    environment: Filter = None,
    service: Filter = None,
    *,
    ephemeral: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeploymentView]:
    """What was deployed where, newest first; those of pull requests only with `ephemeral=true`."""
    wanted = Wanted(environment, service, ephemeral)
    async with database.transaction() as tx:
        return await list_deployments(tx, principal, wanted, cursor, limit, DeploymentView.of)


@router.get("/v1/deployments/metrics")
async def show_metrics(
    principal: CurrentPrincipal,
    database: Db,
    environment: Annotated[str, Query(max_length=200)] = "production",
    service: Filter = None,
    days: Annotated[int, Query(ge=1, le=90)] = 30,
) -> MetricsView:
    """The five figures of software delivery over the last `days`, each with the rows behind it."""
    async with database.transaction() as tx:
        measured = await measure_delivery(tx, principal, environment, service, days)
    return MetricsView.of(measured)


async def _content(request: Request) -> bytes:
    """The body, read no further than it may be long."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > REPORT_LIMIT:
            raise ReportTooLarge()
    return bytes(content)


def _object(content: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError):
        raise MalformedBody() from None
    if not isinstance(payload, dict):
        raise UnreadableReport(missing="an object", pointer="")
    return payload

"""Routes of the client policy: what an installed app is told, and the change of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from common.service import CurrentPrincipal, Db
from releases.actions.change_client_policy import change_client_policy
from releases.actions.read_client_policy import read_client_policy
from releases.api.caching import cacheable
from releases.domain.client_policy import Platform
from releases.schemas.client_policy import ClientPolicyView, PolicyChanges, PolicyView

router = APIRouter()

_KEPT_SECONDS = 30

Said = Annotated[str | None, Query(max_length=100)]


@router.get("/v1/client-policy", response_model=ClientPolicyView)
async def show_policy(
    request: Request,
    principal: CurrentPrincipal,
    database: Db,
    platform: Platform,
    version: Said = None,
    build: Said = None,
) -> Response:
    """Whether an app of this version may go on. One whose version nobody can read is asked to update, never locked out."""
    async with database.transaction() as tx:
        told = await read_client_policy(tx, platform, version, build)
    content = ClientPolicyView.of(told).model_dump_json(by_alias=True).encode()
    return cacheable(request, content, "application/json", seconds=_KEPT_SECONDS)


@router.patch("/v1/client-policy/{platform}")
async def change_policy(
    platform: Platform, body: PolicyChanges, principal: CurrentPrincipal, database: Db
) -> PolicyView:
    """Change what a platform's apps are told. Needs a sign-in of the last 15 minutes, and leaves an audit row."""
    async with database.transaction() as tx:
        policy = await change_client_policy(tx, principal, platform, body.changes())
    return PolicyView.of(policy)

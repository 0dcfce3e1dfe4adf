"""What only the gateway asks. It is not in the gateway's table, so it cannot be reached from outside."""

from fastapi import APIRouter, Request, Response

from common.service import CurrentPrincipal, Db
from releases.actions.list_client_policies import list_client_policies
from releases.api.caching import cacheable

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/client-policies")
async def show_policies(request: Request, principal: CurrentPrincipal, database: Db) -> Response:
    """Every platform's policy, as `client_policy.changed` carries it: what a gateway starts with, and hears by message after."""
    async with database.transaction() as tx:
        policies = await list_client_policies(tx, principal)
    content = f'{{"items":[{",".join(policy.body() for policy in policies)}]}}'.encode()
    return cacheable(request, content, "application/json", seconds=0)

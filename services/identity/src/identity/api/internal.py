"""What only the gateway asks. None of it is in the gateway's table, so none of it can be reached from outside."""

from typing import Any

from fastapi import APIRouter, Depends, Response

from common.service import Db
from common.session_feed import LeaseAnswer, LeaseRequest, LookupAnswer, LookupRequest
from identity.actions.look_up import look_up, renew_lease
from identity.api.parts import Tokens, system_only

router = APIRouter(prefix="/internal", include_in_schema=False)
_SYSTEM: Any = Depends(system_only)


@router.get("/keys")
async def keys(tokens: Tokens) -> Response:
    """The public keys of access tokens, as a JWKS."""
    return Response(tokens.public_jwks, media_type="application/jwk-set+json")


@router.post("/sign-ins/lookup", dependencies=[_SYSTEM])
async def sign_in(body: LookupRequest, database: Db) -> LookupAnswer:
    """Who a sign-in, a device or an API key is."""
    async with database.transaction() as tx:
        return await look_up(tx, body.sign_in_id)


@router.post("/session-feed/lease", dependencies=[_SYSTEM])
async def lease(body: LeaseRequest, database: Db) -> LeaseAnswer:
    """Another second for a replica."""
    return await renew_lease(database, body.replica, body.position)

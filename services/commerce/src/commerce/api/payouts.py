"""Payouts to organisers."""

from fastapi import APIRouter, Response

from commerce.actions.pay_out import list_payouts, pay_out, read_balance
from commerce.schemas.payouts import BalanceList, BalanceView, NewPayout, PayoutView
from common.idempotency import Once
from common.ids import OrganizationId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db

router = APIRouter()


@router.get("/v1/organizations/{organization_id}/balance")
async def show_balance(organization_id: OrganizationId, principal: CurrentPrincipal, database: Db) -> BalanceList:
    """What the platform owes an organisation, and what of that is held."""
    async with database.transaction() as tx:
        balances = await read_balance(tx, principal, organization_id)
    return BalanceList(items=[BalanceView.of(balance) for balance in balances])


@router.post("/v1/organizations/{organization_id}/payouts", status_code=201, response_model=PayoutView)
async def make(organization_id: OrganizationId, body: NewPayout, principal: CurrentPrincipal, once: Once) -> Response:
    """Pay out what is owed, with a statement for each event."""
    return await once.run(
        lambda tx: pay_out(tx, principal, organization_id, body.currency, body.until), PayoutView.of, status=201
    )


@router.get("/v1/organizations/{organization_id}/payouts")
async def show_payouts(
    organization_id: OrganizationId,
    principal: CurrentPrincipal,
    database: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PayoutView]:
    """What was paid out, newest first."""
    async with database.transaction() as tx:
        return await list_payouts(tx, principal, organization_id, cursor, limit, PayoutView.of)

"""Promo codes and automatic discounts."""

from fastapi import APIRouter, Response

from commerce.actions.manage_promo_codes import add_promo_code, change_promo_code, list_promo_codes
from commerce.domain.promo import PromoCode
from commerce.schemas.promo_codes import NewPromoCode, PromoCodeChanges, PromoCodeView
from common.db import Transaction
from common.idempotency import Once
from common.ids import EventId, PromoCodeId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_REQUIRED, IfMatch, version_tag

router = APIRouter()


@router.post("/v1/events/{event_id}/promo-codes", status_code=201, response_model=PromoCodeView)
async def add(event_id: EventId, body: NewPromoCode, principal: CurrentPrincipal, once: Once) -> Response:
    """Make a promo code or, without a `code`, an automatic discount."""

    async def made(tx: Transaction) -> PromoCode:
        return await add_promo_code(tx, principal, event_id, lambda promo_id: body.promo(promo_id, event_id))

    return await once.run(made, PromoCodeView.of, status=201)


@router.get("/v1/events/{event_id}/promo-codes")
async def list_all(
    event_id: EventId, principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[PromoCodeView]:
    """An event's promo codes and automatic discounts, newest first, with what is held and used of them."""
    async with database.transaction() as tx:
        return await list_promo_codes(tx, principal, event_id, cursor, limit, PromoCodeView.of)


@router.patch("/v1/promo-codes/{promo_code_id}", openapi_extra=IF_MATCH_REQUIRED)
async def change(
    promo_code_id: PromoCodeId,
    body: PromoCodeChanges,
    principal: CurrentPrincipal,
    expected: IfMatch,
    database: Db,
    response: Response,
) -> PromoCodeView:
    """Change its limits or disable it. `If-Match` carries its `version` as an ETag; orders keep what was taken off."""
    async with database.transaction() as tx:
        promo = await change_promo_code(tx, principal, promo_code_id, body.changes(), expected)
    response.headers["ETag"] = version_tag(promo.version)
    return PromoCodeView.of(promo)

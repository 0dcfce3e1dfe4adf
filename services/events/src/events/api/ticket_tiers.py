"""Routes about ticket tiers."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from common.ids import TicketTierId
from common.principal import Principal
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_REQUIRED, IfMatch, version_tag
from events.actions.add_ticket_tier import add_ticket_tier
from events.actions.change_ticket_tier import change_ticket_tier
from events.actions.read_ticket_tiers import list_ticket_tiers, read_ticket_tier
from events.api.manners import EventRef, answer
from events.domain.event import Event
from events.schemas.ticket_tier import NewTicketTier, TicketTierChanges, TicketTierList, TicketTierView
from events.store.ticket_tiers import OfferedTier

router = APIRouter()

ThisTier = Annotated[TicketTierId, Path(alias="ticketTierId")]


@router.post("/v1/events/{eventId}/ticket-tiers", status_code=201, response_model=TicketTierView)
async def add(
    event_id: EventRef, body: NewTicketTier, principal: CurrentPrincipal, database: Db, request: Request
) -> Response:
    """Add a tier. The first price above 0 fixes the event's currency."""
    async with database.transaction() as tx:
        tier, event = await add_ticket_tier(tx, principal, event_id, lambda of: body.tier(tx, of))
    return _answer(request, OfferedTier(tier, None), event, 201)


@router.get("/v1/events/{eventId}/ticket-tiers", response_model=TicketTierList)
async def list_all(event_id: EventRef, principal: CurrentPrincipal, database: Db, request: Request) -> Response:
    """What an event sells."""
    async with database.transaction() as tx:
        offered, event = await list_ticket_tiers(tx, principal, event_id)
    items = [TicketTierView.of(each, event) for each in offered]
    return answer(request, TicketTierList(items=items), shown_to=principal)


@router.get("/v1/events/{eventId}/ticket-tiers/{ticketTierId}", response_model=TicketTierView)
async def read(
    event_id: EventRef, tier_id: ThisTier, principal: CurrentPrincipal, database: Db, request: Request
) -> Response:
    """One tier."""
    async with database.transaction() as tx:
        offered, event = await read_ticket_tier(tx, principal, event_id, tier_id)
    return _answer(request, offered, event, shown_to=principal)


@router.patch(
    "/v1/events/{eventId}/ticket-tiers/{ticketTierId}", response_model=TicketTierView, openapi_extra=IF_MATCH_REQUIRED
)
async def change(
    event_id: EventRef,
    tier_id: ThisTier,
    body: TicketTierChanges,
    principal: CurrentPrincipal,
    database: Db,
    request: Request,
    expected: IfMatch,
) -> Response:
    """Change a tier. `If-Match` carries the ETag that was read; `*` changes whatever there is."""
    async with database.transaction() as tx:
        await change_ticket_tier(tx, principal, event_id, tier_id, body.changes(), expected)
        offered, event = await read_ticket_tier(tx, principal, event_id, tier_id)
    return _answer(request, offered, event)


def _answer(
    request: Request, offered: OfferedTier, event: Event, status: int = 200, shown_to: Principal | None = None
) -> Response:
    tag = version_tag(offered.tier.version, offered.availability)
    return answer(request, TicketTierView.of(offered, event), tag, status, shown_to=shown_to)

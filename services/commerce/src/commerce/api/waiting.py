"""Waiting lists of sold-out tickets."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from commerce.actions.join_waiting_list import join_waiting_list
from commerce.actions.leave_waiting_list import leave_waiting_list
from commerce.actions.read_waiting_lists import list_entries_of_event, list_own_entries
from commerce.actions.steer_waiting_list import change_offer_window, change_priority
from commerce.api.state import CurrentPlatformFee
from commerce.domain.waiting_list import Status
from commerce.schemas.waiting import (
    NewWaitingListEntry,
    WaitingListEntryChange,
    WaitingListEntryForStaff,
    WaitingListEntryView,
    WaitingListSettings,
)
from common.ids import EventId, WaitingListEntryId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db

router = APIRouter()


@router.post("/v1/events/{event_id}/waiting-list", status_code=201)
async def join(
    event_id: EventId,
    body: NewWaitingListEntry,
    principal: CurrentPrincipal,
    platform: CurrentPlatformFee,
    database: Db,
) -> WaitingListEntryView:
    """Wait for a sold-out ticket: when places become free, an order is placed for whose turn it is, and they are told."""
    async with database.transaction() as tx:
        entry, ahead = await join_waiting_list(tx, principal, platform, event_id, body.wish())
    return WaitingListEntryView.of(entry, ahead)


@router.get("/v1/events/{event_id}/waiting-list")
async def list_for_event(
    event_id: EventId,
    principal: CurrentPrincipal,
    database: Db,
    status: Annotated[Status | None, Query(description="only entries that stand so")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WaitingListEntryForStaff]:
    """Who waits for an event, newest first; `ahead` says in which order they are served."""
    async with database.transaction() as tx:
        return await list_entries_of_event(tx, principal, event_id, status, cursor, limit, WaitingListEntryForStaff.of)


@router.patch("/v1/events/{event_id}/waiting-list")
async def change_settings(
    event_id: EventId, body: WaitingListSettings, principal: CurrentPrincipal, database: Db
) -> WaitingListSettings:
    """Set how long the next offers of an event stand."""
    async with database.transaction() as tx:
        await change_offer_window(tx, principal, event_id, timedelta(minutes=body.offer_minutes))
    return body


@router.get("/v1/me/waiting-list")
async def list_own(
    principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[WaitingListEntryView]:
    """Where one waits or waited, newest first."""
    async with database.transaction() as tx:
        return await list_own_entries(tx, principal, cursor, limit, WaitingListEntryView.of)


@router.patch("/v1/waiting-list/{entry_id}")
async def change(
    entry_id: WaitingListEntryId, body: WaitingListEntryChange, principal: CurrentPrincipal, database: Db
) -> WaitingListEntryForStaff:
    """As staff: serve someone earlier or later than their time says."""
    async with database.transaction() as tx:
        entry, ahead = await change_priority(tx, principal, entry_id, body.priority)
    return WaitingListEntryForStaff.of(entry, ahead)


@router.delete("/v1/waiting-list/{entry_id}", status_code=204)
async def leave(entry_id: WaitingListEntryId, principal: CurrentPrincipal, database: Db) -> None:
    """Wait no longer; staff may take someone off as well."""
    async with database.transaction() as tx:
        await leave_waiting_list(tx, principal, entry_id)

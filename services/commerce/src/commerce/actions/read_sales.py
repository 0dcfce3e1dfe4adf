"""Sums up what was sold for an event."""

from commerce.actions.read_orders import find_event_for_staff
from commerce.domain.basket import CURRENCY_OF_NOTHING
from commerce.domain.sales import Sales, zone_named
from commerce.store.one_moment import see_one_moment
from commerce.store.sales import sum_up_sales
from common.db import Transaction
from common.ids import EventId
from common.principal import Principal


async def read_sales(tx: Transaction, principal: Principal, event_id: EventId) -> Sales:
    """What was sold and sent back, for staff of its organisation who may read orders."""
    await see_one_moment(tx)
    event = await find_event_for_staff(tx, principal, event_id)
    zone = zone_named(event.timezone)
    return await sum_up_sales(tx, event_id, zone) or Sales(zone, event.currency or CURRENCY_OF_NOTHING, (), {})

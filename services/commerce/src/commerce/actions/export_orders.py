"""Writes the orders of an event as a spreadsheet, line by line, so that a big event takes no more memory than a small one."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from commerce.actions.read_orders import find_event_for_staff
from commerce.domain.order_filter import OrderFilter
from commerce.domain.sale import Event
from commerce.domain.sales import zone_named
from commerce.formats.csv_lines import BEGINNING, line
from commerce.formats.order_csv import HEADINGS, Rows, lines_of
from commerce.store import order_lists
from commerce.store.one_moment import see_one_moment
from common.db import Database
from common.ids import EventId
from common.principal import Principal

_CHUNK = 32 * 1024


async def find_exportable(database: Database, principal: Principal, event_id: EventId) -> Event:
    """The event, for staff of its organisation who may read orders. Asked before the answer begins."""
    async with database.transaction() as tx:
        return await find_event_for_staff(tx, principal, event_id)


async def export_orders(database: Database, event: Event, wanted: OrderFilter, rows: Rows) -> AsyncGenerator[bytes]:
    """The spreadsheet, in chunks, oldest order first, as all of it was at one moment.

    The transaction ends with the iterator: whoever stops reading must close it.
    """
    yield BEGINNING + line(HEADINGS[rows])
    zone = zone_named(event.timezone)
    chunk = bytearray()
    async with database.transaction() as tx:
        await see_one_moment(tx)
        async with aclosing(order_lists.each_order(tx, order_lists.of_event(event.id), wanted)) as orders:
            async for order in orders:
                for cells in lines_of(order, rows, zone):
                    chunk += line(cells)
                if len(chunk) >= _CHUNK:
                    yield bytes(chunk)
                    chunk.clear()
    yield bytes(chunk)

"""A service to be ended: `python -m lasting serve`. What it is asked to do takes until the table `gate` has a row.

It prints a word when a request or a message has begun.
"""

import asyncio
import sys

from fastapi import APIRouter
from sqlalchemy import text

from common.db import Transaction, new_metadata
from common.ids import EventId, TicketTierId
from common.inbox import Handlers
from common.messages import EventUpdated, TicketTierAvailabilityChanged
from common.service import Db, Parts, Runtime, Service, ServiceSettings, command_line

router = APIRouter()


async def gate_opens(tx: Transaction) -> None:
    while not await tx.scalar(text("SELECT count(*) FROM gate")):
        await asyncio.sleep(0.02)


@router.get("/slow")
async def slow(database: Db) -> dict[str, str]:
    print("request", flush=True)
    async with database.transaction() as tx:
        await gate_opens(tx)
    return {"answer": "whole"}


async def keep(tx: Transaction, message: EventUpdated) -> None:
    print("message", flush=True)
    await gate_opens(tx)
    tx.publish(
        TicketTierAvailabilityChanged(
            sequence=1,
            ticket_tier_id=tx.new_id(TicketTierId),
            event_id=EventId(message.event_id),
            availability="few",
        )
    )


def build(runtime: Runtime[ServiceSettings]) -> Parts:
    handlers: Handlers = {EventUpdated: keep}
    return Parts(routers=[router], handlers=handlers)


if __name__ == "__main__":
    sys.exit(command_line(Service("commerce", ServiceSettings, new_metadata(), build)))

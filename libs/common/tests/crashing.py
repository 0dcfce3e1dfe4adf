"""A process to be killed: `python crashing.py WHAT DATABASE_URL NATS_URL PASSWORD`.

`say` commits one message without any relay and waits; `relay` runs the relay, and nothing else. Both print when they are there.
"""

import asyncio
import sys

from common.bus import Bus
from common.clock import SystemClock, SystemEntropy
from common.db import Database
from common.ids import EventId, TicketTierId
from common.messages import TicketTierAvailabilityChanged
from common.relay import Relay


def message(database: Database) -> TicketTierAvailabilityChanged:
    now = database.clock.now()
    return TicketTierAvailabilityChanged(
        sequence=1,
        ticket_tier_id=TicketTierId.new(now, database.entropy),
        event_id=EventId.new(now, database.entropy),
        availability="few",
    )


async def say(database: Database) -> None:
    async with database.transaction() as transaction:
        transaction.publish(message(database))
    print("committed", flush=True)
    await asyncio.sleep(60)


async def relay(database: Database, nats_url: str, password: str) -> None:
    async with Bus.connect(nats_url, user="commerce", password=password) as bus:
        print("relaying", flush=True)
        await asyncio.wait_for(Relay(database, bus).run(), 60)


async def main() -> None:
    what, database_url, nats_url, password = sys.argv[1:]
    database = Database(database_url, publisher="commerce", clock=SystemClock(), entropy=SystemEntropy())
    await (say(database) if what == "say" else relay(database, nats_url, password))


asyncio.run(main())

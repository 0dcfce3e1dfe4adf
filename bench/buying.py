"""What a buyer's app does from placing an order to paying for it with the sandbox provider: three calls through the gateway."""

from typing import NamedTuple

from tests.e2e.journey import Person

from bench.people import Market
from bench.wire import Wire


class Order(NamedTuple):
    """An order whose payment has begun."""

    id: str
    payment_id: str


async def place(wire: Wire, market: Market, buyer: Person, number: str) -> Order:
    """Order one named ticket and begin its payment. `number` is unique in the market."""
    attendees = [{"name": f"Attendee {number}"}]
    order = {
        "eventId": market.event_id,
        "lines": [{"ticketTierId": market.tier_id, "quantity": 1, "attendees": attendees}],
    }
    key = f"{market.mark}-{number}"
    placed = await wire.expect(201, "POST", "/v1/orders", buyer.token, body=order, key=key)
    path = f"/v1/orders/{placed['id']}/payments"
    begun = await wire.expect(201, "POST", path, buyer.token, body={"provider": "sandbox"}, key=f"{key}-pay")
    return Order(placed["id"], begun["id"])


async def pay(wire: Wire, buyer: Person, payment_id: str) -> None:
    """Let the payment succeed; the provider then tells commerce by its signed webhook, through the gateway."""
    await wire.expect(202, "POST", f"/v1/sandbox/payments/{payment_id}", buyer.token, body={"outcome": "succeed"})

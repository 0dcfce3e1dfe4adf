"""What an organisation's staff read of the sales of an event: sums that agree however they are broken down."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from common.clock import SystemEntropy
from common.ids import AddOnId, OrderId, OrderLineId, OrganizationId, RefundId, TicketTierId, UserId
from common.testing import Running, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

SEATS, STANDS, PARKING = (
    TicketTierId("tier_01jd0000000000000000000001"),
    TicketTierId("tier_01jd0000000000000000000002"),
    AddOnId("addon_01jd0000000000000000000001"),
)


async def sold(
    world: Running,
    stall: "Stall",
    at: datetime,
    *lines: dict[str, Any],
    add_ons: tuple[dict[str, Any], ...] = (),
    status: str = "paid",
    **changes: Any,
) -> tuple[OrderId, list[OrderLineId]]:
    """An order as the service leaves it in its tables, paid at that moment; its lines' ids, add-ons last."""
    order, ids = OrderId.new(at, SystemEntropy()), [OrderLineId(fresh(OrderLineId)) for _ in [*lines, *add_ons]]
    total = sum(line["gross"] for line in [*lines, *add_ons]) + changes.get("service_fee", 0)
    values: dict[str, Any] = {
        "id": order.uuid,
        "event": stall.event_id.uuid,
        "organization": stall.organization_id.uuid,
        "user": UserId(fresh(UserId)).uuid,
        "total": total + (changes.get("platform_fee", 0) if changes.get("passed_on") else 0),
        **dict.fromkeys(("discount", "tax", "service_fee", "platform_fee", "refunded"), 0),
        "passed_on": False,
        "status": status,
        "holding": "sold",
        "at": at,
        "token": order.rpartition("_")[2],
        **changes,
    }
    await world.rows(
        "INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, status, "
        "holding, total, currency, discount, tax, service_fee, platform_fee, platform_fee_passed_on, captured, refunded, "
        "page_token, placed_at, paid_at) VALUES (:id, 2, :event, 'Night', :organization, :user, 'ben@example.org', "
        ":status, :holding, :total, 'EUR', :discount, :tax, :service_fee, :platform_fee, :passed_on, :total, :refunded, "
        ":token, :at, CASE WHEN :holding = 'sold' THEN CAST(:at AS timestamptz) END) RETURNING id",
        **values,
    )
    for place, line in enumerate(lines):
        await world.rows(
            "WITH line AS (INSERT INTO order_lines (id, order_id, place, ticket_tier_id, ticket_tier_name, unit_amount, "
            "discount, tax, gross) VALUES (:id, :order, :place, :tier, :name, 1, :discount, :tax, :gross) RETURNING id) "
            "INSERT INTO admissions (line_id, ordinal) SELECT :id, n FROM generate_series(1, :count) AS n RETURNING 1",
            id=ids[place].uuid,
            order=order.uuid,
            place=place,
            tier=line["tier"].uuid,
            name=line["name"],
            discount=line.get("discount", 0),
            tax=line.get("tax", 0),
            gross=line["gross"],
            count=line["count"],
        )
    for place, line in enumerate(add_ons):
        await world.rows(
            "INSERT INTO order_add_ons (id, order_id, place, add_on_id, add_on_name, unit_amount, quantity, tax, gross) "
            "VALUES (:id, :order, :place, :thing, 'Parking', 1, :count, :tax, :gross) RETURNING id",
            id=ids[len(lines) + place].uuid,
            order=order.uuid,
            place=place,
            thing=PARKING.uuid,
            count=line["count"],
            tax=line["tax"],
            gross=line["gross"],
        )
    return order, ids


async def sent_back(
    world: Running,
    order: OrderId,
    at: datetime,
    amount: int,
    *,
    fee: int = 0,
    source: str = "organiser_payable",
    tickets: list[tuple[OrderLineId, int]] | None = None,
    pieces: list[tuple[OrderLineId, int]] | None = None,
) -> None:
    """A refund as the service leaves it in its tables."""
    refund = RefundId.new(at, SystemEntropy()).uuid
    await world.rows(
        "INSERT INTO refunds (id, order_id, status, source, origin, amount, fee_returned, currency, reason, requested_by, "
        "created_at, settled_at) VALUES (:id, :order, 'done', :source, 'organiser', :amount, :fee, 'EUR', 'asked', 'x', "
        ":at, :at) RETURNING id",
        id=refund,
        order=order.uuid,
        source=source,
        amount=amount,
        fee=fee,
        at=at,
    )
    for line, ordinal in tickets or []:
        await world.rows(
            "INSERT INTO refunded_admissions VALUES (:line, :ordinal, :refund) RETURNING 1",
            line=line.uuid,
            ordinal=ordinal,
            refund=refund,
        )
    for line, quantity in pieces or []:
        await world.rows(
            "INSERT INTO refunded_add_ons (refund_id, line_id, quantity) VALUES (:refund, :line, :quantity) RETURNING 1",
            line=line.uuid,
            quantity=quantity,
            refund=refund,
        )


async def summary(world: Running, stall: "Stall", group_by: str) -> dict[str, Any]:
    path = f"/v1/events/{stall.event_id}/sales?groupBy={group_by}"
    answer = await world.get(path, principals.member_of(stall.organization_id, "finance"))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def short(figures: dict[str, Any]) -> dict[str, Any]:
    """Only what is not nothing, amounts as numbers."""
    flat = {name: value["amount"] if isinstance(value, dict) else value for name, value in figures.items()}
    return {name: value for name, value in flat.items() if value not in (0, None)}


async def a_busy_spring(world: Running, stall: "Stall") -> None:
    """Two orders around a night on which clocks change, partly refunded, and some that do not count."""
    order, [seats, parking] = await sold(
        *(world, stall, datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC)),
        {"tier": SEATS, "name": "Seats", "count": 3, "gross": 10_000, "discount": 500, "tax": 1_597},
        add_ons=({"count": 2, "gross": 1_001, "tax": 160},),
        discount=500,
        tax=1_773,
        service_fee=100,
        platform_fee=330,
        passed_on=True,
        refunded=7_207,
        status="partially_refunded",
    )
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)
    await sold(world, stall, midnight, {"tier": STANDS, "name": "Standing", "count": 2, "gross": 4_000})
    await sold(
        *(world, stall, datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)),
        {"tier": SEATS, "name": "Seats", "count": 1, "gross": 3_500},
        {"tier": STANDS, "name": "Standing, front", "count": 1, "gross": 2_100},
    )
    lost = {"tier": SEATS, "name": "Seats", "count": 1, "gross": 3_500}
    await sold(world, stall, midnight, lost, status="expired", holding="released")
    await sent_back(world, order, midnight, 6_667, fee=200, tickets=[(seats, 1), (seats, 3)])
    await sent_back(world, order, datetime(2026, 3, 29, 22, tzinfo=UTC), 450, pieces=[(parking, 1)])
    await sent_back(world, order, datetime(2026, 3, 29, 22, 1, tzinfo=UTC), 90)
    await sent_back(world, order, datetime(2026, 4, 5, tzinfo=UTC), 11, source="unallocated")
    other = type(stall)()
    await sold(world, other, midnight, {"tier": SEATS, "name": "Seats", "count": 1, "gross": 9_999})


async def test_sales_by_tier_add_up_to_the_total_after_partial_refunds(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await world.hear(stall.event(world.clock.now(), timezone="Europe/Berlin", currency="EUR"))
        await a_busy_spring(world, stall)
        body = await summary(world, stall, "tier")
        assert [short(item) for item in body["items"]] == [
            {
                "kind": "ticket_tier",
                "id": SEATS,
                "name": "Seats",
                "orders": 2,
                "tickets": 4,
                "ticketsReturned": 2,
                "gross": 13_500,
                "discounts": 500,
                "tax": 1_597,
                "refunds": 6_667,
                "net": 6_833,
            },
            {
                "kind": "ticket_tier",
                "id": STANDS,
                "name": "Standing, front",
                "orders": 2,
                "tickets": 3,
                "gross": 6_100,
                "net": 6_100,
            },
            {
                "kind": "add_on",
                "id": PARKING,
                "name": "Parking",
                "orders": 1,
                "addOns": 2,
                "addOnsReturned": 1,
                "gross": 1_001,
                "tax": 160,
                "refunds": 450,
                "net": 551,
            },
            {
                "kind": "order",
                "gross": 430,
                "tax": 16,
                "serviceFees": 100,
                "platformFees": 130,
                "refunds": 90,
                "net": 210,
            },
        ]
        assert short(body["total"]) == {
            "orders": 3,
            "tickets": 7,
            "ticketsReturned": 2,
            "addOns": 2,
            "addOnsReturned": 1,
            "gross": 21_031,
            "discounts": 500,
            "tax": 1_773,
            "serviceFees": 100,
            "platformFees": 130,
            "refunds": 7_207,
            "net": 13_694,
        }
        assert body["total"]["net"]["currency"] == "EUR"


async def test_days_are_those_of_the_event_also_when_clocks_change(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        await world.hear(stall.event(world.clock.now(), timezone="Europe/Berlin", currency="EUR"))
        await a_busy_spring(world, stall)
        body = await summary(world, stall, "day")
        assert (body["timezone"], body["items"]) == ("Europe/Berlin", None)
        assert [short(day) for day in body["days"]] == [
            {
                "day": "2026-03-28",
                "orders": 1,
                "tickets": 3,
                "addOns": 2,
                "gross": 11_431,
                "discounts": 500,
                "tax": 1_773,
                "serviceFees": 100,
                "platformFees": 330,
                "net": 11_101,
            },
            {
                "day": "2026-03-29",
                "orders": 2,
                "tickets": 4,
                "ticketsReturned": 2,
                "gross": 9_600,
                "platformFees": -200,
                "refunds": 6_667,
                "net": 3_133,
            },
            {"day": "2026-03-30", "addOnsReturned": 1, "refunds": 540, "net": -540},
        ]
        by_tier = await summary(world, stall, "tier")
        assert by_tier["total"] == body["total"]


async def test_nothing_sold_is_nothing_and_strangers_read_nothing(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        path = f"/v1/events/{stall.event_id}/sales"
        finance = principals.member_of(stall.organization_id, "finance")
        assert (await world.get(path, finance)).status_code == 404
        await world.hear(stall.event(world.clock.now()))
        body = (await world.get(path, finance)).json()
        assert (short(body["total"]), [short(item) for item in body["items"]]) == ({}, [{"kind": "order"}])
        assert body["total"]["gross"] == {"amount": 0, "currency": "NGN"}
        stranger = await world.get(path, principals.member_of(OrganizationId(fresh(OrganizationId)), "owner"))
        assert (stranger.status_code, stranger.json()["capability"]) == (403, "commerce:order:read")
        await world.hear(stall.event(world.clock.now(), status="draft"))
        assert (await world.get(path, stall.buyer)).status_code == 404
        assert (await world.get(f"{path}?groupBy=week", finance)).status_code == 422

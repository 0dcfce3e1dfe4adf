"""What an organisation's staff find among its orders, and how a list stays whole while orders come in."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from common.ids import OrganizationId
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


def staff_of(stall: "Stall", role: str = "manager") -> Principal:
    return principals.member_of(stall.organization_id, role)


async def found(world: Running, stall: "Stall", query: str, path: str = "/v1/orders") -> list[str]:
    """The ids of the event's orders that a query finds."""
    answer = await world.get(f"{path}?eventId={stall.event_id}&{query}", staff_of(stall))
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def placed_by(
    world: Running, stall: "Stall", tier: Any, email: str, name: str, *attendees: dict[str, str]
) -> str:
    """An order of somebody, for one ticket or for each attendee."""
    line = {"ticketTierId": tier, "quantity": max(1, len(attendees)), "attendees": list(attendees)}
    body = {"eventId": stall.event_id, "lines": [line]}
    answer = await world.post("/v1/orders", principals.user(email, name), key=fresh(OrganizationId), json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_orders_are_found_by_any_part_of_a_name_and_the_beginning_of_an_address_or_number(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        ada = await placed_by(
            *(world, stall, tier, "Ada.Obi@example.org", "Ada Obi"), {"name": "Zoë Ünal", "email": "zoe@club.example"}
        )
        ben = await placed_by(world, stall, tier, "ben@example.org", "Ben 100% O'Neil_x")
        assert await found(world, stall, "q=obi") == [ada]
        assert await found(world, stall, "q=ZO%C3%8B") == [ada]
        assert await found(world, stall, "q=club.ex") == [ada]
        assert await found(world, stall, "q=ZOE@club") == [ada]
        assert await found(world, stall, "q=ada.obi@EXAMPLE.org") == [ada]
        assert await found(world, stall, "q=obi@example.org") == []  # an address is found by its beginning
        assert await found(world, stall, "q=@example.org") == [ben, ada]
        assert await found(world, stall, f"q={quote('100% O')}") == [ben]
        assert await found(world, stall, f"q={quote('%')}") == [ben]
        assert await found(world, stall, "q=neil_x") == [ben]
        assert await found(world, stall, "q=neil_y") == []
        assert await found(world, stall, f"q={ben}") == [ben]
        assert await found(world, stall, f"q={ada[:-2].upper()}") == [ada]
        assert await found(world, stall, "q=ord_") == []
        assert await found(world, stall, "q=ord_u") == []
        assert await found(world, stall, "q=nobody") == []


async def test_filters_narrow_together(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        seats, stands = await stall.open(world, {}, {"name": "Standing"})
        first = (await stall.placed(world, (seats, 1)))["id"]
        clock.advance(timedelta(minutes=5))
        second = (await stall.placed(world, (seats, 1), (stands, 1)))["id"]
        await world.post(f"/v1/orders/{first}/cancel", stall.buyer)
        clock.advance(timedelta(minutes=5))
        third = (await stall.placed(world, (stands, 1)))["id"]
        at = quote((clock.now() - timedelta(minutes=5)).isoformat())
        assert await found(world, stall, f"ticketTierId={stands}") == [third, second]
        assert await found(world, stall, f"placedFrom={at}") == [third, second]
        assert await found(world, stall, f"placedUntil={at}") == [first]
        assert await found(world, stall, "status=cancelled&status=paid") == [first]
        assert await found(world, stall, "status=cancelled&status=awaiting_payment") == [third, second, first]
        assert await found(world, stall, f"ticketTierId={seats}&status=awaiting_payment&q=ben@") == [second]
        await world.rows("UPDATE orders SET promo_code = 'EARLY' WHERE status = 'cancelled' RETURNING id")
        assert await found(world, stall, "promoCode=early") == [first]
        assert await found(world, stall, "promoCode=earl") == []


async def test_pages_of_a_search_neither_repeat_nor_skip_while_orders_come_in(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        orders = [await placed_by(world, stall, tier, "ada@example.org", "Ada") for _ in range(5)]
        await placed_by(world, stall, tier, "ben@example.org", "Ben")
        path, seen, cursor = f"/v1/organizations/{stall.organization_id}/orders?q=ada&limit=2", list[str](), ""
        for _ in range(3):
            page = (await world.get(path + cursor, staff_of(stall))).json()
            seen += [item["id"] for item in page["items"]]
            await placed_by(world, stall, tier, "ada@example.org", "Ada")
            cursor = f"&cursor={page['nextCursor']}"
        assert seen == orders[::-1]
        assert page["nextCursor"] is None


async def test_an_organisation_sees_the_orders_of_all_its_events_and_of_no_other(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        here = await stall.open(world)
        mine = (await stall.placed(world, (here[0], 1)))["id"]
        second = type(stall)(organization_id=stall.organization_id)
        also_mine = (await second.placed(world, ((await second.open(world))[0], 1)))["id"]
        other = type(stall)()
        await other.placed(world, ((await other.open(world))[0], 1))
        path = f"/v1/organizations/{stall.organization_id}/orders"
        items = (await world.get(path, staff_of(stall, "finance"))).json()["items"]
        assert [item["id"] for item in items] == [also_mine, mine]
        refused = {
            "another's owner": await world.get(path, staff_of(other, "owner")),
            "scanner": await world.get(path, staff_of(stall, "scanner")),
            "buyer": await world.get(path, stall.buyer),
            "anonymous": await world.get(path),
        }
        assert {who: answer.status_code for who, answer in refused.items()} == dict.fromkeys(refused, 404)


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=",
        "q=a%0Ab",
        f"q={'a' * 101}",
        "status=lost",
        "&".join(["status=paid"] * 9),
        "ticketTierId=ord_01jd0000000000000000000000",
        "placedFrom=2026-01-01T00:00:00",
        "placedFrom=0001-01-01T00:00:00%2B14:00",
        "placedUntil=9999-12-31T23:59:59-12:00",
        "promoCode=%00",
        "cursor=tier_01jd0000000000000000000000",
        "limit=201",
    ],
)
async def test_what_makes_no_sense_as_a_filter_is_named(run: RunService, stall: "Stall", query: str) -> None:
    async with run() as world:
        await stall.open(world)
        for path in (f"/v1/orders?eventId={stall.event_id}&", f"/v1/organizations/{stall.organization_id}/orders?"):
            answer = await world.get(path + query, staff_of(stall))
            assert (answer.status_code, len(answer.json()["errors"])) == (422, 1), answer.text

"""What identity says of organisations: a suspended one sells nothing, and which backers own it is known."""

from typing import TYPE_CHECKING, Any

from commerce.domain.sale import Organization
from commerce.store.copies import find_organization
from common.messages import OrganizationCreated, OrganizationSuspended, OrganizationUpdated
from common.testing import Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


def _said(kind: type[Any], world: Running, stall: "Stall", sequence: int, **changes: object) -> Any:
    values = {"name": "Olu & Sons", "slug": "olu", "suspended": False, "created_at": world.clock.now(), **changes}
    return kind(organization_id=stall.organization_id, sequence=sequence, **values)


async def _copy(world: Running, stall: "Stall") -> Organization | None:
    async with world.database.transaction() as tx:
        return await find_organization(tx, stall.organization_id)


async def test_any_order_of_delivery_ends_in_the_newest_state_of_an_organisation(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        founded = _said(OrganizationCreated, world, stall, 1)
        owned = _said(OrganizationUpdated, world, stall, 2, backer_tiers=("Bronze", "Gold"))
        suspended = _said(OrganizationSuspended, world, stall, 3, suspended=True, backer_tiers=("Gold",))
        for order in ([founded, owned, suspended], [suspended, owned, founded], [owned, suspended, founded, owned]):
            await world.rows("DELETE FROM organizations RETURNING 1")
            await world.hear(*order)
            assert await _copy(world, stall) == Organization(stall.organization_id, "Olu & Sons", True, ("Gold",))


async def test_a_suspended_organisation_sells_nothing_until_it_is_back(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        waiting = await stall.placed(world, (tier, 1))
        await world.hear(_said(OrganizationSuspended, world, stall, 2, suspended=True))
        placing = await stall.order(world, (tier, 1))
        path = f"/v1/orders/{waiting['id']}/payments"
        paying = await world.post(path, stall.buyer, key="k", json={"provider": "sandbox"})
        assert [(one.status_code, one.json()["code"], one.json()["reason"]) for one in (placing, paying)] == [
            (409, "commerce.event_not_on_sale", "organization_suspended")
        ] * 2
        assert await world.count("orders") == 1
        assert await world.count("payments") == 0
        assert await stall.stock(world, tier) == (1, 0)
        [shown] = (await world.get(f"/v1/events/{stall.event_id}/availability")).json()["tiers"]
        assert (shown["onSale"], shown["reason"]) == (False, "organization_suspended")
        await world.hear(_said(OrganizationSuspended, world, stall, 3))
        await stall.pay(world, waiting)
        await stall.placed(world, (tier, 1))
        await stall.books(world)


async def test_what_was_paid_stays_and_can_be_read_and_money_on_its_way_in_time_counts(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        paid, under_way = await stall.placed(world, (tier, 1)), await stall.placed(world, (tier, 2))
        await stall.end(world, await stall.pay(world, paid), "succeed")
        payment = await stall.pay(world, under_way)
        await world.hear(_said(OrganizationSuspended, world, stall, 2, suspended=True))
        await stall.end(world, payment, "succeed")
        finance = principals.member_of(stall.organization_id, "suspended")
        listed = await world.get("/v1/orders", finance, params={"eventId": stall.event_id})
        assert [one["status"] for one in listed.json()["items"]] == ["paid", "paid"]
        assert (await stall.show(world, paid))["status"] == "paid"
        assert await stall.stock(world, tier) == (0, 3)
        await stall.books(world)

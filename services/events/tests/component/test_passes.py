"""Passes: who holds them, who reads them, and what becomes of them when an order changes."""

from datetime import timedelta
from typing import TYPE_CHECKING

from common.ids import OrderId, OrganizationId, PassId, UserId
from common.messages import (
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    PassIssued,
    PassUpdated,
    PassVoided,
    UserCreated,
    UserUpdated,
)
from common.principal import ANONYMOUS, Principal
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh
from common.tokens import SigningKey
from events.formats.pass_code import PassClaim, PassCodes

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

ADA = principals.user("ada@example.org", "Ada")


def created(who: Principal, email: str | None = None, sequence: int = 1) -> UserCreated:
    values = {"user_id": who.subject, "email": email or who.email, "name": who.name}
    return UserCreated.model_validate({**values, "created_at": "2026-01-01T00:00:00Z", "sequence": sequence})


def updated(who: Principal, email: str, sequence: int) -> UserUpdated:
    return UserUpdated.model_validate(created(who, email, sequence).model_dump())


async def test_a_pass_carries_a_code_that_proves_it_and_says_what_wallets_need(
    run: RunService, stage: "Stage", clock: FrozenClock, pass_code_key: SigningKey
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", "ada@example.org"))
        claim = PassCodes.from_json(pass_code_key.public_jwks()).read(shown["code"])
        assert claim == PassClaim(shown["id"], event["id"], 1)
        (said,) = await world.said(PassIssued)
        assert (said.pass_id, said.code, said.generation, said.sequence) == (shown["id"], shown["code"], 1, 1)
        assert (said.attendee_name, said.holder_email, said.holder_user_id) == ("Ada", "ada@example.org", None)
        assert (said.ticket_tier_name, said.organization_id) == ("Regular", stage.organization_id)
        assert said.buyer_user_id == stage.buyer.subject


async def test_attendees_without_an_own_address_leave_the_pass_with_the_buyer(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        await stage.buy(world, event, tier, ("Ada", "ada@example.org"), ("Cy", None), ("Ben", "BEN@example.org"))
        mine = (await world.get("/v1/passes", stage.buyer)).json()["items"]
        assert sorted(each["attendee"]["name"] for each in mine) == ["Ben", "Cy"]
        assert {each["holderUserId"] for each in mine} == {stage.buyer.subject}
        said = {message.attendee_name: message.holder_email for message in await world.said(PassIssued)}
        assert said == {"Ada": "ada@example.org", "Cy": None, "Ben": None}


async def test_a_known_address_gets_its_pass_at_once(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        await world.hear(created(ADA))
        (shown,) = await stage.buy(world, event, tier, ("Ada", "Ada@Example.org"))
        assert shown["holderUserId"] == ADA.subject
        assert await world.said(PassUpdated) == []


async def test_verifying_an_address_attaches_the_passes_that_wait_for_it(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        ada, _ = await stage.buy(world, event, tier, ("Ada", "ada@example.org"), ("Cy", "cy@example.org"))
        assert [each["id"] for each in (await world.get("/v1/passes", ADA)).json()["items"]] == [ada["id"]]
        await world.hear(created(ADA, "ADA@example.org"))
        (said,) = await world.said(PassUpdated)
        assert (said.pass_id, said.holder_user_id, said.sequence) == (ada["id"], ADA.subject, 2)
        assert (said.code, said.status) == (ada["code"], "issued")
        assert [each["id"] for each in (await world.get("/v1/passes", ADA)).json()["items"]] == [ada["id"]]


async def test_a_changed_address_attaches_what_waits_for_the_new_one_and_takes_nothing_away(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        await world.hear(created(ADA))
        await stage.buy(world, event, tier, ("Ada", "ada@example.org"), ("Countess", "countess@example.org"))
        await world.hear(updated(ADA, "countess@example.org", 2), created(ADA))
        names = {each["attendee"]["name"] for each in (await world.get("/v1/passes", ADA)).json()["items"]}
        assert names == {"Ada", "Countess"}
        await stage.buy(world, event, tier, ("Nobody yet", "ada@example.org"))
        waiting = await world.rows("SELECT holder_email FROM passes WHERE holder_user_id IS NULL")
        assert waiting == [{"holder_email": "ada@example.org"}]


async def test_a_pass_is_read_by_its_holder_its_buyer_and_the_team_and_by_nobody_else(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", "ada@example.org"))
        path = f"/v1/passes/{shown['id']}"
        order = {"orderId": shown["orderId"]}
        for entitled in (stage.buyer, ADA):
            assert (await world.get(path, entitled)).json()["code"] == shown["code"]
            assert (await world.get("/v1/passes", entitled, params=order)).json()["items"] == [shown]
        for role in ("owner", "manager", "finance", "viewer"):
            without_code = {**shown, "code": None}
            assert (await world.get(path, stage.member(role))).json() == without_code
            listed = await world.get("/v1/passes", stage.member(role), params=order)
            assert listed.json()["items"] == [without_code]
        for principal in (stage.member("scanner"), principals.device_of(stage.organization_id)):
            for answer in (await world.get(path, principal), await world.get("/v1/passes", principal, params=order)):
                assert (answer.status_code, answer.json()["capability"]) == (403, "events:pass:read")
        nothing = (await world.get(f"/v1/passes/{fresh(PassId)}", principals.user())).json()
        other_team = principals.member_of(OrganizationId(fresh(OrganizationId)), "owner")
        for stranger in (principals.user("eve@example.org"), principals.user(None), other_team):
            answer = await world.get(path, stranger)
            assert (answer.status_code, answer.json() | {"traceId": ""}) == (404, nothing | {"traceId": ""})
            empty: dict[str, object] = {"items": [], "nextCursor": None}
            assert (await world.get("/v1/passes", stranger, params=order)).json() == empty
            assert (await world.get("/v1/passes", stranger)).json() == empty
        for target, params in ((path, None), ("/v1/passes", None), ("/v1/passes", order)):
            assert (await world.get(target, ANONYMOUS, params=params)).status_code == 401


async def test_an_order_nobody_heard_of_has_no_passes_yet(run: RunService, stage: "Stage") -> None:
    async with run() as world:
        answer = await world.get("/v1/passes", stage.buyer, params={"orderId": fresh(OrderId)})
        assert answer.json() == {"items": [], "nextCursor": None}
        assert (await world.get("/v1/passes", stage.buyer, params={"orderId": fresh(UserId)})).status_code == 422


async def test_a_holder_of_one_pass_of_an_order_reads_that_one_alone(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        ada, cy = await stage.buy(world, event, tier, ("Ada", "ada@example.org"), ("Cy", "cy@example.org"))
        listed = await world.get("/v1/passes", ADA, params={"orderId": ada["orderId"]})
        assert [each["id"] for each in listed.json()["items"]] == [ada["id"]]
        assert (await world.get(f"/v1/passes/{cy['id']}", ADA)).status_code == 404


async def test_a_partial_refund_voids_just_the_named_admissions(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("A", None), ("B", None), ("C", None)))
        await world.hear(paid, stage.refunded(paid, back={2}))
        rows = await world.rows("SELECT ordinal, status, version FROM passes ORDER BY ordinal")
        assert [tuple(row.values()) for row in rows] == [(1, "issued", 1), (2, "voided", 2), (3, "issued", 1)]
        assert [(said.ordinal, said.sequence) for said in await world.said(PassVoided)] == [(2, 2)]
        await world.hear(stage.refunded(paid, sequence=4))
        assert {row["status"] for row in await world.rows("SELECT status FROM passes")} == {"voided"}
        assert sorted(said.ordinal for said in await world.said(PassVoided)) == [1, 2, 3]


async def test_an_admission_that_is_live_again_gives_its_pass_back(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("A", None)))
        failed_refund = OrderPaid.model_validate({**paid.model_dump(), "sequence": 4})
        await world.hear(paid, stage.refunded(paid), failed_refund)
        assert await world.rows("SELECT status, version FROM passes") == [{"status": "issued", "version": 3}]
        assert [(said.status, said.sequence) for said in await world.said(PassUpdated)] == [("issued", 3)]


def renamed(paid: OrderPaid, sequence: int, *attendees: tuple[str | None, str | None]) -> OrderPaid:
    """The same order, its admissions naming others."""
    named = [
        part.model_copy(update={"attendee_name": name, "attendee_email": email})
        for part, (name, email) in zip(paid.admissions, attendees, strict=True)
    ]
    return OrderPaid.model_validate({**paid.model_dump(), "admissions": named, "sequence": sequence})


async def test_a_name_that_is_changed_in_the_order_changes_on_the_pass_and_its_code_stays(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    """Ticketing scenario 43."""
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        await world.hear(created(ADA))
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org"), ("Cy", None)))
        await world.hear(paid)
        before = {row["ordinal"]: row for row in await world.rows("SELECT * FROM passes")}
        await world.hear(renamed(paid, 3, ("Ada Lovelace", "ADA@example.org"), ("Cy", None)))
        [said] = await world.said(PassUpdated)
        assert (said.ordinal, said.attendee_name, said.sequence, said.generation) == (1, "Ada Lovelace", 2, 1)
        assert (said.code, said.holder_user_id) == (before[1]["code"], ADA.subject)
        after = {row["ordinal"]: row for row in await world.rows("SELECT * FROM passes")}
        changed = {"attendee_name": "Ada Lovelace", "attendee_email": "ADA@example.org", "version": 2}
        assert after == {1: {**before[1], **changed}, 2: before[2]}
        await world.hear(paid)  # the older message comes once more
        assert {row["ordinal"]: row for row in await world.rows("SELECT * FROM passes")} == after


async def test_another_address_makes_it_another_ones_pass_and_ends_the_code_of_the_one_before(
    run: RunService, stage: "Stage", clock: FrozenClock, pass_code_key: SigningKey
) -> None:
    """Ticketing scenario 43."""
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        cy = principals.user("cy@example.org", "Cy")
        await world.hear(created(ADA), created(cy))
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org")))
        await world.hear(paid)
        [before] = (await world.get("/v1/passes", ADA)).json()["items"]
        await world.hear(renamed(paid, 3, ("Cy", "cy@example.org")))
        [after] = (await world.get("/v1/passes", cy)).json()["items"]
        assert (after["id"], after["attendee"]["name"], after["holderUserId"]) == (before["id"], "Cy", cy.subject)
        claim = PassCodes.from_json(pass_code_key.public_jwks()).read(after["code"])
        assert claim == PassClaim(before["id"], event["id"], 2)
        assert (await world.get("/v1/passes", ADA)).json()["items"] == []
        assert (await world.get(f"/v1/passes/{before['id']}", ADA)).status_code == 404
        [said] = await world.said(PassUpdated)
        assert (said.generation, said.code, said.holder_email) == (2, after["code"], "cy@example.org")
        clock.advance(timedelta(hours=4))
        refused = (await stage.scan(world, event, before["code"])).json()
        assert (refused["result"], refused["reason"]) == ("refused", "voided")
        assert (await stage.scan(world, event, after["code"])).json()["result"] == "admitted"


async def test_a_pass_handed_back_to_the_buyer_is_the_buyers(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org")))
        await world.hear(paid, renamed(paid, 3, ("Ben", None)))
        [row] = await world.rows("SELECT attendee_name, holder_user_id, holder_email, generation, version FROM passes")
        assert stage.buyer.user_id is not None
        assert tuple(row.values()) == ("Ben", stage.buyer.user_id.uuid, None, 2, 2)


async def test_a_refund_and_another_name_heard_at_once_leave_a_void_pass_that_names_whom_the_order_names(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org")))
        await world.hear(paid, stage.refunded(renamed(paid, 3, ("Cy", "cy@example.org")), sequence=4))
        rows = await world.rows("SELECT attendee_name, status, generation, version FROM passes")
        assert [tuple(row.values()) for row in rows] == [("Cy", "voided", 2, 2)]
        assert await world.said(PassUpdated) == []
        [said] = await world.said(PassVoided)
        assert (said.attendee_name, said.generation, said.sequence) == ("Cy", 2, 2)


async def test_an_order_that_was_never_paid_makes_no_pass(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        unpaid = {**stage.paid(event, stage.admissions(tier, ("A", None))).model_dump(), "paid_at": None}
        other = {**unpaid, "order_id": OrderId(fresh(OrderId))}
        await world.hear(
            OrderExpired.model_validate({**unpaid, "status": "expired"}),
            OrderCancelled.model_validate({**other, "status": "cancelled"}),
        )
        assert (await world.count("orders"), await world.count("passes")) == (2, 0)


async def test_an_admission_that_is_gone_from_its_order_loses_its_pass(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("A", None), ("B", None)))
        fewer = OrderPaid.model_validate({**paid.model_dump(), "admissions": paid.admissions[:1], "sequence": 3})
        await world.hear(paid, fewer)
        rows = await world.rows("SELECT ordinal, status FROM passes ORDER BY ordinal")
        assert [tuple(row.values()) for row in rows] == [(1, "issued"), (2, "voided")]


async def test_upcoming_passes_lead_somewhere_and_come_soonest_first_beside_their_event(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        days = {"tonight": 20, "tomorrow": 21, "next week": 27, "cancelled": 22}
        found = {}
        for name in ("next week", "tonight", "cancelled", "tomorrow"):
            times = {"startsAt": f"2026-11-{days[name]}T19:00:00Z", "endsAt": f"2026-11-{days[name]}T23:00:00Z"}
            event, tier = await stage.on_sale(world, name=name, **times)
            await stage.buy(world, event, tier, ("Ben", None))
            found[name] = event
        await world.post(f"/v1/events/{found['cancelled']['id']}/cancel", stage.member("owner"))
        paid = stage.paid(found["tomorrow"], stage.admissions(tier, ("Cy", None)))
        await world.hear(paid)
        await world.hear(stage.refunded(paid))

        page = (await world.get("/v1/passes?upcoming=true&limit=2", stage.buyer)).json()
        assert [each["event"]["name"] for each in page["items"]] == ["tonight", "tomorrow"]
        event = found["tonight"]
        told = ("name", "slug", "status", "startsAt", "endsAt", "doorsOpenAt", "timezone", "venue")
        assert page["items"][0]["event"] == {name: event[name] for name in told}
        assert page["items"][0]["eventId"] == event["id"]
        assert page["items"][0]["code"]
        rest = (await world.get(f"/v1/passes?upcoming=true&cursor={page['nextCursor']}", stage.buyer)).json()
        assert ([each["event"]["name"] for each in rest["items"]], rest["nextCursor"]) == (["next week"], None)

        clock.advance(timedelta(hours=5))
        later = (await world.get("/v1/passes?upcoming=true", stage.buyer)).json()["items"]
        assert [each["event"]["name"] for each in later] == ["tomorrow", "next week"]
        assert {each["event"] for each in (await world.get("/v1/passes", stage.buyer)).json()["items"]} == {None}


async def test_upcoming_passes_are_ones_own_and_of_no_order(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (mine,) = await stage.buy(world, event, tier, ("Ben", None))
        assert (await world.get("/v1/passes?upcoming=true", ADA)).json() == {"items": [], "nextCursor": None}
        foreign = await world.get(f"/v1/passes?upcoming=true&cursor={mine['id']}", ADA)
        assert (foreign.status_code, foreign.json()["code"]) == (422, "common.malformed_cursor")
        nonsense = await world.get("/v1/passes?upcoming=true&cursor=x", stage.buyer)
        assert (nonsense.status_code, nonsense.json()["code"]) == (422, "common.malformed_cursor")
        both = await world.get(f"/v1/passes?upcoming=true&orderId={mine['orderId']}", stage.buyer)
        assert (both.status_code, both.json()["code"]) == (422, "events.upcoming_of_no_order")
        assert (await world.get("/v1/passes?upcoming=true", ANONYMOUS)).status_code == 401

"""At the door."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from common.ids import EventId, GateId, OrganizationId, PassId
from common.messages import CheckInRecorded
from common.testing import FrozenClock, RunService, principals
from common.testing.principals import fresh
from common.tokens import SigningKey
from events.formats.pass_code import PassClaim, PassCodes

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage


async def test_the_second_scan_is_told_when_and_where_the_first_was_let_in(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    north, south = fresh(GateId), fresh(GateId)
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        first = await stage.scan(world, event, shown["code"], gateId=north)
        assert first.status_code == 201
        assert first.json() | {"id": ""} == {
            "id": "",
            "result": "admitted",
            "direction": "in",
            "inside": True,
            "passId": shown["id"],
            "attendeeName": "Ada",
            "ticketTierName": "Regular",
            "gateId": north,
            "scannedAt": "2026-11-20T18:00:00Z",
            "firstAdmittedAt": "2026-11-20T18:00:00Z",
            "firstGateId": north,
        }
        clock.advance(timedelta(minutes=5))
        second = await stage.scan(world, event, shown["code"], gateId=south)
        assert second.status_code == 200
        told = second.json()
        assert (told["result"], told["reason"]) == ("refused", "already_admitted")
        assert (told["firstAdmittedAt"], told["firstGateId"]) == ("2026-11-20T18:00:00Z", north)
        assert len(await world.said(CheckInRecorded)) == 1
        assert (await world.get(f"/v1/passes/{shown['id']}", stage.buyer)).json()["status"] == "admitted"


async def test_out_and_in_again_move_one_person_through_the_door(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        door, scanner = f"/v1/events/{event['id']}/door", stage.member("scanner")
        seen = []
        for direction in ("in", "out", "in", "out"):
            answer = await stage.scan(world, event, shown["code"], direction=direction)
            assert answer.status_code == 201
            seen.append((answer.json()["inside"], (await world.get(door, scanner)).json()["inside"]))
            clock.advance(timedelta(minutes=1))
        assert seen == [(True, 1), (False, 0), (True, 1), (False, 0)]
        assert (await world.get(door, scanner)).json() == {"admitted": 1, "inside": 0, "issued": 1}
        said = await world.said(CheckInRecorded)
        assert [(each.direction, each.inside, each.sequence) for each in said] == [
            ("in", True, 2),
            ("out", False, 3),
            ("in", True, 4),
            ("out", False, 5),
        ]
        rows = await world.rows("SELECT status, first_admitted_at FROM passes")
        assert (rows[0]["status"], rows[0]["first_admitted_at"].isoformat()) == (
            "admitted",
            "2026-11-20T18:00:00+00:00",
        )


async def test_each_wrong_code_is_refused_for_its_own_reason_and_every_attempt_is_kept(
    run: RunService, stage: "Stage", clock: FrozenClock, pass_code_key: SigningKey
) -> None:
    codes = PassCodes.from_json(pass_code_key.private_json())
    stranger = PassCodes.from_json(SigningKey.generate().private_json())
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        elsewhere, other_tier = await stage.on_sale(world, name="Another night")
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        (foreign,) = await stage.buy(world, elsewhere, other_tier, ("Cy", None))
        pass_id, event_id = PassId(shown["id"]), EventId(event["id"])
        attempts = {
            "unknown": ["https://example.org/", codes.sign(PassClaim(PassId(fresh(PassId)), event_id, 1))],
            "forged": [stranger.sign(PassClaim(pass_id, event_id, 1))],
            "wrong_event": [foreign["code"]],
            "voided": [codes.sign(PassClaim(pass_id, event_id, 2))],
        }
        for reason, texts in attempts.items():
            for text in texts:
                answer = await stage.scan(world, event, text)
                assert (answer.status_code, answer.json()["result"]) == (200, "refused")
                assert answer.json()["reason"] == reason
                assert ("attendeeName" in answer.json()) == (reason == "voided")
        kept = await world.rows("SELECT reason, count(*) AS n FROM check_ins GROUP BY reason ORDER BY reason")
        assert {row["reason"]: row["n"] for row in kept} == {"unknown": 2, "forged": 1, "wrong_event": 1, "voided": 1}
        assert await world.said(CheckInRecorded) == []
        assert await world.rows("SELECT DISTINCT status, inside, version FROM passes") == [
            {"status": "issued", "inside": False, "version": 1}
        ]


@pytest.mark.parametrize(("hours", "reason"), [(-12, "not_yet_valid"), (12, "expired")])
async def test_doors_are_shut_before_and_after(
    run: RunService, stage: "Stage", clock: FrozenClock, hours: int, reason: str
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        clock.advance(timedelta(hours=hours))
        answer = await stage.scan(world, event, shown["code"])
        assert (answer.status_code, answer.json()["reason"]) == (200, reason)
        assert await world.rows("SELECT status FROM passes") == [{"status": "issued"}]


async def test_a_refunded_pass_and_a_cancelled_event_let_nobody_in_and_whoever_is_inside_out(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("A", None), ("B", None)))
        await world.hear(paid)
        page = (await world.get("/v1/passes", stage.buyer, params={"orderId": paid.order_id})).json()["items"]
        inside, outside = (each["code"] for each in page)
        assert (await stage.scan(world, event, inside)).status_code == 201
        await world.hear(stage.refunded(paid))
        assert (await stage.scan(world, event, outside)).json()["reason"] == "voided"
        assert (await stage.scan(world, event, outside, direction="out")).json()["reason"] == "voided"
        await world.post(f"/v1/events/{event['id']}/cancel", stage.member("owner"))
        assert (await stage.scan(world, event, outside)).json()["reason"] == "event_cancelled"
        left = await stage.scan(world, event, inside, direction="out")
        assert (left.status_code, left.json()["inside"]) == (201, False)
        assert (await stage.scan(world, event, inside)).json()["reason"] == "event_cancelled"
        door = (await world.get(f"/v1/events/{event['id']}/door", stage.member("owner"))).json()
        assert door == {"admitted": 1, "inside": 0, "issued": 0}


async def test_members_who_may_check_in_and_devices_do_and_others_are_refused(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        shown = await stage.buy(world, event, tier, *[(f"Guest {number}", None) for number in range(4)])
        able = [stage.member("owner"), stage.member("manager"), stage.member("scanner")]
        able.append(principals.device_of(stage.organization_id))
        for principal, each in zip(able, shown, strict=True):
            assert (await stage.scan(world, event, each["code"], by=principal)).status_code == 201
        for role in ("viewer", "finance", "suspended"):
            answer = await stage.scan(world, event, shown[0]["code"], by=stage.member(role))
            assert (answer.status_code, answer.json()["capability"]) == (403, "events:pass:check-in")
        elsewhere = OrganizationId(fresh(OrganizationId))
        for stranger in (principals.device_of(elsewhere), principals.member_of(elsewhere, "scanner"), stage.buyer):
            answer = await stage.scan(world, event, shown[0]["code"], by=stranger)
            assert (answer.status_code, answer.json()["code"]) == (404, "events.no_such_event")
        assert await world.count("check_ins") == 4


async def test_every_attempt_is_listed_for_the_team_newest_first(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        (shown,) = await stage.buy(world, event, tier, ("Ada", None))
        scanner = stage.member("scanner")
        for code in (shown["code"], shown["code"], "NONSENSE"):
            await stage.scan(world, event, code, by=scanner)
            clock.advance(timedelta(seconds=1))
        path = f"/v1/events/{event['id']}/check-ins"
        items: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = (await world.get(path, scanner, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            items += page["items"]
            cursor = page.get("nextCursor")
            if cursor is None:
                break
        assert [each.get("reason") for each in items] == ["unknown", "already_admitted", None]
        assert {each["scanner"] for each in items} == {scanner.subject}
        for principal in (principals.user(), stage.buyer):
            assert (await world.get(path, principal)).status_code == 404
            assert (await world.get(f"/v1/events/{event['id']}/door", principal)).status_code == 404


async def test_a_device_whose_clock_runs_ahead_scans_now_and_one_that_is_late_says_when(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        ahead, late = await stage.buy(world, event, tier, ("Ada", None), ("Cy", None))
        answer = await stage.scan(world, event, ahead["code"], scannedAt="2026-11-20T19:00:00Z")
        assert answer.json()["scannedAt"] == "2026-11-20T18:00:00Z"
        clock.advance(timedelta(hours=12))
        answer = await stage.scan(world, event, late["code"], scannedAt="2026-11-20T21:00:00Z")
        assert (answer.status_code, answer.json()["firstAdmittedAt"]) == (201, "2026-11-20T21:00:00Z")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"nonce": ""}, "/nonce"),
        ({"nonce": "two words"}, "/nonce"),
        ({"code": ""}, "/code"),
        ({"code": "x" * 501}, "/code"),
        ({"direction": "sideways"}, "/direction"),
        ({"eventId": "org_01k9e0xq3wfkzv8h8d3rj4n5m6"}, "/eventId"),
        ({"gateId": "tier_01k9e0xq3wfkzv8h8d3rj4n5m6"}, "/gateId"),
        ({"scannedAt": "yesterday"}, "/scannedAt"),
        ({"admit": True}, "/admit"),
    ],
)
async def test_a_malformed_scan_is_refused_and_not_kept(
    run: RunService, stage: "Stage", changes: dict[str, object], pointer: str
) -> None:
    async with run() as world:
        body = {"code": "X", "eventId": fresh(EventId), "nonce": "n", **changes}
        answer = await world.post("/v1/check-ins", stage.member("scanner"), json=body)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await world.count("check_ins") == 0

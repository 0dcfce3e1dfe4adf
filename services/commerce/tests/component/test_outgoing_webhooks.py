"""Organisers' own systems hear of their orders: signed, numbered, again and again until taken."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from commerce.actions.check_invariants import check_invariants
from commerce.errors import InvariantsBroken
from commerce.store.webhook_cursor import take_cursor
from commerce.store.webhook_endpoints import take_due_endpoints
from common.messages import WebhookEndpointDisabled
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.component.conftest import Receiver
    from services.commerce.tests.conftest import Stall


SHOWN = {
    *("sequence", "orderId", "eventId", "eventName", "organizationId", "buyerEmail", "buyerName", "status", "disputed"),
    *("total", "discount", "fees", "tax", "refunded", "lines", "addOns", "admissions", "placedAt", "paidAt"),
}


def admin_of(stall: "Stall") -> Principal:
    return principals.member_of(stall.organization_id, "admin")


async def make(world: Running, stall: "Stall", receiver: "Receiver", **changes: object) -> dict[str, Any]:
    """A webhook at the receiver, with its secret."""
    body = {"url": f"{receiver.origin}/hooks", **changes}
    path = f"/v1/organizations/{stall.organization_id}/webhooks"
    answer = await world.post(path, admin_of(stall), key=uuid4().hex, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliveries(world: Running, stall: "Stall", hook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await world.get(f"/v1/webhooks/{hook['id']}/deliveries", admin_of(stall))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def came_to(world: Running, stall: "Stall", hook: dict[str, Any], *came: tuple[str, int]) -> None:
    """Wait until the deliveries stand so, each with so many attempts."""

    async def stand_so() -> bool:
        return [(one["state"], one["attempts"]) for one in await deliveries(world, stall, hook)] == list(came)

    await eventually(stand_so, within=30, what=f"deliveries standing as {came}")


async def hears(receiver: "Receiver", count: int) -> list[dict[str, Any]]:
    """Wait until it was told so many times; everything it was told."""

    async def told() -> bool:
        return len(receiver.told) >= count

    await eventually(told, within=30, what=f"being told {count} times")
    return receiver.heard


async def show(world: Running, stall: "Stall", hook: dict[str, Any]) -> dict[str, Any]:
    answer = await world.get(f"/v1/webhooks/{hook['id']}", admin_of(stall))
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def verify(told: tuple[dict[str, str], bytes], secret: str) -> None:
    """As a receiver does, whatever the clock says."""
    headers, body = told
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
    assert expected in headers["webhook-signature"].split(" ")


async def test_an_organisers_system_hears_of_its_orders_signed_and_numbered(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, receiver)
        order = await stall.placed(world, (tier, 2))
        await stall.end(world, await stall.pay(world, order), "succeed")
        placed, paid = await hears(receiver, 2)
        assert [(one["number"], one["type"]) for one in (placed, paid)] == [(1, "order.placed"), (2, "order.paid")]
        data = paid["data"]
        assert (data["orderId"], data["status"], data["buyerEmail"]) == (order["id"], "paid", "ben@example.org")
        assert data["total"] == {"amount": 300_000, "currency": "NGN"}
        assert data["refunded"] == {"amount": 0, "currency": "NGN"}
        assert set(data) == SHOWN
        assert [(one["ordinal"], one["live"]) for one in data["admissions"]] == [(1, True), (2, True)]
        assert order["pagePath"].removeprefix("/o/") not in json.dumps(receiver.heard)
        await came_to(world, stall, hook, ("delivered", 1), ("delivered", 1))
        listed = await deliveries(world, stall, hook)
        for headers, body in receiver.told:
            Webhook(hook["secret"]).verify(body, headers)
            assert headers["Content-Type"] == "application/json"
        assert {headers["webhook-id"] for headers, _ in receiver.told} == {one["id"] for one in listed}
        assert [one["lastAnswer"] for one in listed] == ["200", "200"]
        assert (await show(world, stall, hook))["nextNumber"] == 3
        measured = world.app.state.runtime.registry.get_sample_value
        assert measured("lanyard_webhook_attempts_total", {"outcome": "delivered"}) == 2


async def test_a_system_that_is_down_for_two_hours_is_told_later_under_the_same_id(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    """Scenario 61."""
    async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, receiver, types=["order.placed"])
        receiver.status = 503
        await stall.placed(world, (tier, 1))
        await came_to(world, stall, hook, ("waiting", 1))
        await receiver.go()
        waits = (timedelta(seconds=6), timedelta(minutes=6), timedelta(minutes=34))
        for attempts, wait in enumerate(waits, start=2):
            clock.advance(wait)
            await came_to(world, stall, hook, ("waiting", attempts))
        [waiting] = await deliveries(world, stall, hook)
        assert waiting["lastAnswer"] == "destination unreachable"
        receiver.status = 204
        await receiver.come()
        clock.advance(timedelta(hours=2, minutes=15))
        await came_to(world, stall, hook, ("delivered", 5))
        first, last = receiver.told
        assert first[0]["webhook-id"] == last[0]["webhook-id"] == waiting["id"]
        assert first[1] == last[1]
        assert int(last[0]["webhook-timestamp"]) - int(first[0]["webhook-timestamp"]) >= 2 * 3600
        for told in (first, last):
            verify(told, hook["secret"])
        assert (await show(world, stall, hook))["failingSince"] is None


async def test_a_system_that_says_it_is_gone_is_told_no_more_until_it_is_turned_on_again(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    """Scenario 61."""
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, receiver)
        receiver.status = 410
        await stall.placed(world, (tier, 1))

        async def disabled() -> bool:
            return bool((await show(world, stall, hook))["disabledReason"] == "gone")

        await eventually(disabled, within=30, what="the webhook being disabled")
        [said] = await world.said(WebhookEndpointDisabled)
        assert (said.webhook_endpoint_id, said.organization_id) == (hook["id"], stall.organization_id)
        assert (said.host, said.reason) == ("127.0.0.1", "gone")
        receiver.status = 200
        await stall.placed(world, (tier, 1))
        await came_to(world, stall, hook, ("waiting", 1), ("waiting", 0))
        path = f"/v1/webhooks/{hook['id']}"
        refused = [await world.post(f"{path}/test", admin_of(stall))]
        refused.append(await world.post(f"{path}/replay", admin_of(stall), json={"from": 1}))
        assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "commerce.webhook_turned_off")] * 2
        assert len(receiver.told) == 1
        await world.rows("UPDATE webhook_deliveries SET next_attempt_at = made_at RETURNING 1")
        on = await world.patch(path, admin_of(stall), json={"enabled": True})
        assert (on.json()["enabled"], on.json()["disabledReason"]) == (True, None)
        await came_to(world, stall, hook, ("delivered", 2), ("delivered", 1))
        assert [one["number"] for one in receiver.heard] == [1, 1, 2]


async def test_a_system_that_takes_nothing_for_five_days_is_turned_off_with_a_notice(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, receiver, types=["order.placed"])
        receiver.status = 500
        await stall.placed(world, (tier, 1))
        await came_to(world, stall, hook, ("waiting", 1))
        clock.advance(timedelta(days=5) - timedelta(seconds=1))
        await came_to(world, stall, hook, ("waiting", 2))
        assert (await show(world, stall, hook))["enabled"] is True
        clock.advance(timedelta(minutes=10))
        await came_to(world, stall, hook, ("waiting", 3))
        shown = await show(world, stall, hook)
        assert (shown["enabled"], shown["disabledReason"]) == (False, "failing")
        assert [one.reason for one in await world.said(WebhookEndpointDisabled)] == ["failing"]


async def test_while_a_secret_is_replaced_the_old_one_signs_along_for_a_day(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
        hook = await make(world, stall, receiver)
        path = f"/v1/webhooks/{hook['id']}"
        admin = admin_of(stall)
        answers = [await world.post(f"{path}/rotate-secret", admin, key="once") for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        new = answers[0].json()["secret"]
        assert new.startswith("whsec_") and new != hook["secret"]
        assert (await world.post(f"{path}/test", admin_of(stall))).json() == {"number": 1}
        await hears(receiver, 1)
        for secret in (hook["secret"], new):
            verify(receiver.told[0], secret)
        clock.advance(timedelta(hours=24))
        await world.post(f"{path}/test", admin_of(stall))
        await hears(receiver, 2)
        verify(receiver.told[1], new)
        assert len(receiver.told[1][0]["webhook-signature"].split(" ")) == 1
        assert receiver.heard[1]["type"] == "webhook.test"


async def test_only_what_was_asked_for_is_told_and_numbered(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, receiver, types=["order.cancelled"])
        order = await stall.placed(world, (tier, 1))
        await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        [told] = await hears(receiver, 1)
        assert (told["number"], told["type"], told["data"]["status"]) == (1, "order.cancelled", "cancelled")
        await world.patch(f"/v1/webhooks/{hook['id']}", admin_of(stall), json={"types": []})
        await stall.placed(world, (tier, 1))
        assert [one["type"] for one in await hears(receiver, 2)] == ["order.cancelled", "order.placed"]


async def test_saying_everything_again_tells_no_system_anything(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        await make(world, stall, receiver)
        await stall.placed(world, (tier, 1))
        await hears(receiver, 1)
        async with world.database.transaction() as tx:
            assert await world.app.state.parts.republish(tx) == 2
        await stall.placed(world, (tier, 1))
        assert [one["number"] for one in await hears(receiver, 2)] == [1, 2]
        assert await world.count("webhook_deliveries") == 2


async def test_what_was_told_can_be_told_once_more_from_a_number_on(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        [tier] = await stall.open(world)
        hook = await make(world, stall, receiver)
        for _ in range(3):
            await stall.placed(world, (tier, 1))
        await came_to(world, stall, hook, *[("delivered", 1)] * 3)
        before = {headers["webhook-id"]: body for headers, body in receiver.told}
        path = f"/v1/webhooks/{hook['id']}/replay"
        assert (await world.post(path, admin_of(stall), json={"from": 2})).json() == {"count": 2}
        assert [one["number"] for one in await hears(receiver, 5)] == [1, 2, 2, 3, 3]
        assert {headers["webhook-id"]: body for headers, body in receiver.told} == before
        assert (await world.post(path, admin_of(stall), json={"from": 4})).json() == {"count": 0}


async def test_deliveries_are_listed_by_number_a_page_at_a_time(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        hook = await make(world, stall, receiver)
        for _ in range(3):
            await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
        path = f"/v1/webhooks/{hook['id']}/deliveries"
        first = (await world.get(path, admin_of(stall), params={"limit": 2})).json()
        rest = (await world.get(path, admin_of(stall), params={"after": first["nextAfter"]})).json()
        assert [one["number"] for one in first["items"]] == [1, 2]
        assert ([one["number"] for one in rest["items"]], rest["nextAfter"]) == ([3], None)


async def test_a_redirect_is_not_followed_and_no_answers_body_is_read(
    run: RunService, stall: "Stall", receiver: "Receiver", other_receiver: "Receiver"
) -> None:
    origins = f"{receiver.origin},{other_receiver.origin}"
    async with run(settings={"webhook_origins": origins}) as world:
        hook = await make(world, stall, receiver)
        receiver.status, receiver.headers = 307, {"Location": f"{other_receiver.origin}/hooks"}
        await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
        await came_to(world, stall, hook, ("waiting", 1))
        assert (await deliveries(world, stall, hook))[0]["lastAnswer"] == "307"
        receiver.status, receiver.headers = 200, {"Content-Encoding": "gzip"}
        receiver.body = b"x" * 5_000_000
        await world.post(f"/v1/webhooks/{hook['id']}/replay", admin_of(stall), json={"from": 1})
        await came_to(world, stall, hook, ("delivered", 1))
        assert other_receiver.told == []


async def test_a_name_that_leads_into_our_own_network_is_never_called(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run() as world:
        hook = await make(world, stall, receiver, url=f"https://localhost:{receiver.port}/hooks")
        await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
        await came_to(world, stall, hook, ("waiting", 1))
        assert (await deliveries(world, stall, hook))[0]["lastAnswer"] == "destination refused"
        assert receiver.told == []


async def test_addresses_that_may_not_be_called_are_refused_at_once(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    urls = [
        "http://shop.example.org/hooks",
        "ftp://shop.example.org/hooks",
        "https://127.0.0.1/hooks",
        "https://10.0.0.8/hooks",
        "https://[::1]/hooks",
        "https://169.254.169.254/latest/meta-data",
        "https://user:pass@shop.example.org/hooks",
        "https:///hooks",
        "/hooks",
        "shop.example.org",
        "https://shop.example.org/\x00",
        "https://shop.example.org/a b",
        "https://shop.example.org:99999/",
        "https://shop.example.org:0/",
        "https://shop..example.org/",
        "https://xn--a/",
        "https://%00/",
        "",
        "https://" + "a" * 2000 + ".example.org",
        receiver.origin,
    ]
    async with run() as world:
        path = f"/v1/organizations/{stall.organization_id}/webhooks"
        for url in urls:
            answer = await world.post(path, admin_of(stall), key=uuid4().hex, json={"url": url})
            assert answer.status_code == 422, url
            assert answer.json()["errors"][0]["pointer"] == "/url", url
        assert await world.count("webhook_endpoints") == 0
        hook = await make(world, stall, receiver, url="https://shop.example.org/hooks")
        changed = await world.patch(f"/v1/webhooks/{hook['id']}", admin_of(stall), json={"url": urls[0]})
        assert (changed.status_code, changed.json()["code"]) == (422, "commerce.webhook_url_refused")
        assert (await show(world, stall, hook))["url"] == "https://shop.example.org/hooks"


async def test_odd_bodies_are_refused_and_change_nothing(run: RunService, stall: "Stall", receiver: "Receiver") -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        hook = await make(world, stall, receiver)
        path = f"/v1/webhooks/{hook['id']}"
        bodies: list[tuple[str, dict[str, Any]]] = [
            ("PATCH", {"secret": "whsec_mine"}),
            ("PATCH", {"types": ["order.unheard_of"]}),
            ("PATCH", {"types": ["order.paid"] * 21}),
            ("PATCH", {"enabled": "no, thanks"}),
            ("PATCH", {"enabled": "no"}),
            ("PATCH", {"enabled": 0}),
            ("PATCH", {"url": 7}),
            ("POST", {"from": 0}),
            ("POST", {"from": 2**63}),
            ("POST", {"from": "1"}),
            ("POST", {"from": 1, "to": 2}),
            ("POST", {}),
        ]
        for method, body in bodies:
            where = path if method == "PATCH" else f"{path}/replay"
            assert (await world.call(method, where, admin_of(stall), json=body)).status_code == 422, body
        for after in ("-1", "x", str(2**63)):
            answer = await world.get(f"{path}/deliveries", admin_of(stall), params={"after": after})
            assert answer.status_code == 422, after
        shown = await show(world, stall, hook)
        assert (shown["url"], shown["types"], shown["enabled"]) == (f"{receiver.origin}/hooks", [], True)


async def test_another_organisations_webhook_is_as_if_it_were_not_there(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        hook = await make(world, stall, receiver)
        other = principals.member_of(type(stall)().organization_id, "owner")
        manager = principals.member_of(stall.organization_id, "manager")
        path = f"/v1/webhooks/{hook['id']}"
        of_team = f"/v1/organizations/{stall.organization_id}/webhooks"
        calls: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", of_team, {}),
            ("POST", of_team, {"json": {"url": f"{receiver.origin}/hooks"}, "key": "k"}),
            ("GET", path, {}),
            ("PATCH", path, {"json": {"enabled": False}}),
            ("DELETE", path, {}),
            ("POST", f"{path}/rotate-secret", {"key": "l"}),
            ("POST", f"{path}/test", {}),
            ("GET", f"{path}/deliveries", {}),
            ("POST", f"{path}/replay", {"json": {"from": 1}}),
        ]
        for method, where, options in calls:
            assert (await world.call(method, where, other, **options)).status_code == 404, where
            assert (await world.call(method, where, manager, **options)).status_code == 403, where
        assert await world.count("webhook_endpoints") == 1
        assert await world.count("webhook_deliveries") == 0
        assert (await show(world, stall, hook))["enabled"] is True


async def test_what_a_process_that_died_had_taken_is_told_once_its_lease_is_over(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
        hook = await make(world, stall, receiver)
        lease = {"until": clock.now() + timedelta(seconds=60)}
        await world.rows("UPDATE webhook_endpoints SET held_until = :until RETURNING 1", **lease)
        await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
        clock.advance(timedelta(seconds=60) - timedelta(microseconds=1))
        async with world.database.transaction() as tx:
            assert await take_due_endpoints(tx, 1) == []
        assert receiver.told == []
        clock.advance(timedelta(microseconds=1))
        await came_to(world, stall, hook, ("delivered", 1))


async def test_a_deleted_webhook_is_told_nothing_more_and_leaves_nothing_behind(
    run: RunService, stall: "Stall", receiver: "Receiver", other_receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": f"{receiver.origin},{other_receiver.origin}"}) as world:
        [tier] = await stall.open(world)
        gone, kept = await make(world, stall, receiver), await make(world, stall, other_receiver)
        await stall.placed(world, (tier, 1))
        await came_to(world, stall, gone, ("delivered", 1))
        assert (await world.delete(f"/v1/webhooks/{gone['id']}", admin_of(stall))).status_code == 204
        await stall.placed(world, (tier, 1))
        await came_to(world, stall, kept, ("delivered", 1), ("delivered", 1))
        assert len(receiver.told) == 1
        assert await world.count("webhook_deliveries") == 2
        assert (await world.get(f"/v1/webhooks/{gone['id']}", admin_of(stall))).status_code == 404


async def test_the_secret_is_shown_once_and_stays_out_of_everything_else(
    run: RunService, stall: "Stall", receiver: "Receiver", spans: InMemorySpanExporter
) -> None:
    with capture_logs() as logs:
        async with run(settings={"webhook_origins": receiver.origin}) as world:
            hook = await make(world, stall, receiver, url=f"{receiver.origin}/hooks?key=of-their-own")
            path = f"/v1/webhooks/{hook['id']}"
            receiver.status = 500
            await world.post(f"{path}/test", admin_of(stall))
            await came_to(world, stall, hook, ("waiting", 1))
            listed = await world.get(f"/v1/organizations/{stall.organization_id}/webhooks", admin_of(stall))
            shown = [
                listed.text,
                (await world.get(path, admin_of(stall))).text,
                (await world.patch(path, admin_of(stall), json={"types": []})).text,
                (await world.get(f"{path}/deliveries", admin_of(stall))).text,
            ]
    assert [one["id"] for one in listed.json()["items"]] == [hook["id"]]
    secret = hook["secret"].removeprefix("whsec_")
    traced = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "POST 127.0.0.1" in traced
    assert secret not in "".join(shown) + traced + str(logs)
    assert "of-their-own" not in traced + str(logs)


async def test_what_was_told_is_forgotten_after_thirty_days(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
        hook = await make(world, stall, receiver)
        path = f"/v1/webhooks/{hook['id']}/test"
        await world.post(path, admin_of(stall))
        await came_to(world, stall, hook, ("delivered", 1))
        clock.advance(timedelta(days=30))
        await stall.job(world, "forget-webhooks")
        await came_to(world, stall, hook, ("delivered", 1))
        await world.post(path, admin_of(stall))
        clock.advance(timedelta(microseconds=1))
        await stall.job(world, "forget-webhooks")
        assert [one["number"] for one in await deliveries(world, stall, hook)] == [2]


async def test_of_the_last_thing_that_was_told_only_its_number_is_kept_and_it_is_told_no_more(
    run: RunService, stall: "Stall", receiver: "Receiver", clock: FrozenClock
) -> None:
    """Its number tells an endpoint that was told nothing for long from one whose deliveries were lost."""
    receiver.status = 500
    async with run(settings={"webhook_origins": receiver.origin}, clock=clock) as world:
        hook = await make(world, stall, receiver)
        path = f"/v1/webhooks/{hook['id']}"
        await world.post(f"{path}/test", admin_of(stall))
        await came_to(world, stall, hook, ("waiting", 1))
        await world.post(f"{path}/test", admin_of(stall))
        await world.patch(path, admin_of(stall), json={"enabled": False})
        clock.advance(timedelta(days=30, microseconds=1))
        assert await deliveries(world, stall, hook) == [], "also before the job comes by"
        await stall.job(world, "forget-webhooks")
        kept = "SELECT number, body, next_attempt_at FROM webhook_deliveries"
        assert await world.rows(kept) == [{"number": 2, "body": "{}", "next_attempt_at": None}]
        told = len(receiver.told)
        await world.patch(path, admin_of(stall), json={"enabled": True})
        again = await world.post(f"{path}/replay", admin_of(stall), json={"from": 1})
        assert (again.status_code, again.json()) == (202, {"count": 0})
        await check_invariants(world.database)
        receiver.status = 200
        await world.post(f"{path}/test", admin_of(stall))
        await came_to(world, stall, hook, ("delivered", 1))
        assert [one["number"] for one in receiver.heard[told:]] == [3]
        await stall.job(world, "forget-webhooks")
        assert [row["number"] for row in await world.rows(kept)] == [3]
        await check_invariants(world.database)


@pytest.mark.parametrize(
    ("lost", "kept"), [("true", 0), ("number = 2", 2), ("number = 3", 2)], ids=["all", "one-between", "the-last"]
)
async def test_deliveries_that_were_lost_are_found(
    run: RunService, stall: "Stall", receiver: "Receiver", lost: str, kept: int
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world:
        hook = await make(world, stall, receiver)
        await make(world, stall, receiver, types=["order.refunded"])
        for _ in range(3):
            await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
        await check_invariants(world.database)
        async with world.database.transaction() as tx:
            await tx.execute(text(f"DELETE FROM webhook_deliveries WHERE {lost}"))
        with pytest.raises(InvariantsBroken) as broken:
            await check_invariants(world.database)
        assert broken.value.details["findings"] == f"webhook {hook['id']}: {kept} kept, but the next number is 4"


async def test_what_was_said_of_two_organisations_at_once_each_hears_of_its_own(
    run: RunService, stall: "Stall", receiver: "Receiver", other_receiver: "Receiver"
) -> None:
    other = type(stall)()
    async with run(settings={"webhook_origins": f"{receiver.origin},{other_receiver.origin}"}) as world:
        [mine], [theirs] = await stall.open(world), await other.open(world)
        await make(world, stall, receiver)
        await make(world, other, other_receiver)
        async with world.database.transaction() as tx:
            assert await take_cursor(tx) is not None, "so that both are told on together"
            ours = [(await stall.placed(world, (mine, 1)))["id"] for _ in range(2)]
            foreign = [(await other.placed(world, (theirs, 1)))["id"] for _ in range(2)]
        for system, expected in ((receiver, ours), (other_receiver, foreign)):
            assert [one["data"]["orderId"] for one in await hears(system, 2)] == expected
        rows = await world.rows(
            "SELECT organization_id, count(*) AS told FROM webhook_deliveries "
            "JOIN webhook_endpoints ON webhook_endpoints.id = endpoint_id GROUP BY organization_id"
        )
        told = {row["organization_id"]: row["told"] for row in rows}
        assert told == {stall.organization_id.uuid: 2, other.organization_id.uuid: 2}

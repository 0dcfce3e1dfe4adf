"""Apps that are too old: told so, warned before, never kept from what they need to do about it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.messages import ClientPolicyChanged
from common.testing.clock import FrozenClock
from gateway.routes import ROWS
from gateway.testing import RunGateway, World, holds, json_answer
from gateway.testing.wire import Answer, Heard
from gateway.upstream.call import MAX_ANSWER

STORE = "https://store.example/lanyard"
CHANGED_AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
OLD = {"x-app-platform": "ios", "x-app-version": "2.8.1", "x-app-build": "77"}


def policy(sequence: int = 1, **changes: Any) -> ClientPolicyChanged:
    usual: dict[str, Any] = {
        "sequence": sequence,
        "platform": "ios",
        "minimum": "2.9",
        "minimum_build": 300,
        "latest": "2.10.1",
        "blocked": ("2.9.5",),
        "store_url": STORE,
        "message": "Passes moved house.",
        "deadline_at": None,
        "changed_at": CHANGED_AT,
    }
    return ClientPolicyChanged(**(usual | changes))


def told(*policies: ClientPolicyChanged, tag: str = '"one"') -> bytes:
    body = f'{{"items":[{",".join(each.body() for each in policies)}]}}'
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\netag: {tag}\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def ask(world: World, headers: dict[str, str]) -> Answer:
    return await world.ask("GET", "/v1/events", headers)


async def test_an_app_below_the_minimum_is_sent_to_its_store_and_reaches_no_service(world: World) -> None:
    """Scenario 23."""
    world.built.policies.on_changed(policy())
    answer = await ask(world, OLD)
    assert (answer.status, answer.code, answer.all("upgrade")) == (426, "gateway.app_too_old", [])
    problem = answer.json()
    assert problem == {
        "type": "https://lanyard.dev/problems/gateway.app_too_old",
        "title": "App too old",
        "status": 426,
        "detail": "This version of the app is no longer served. Update it to go on; `upgradeUrl` leads to its store.",
        "code": "gateway.app_too_old",
        "traceId": problem["traceId"],
        "platform": "ios",
        "standing": "required",
        "minimum": "2.9",
        "latest": "2.10.1",
        "upgradeUrl": STORE,
        "message": "Passes moved house.",
    }
    assert answer.one("cache-control") == "no-store"
    assert world["events"].heard == []


async def test_an_old_app_is_told_before_anyone_asks_who_it_is(world: World) -> None:
    world.built.policies.on_changed(policy())
    for token in ("", "nonsense", world.identity.sign_in()):
        assert (await world.ask("GET", "/v1/orders", OLD, token=token)).status == 426
    assert world.identity.looked_up() == 0


@pytest.mark.parametrize(
    ("version", "build", "status"),
    [
        ("2.9", "300", 200),
        ("2.9", "299", 426),
        ("2.9", None, 200),
        ("2.9", "many", 200),
        ("v2.9.1-beta", "1", 200),
        ("2.10", None, 200),
        ("2.8.99", "999", 426),
        ("2.9.5", "999", 426),
        ("2.9.5.0", None, 426),
        ("3", None, 200),
        ("nightly", None, 200),
        ("", None, 200),
        (None, "1", 200),
        ("2.8 " + "x" * 40, None, 200),
        ("2.8\x80", None, 200),
    ],
)
async def test_versions_count_by_number_and_what_nobody_can_read_passes(
    world: World, version: str | None, build: str | None, status: int
) -> None:
    """Scenario 23."""
    world.built.policies.on_changed(policy())
    fields = {"x-app-platform": "iOS", "x-app-version": version, "x-app-build": build}
    answer = await ask(world, {name: value for name, value in fields.items() if value is not None})
    assert (answer.status, len(world["events"].heard)) == (status, int(status == 200))


async def test_without_a_platform_that_has_a_policy_everything_passes(world: World) -> None:
    world.built.policies.on_changed(policy())
    for headers in ({}, {"x-app-version": "1"}, OLD | {"x-app-platform": "palm"}, OLD | {"x-app-platform": "android"}):
        assert (await ask(world, headers)).status == 200
    assert len(world["events"].heard) == 4


async def test_what_is_said_twice_is_not_read(world: World) -> None:
    world.built.policies.on_changed(policy())
    lines = b"X-App-Platform: ios\r\nX-App-Version: 1\r\nX-App-Version: 9\r\nConnection: close\r\n"
    (answer,) = await world.raw(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
    assert answer.status == 200
    assert 'lanyard_gateway_apps_total{outcome="unreadable",platform="ios"} 1.0' in await metrics(world)


async def test_in_its_last_days_an_app_passes_with_the_dates_and_after_them_it_does_not(
    run: RunGateway,
) -> None:
    """Scenario 23."""
    clock = FrozenClock(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))
    async with run(clock=clock) as world:
        world.built.policies.on_changed(policy(deadline_at=datetime(2026, 12, 1, 9, 30, tzinfo=UTC)))
        answer = await ask(world, OLD)
        assert answer.status == 200
        assert answer.one("deprecation") == "@1793534400"
        assert answer.one("sunset") == "Tue, 01 Dec 2026 09:30:00 GMT"
        assert answer.one("link") == (
            '<https://store.example/lanyard>; rel="deprecation", '
            '</v1/client-policy?platform=ios>; rel="sunset"; type="application/json"'
        )
        fine = await ask(world, OLD | {"x-app-version": "2.10"})
        assert (fine.status, fine.all("deprecation"), fine.all("sunset"), fine.all("link")) == (200, [], [], [])
        blocked = await ask(world, OLD | {"x-app-version": "2.9.5"})
        assert (blocked.status, blocked.json()["standing"]) == (426, "blocked")
        assert len(world["events"].heard) == 2
        clock.advance(timedelta(days=11))
        assert (await ask(world, OLD)).status == 426
        assert len(world["events"].heard) == 2
        text = await metrics(world)
        for outcome, count in (("warned", 1), ("passed", 1), ("refused", 2)):
            assert f'lanyard_gateway_apps_total{{outcome="{outcome}",platform="ios"}} {count}.0' in text


async def test_a_link_to_a_store_stays_one_link(world: World) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    world.built.policies.on_changed(policy(store_url='market://details?id=a>;rel="x"', deadline_at=later))
    assert (await ask(world, OLD)).one("link").startswith('<market://details?id=a%3E;rel=%22x%22>; rel="deprecation"')
    world.built.policies.on_changed(policy(2, store_url=None, deadline_at=later))
    assert (await ask(world, OLD)).one("link").startswith("</v1/client-policy?platform=ios>")


ANY_APP = {
    "GET /o/{token}",
    "GET /o/{token}/receipt.pdf",
    "POST /o/{token}/payments",
    "GET /sandbox/checkout/{paymentId}",
    "GET /v1/client-policy",
    "PATCH /v1/client-policy/{platform}",
    "POST /sandbox/checkout/{paymentId}",
    "POST /v1/auth/sign-out",
    "POST /v1/deployments/railway/{secret}",
    "POST /v1/payments/webhooks/{provider}",
    *(f"POST /v1/cron/{name}.{{job}}" for name in ("commerce", "dp", "events", "identity", "releases", "wallet")),
}


async def test_only_what_an_old_app_needs_and_what_is_no_apps_call_stays_open(world: World) -> None:
    """Scenario 23: every row of the table."""
    world.built.policies.on_changed(policy())
    refused = set()
    for row in ROWS:
        path = row.path.replace("{platform}", "ios").replace("{", "").replace("}", "")
        body = None if row.method in ("GET", "DELETE") else b"{}"
        answer = await world.ask(row.method, path, OLD | {"idempotency-key": "k"}, body)
        if answer.status == 426:
            refused.add(f"{row.method} {row.path}")
    assert {f"{row.method} {row.path}" for row in ROWS} - refused == ANY_APP


@pytest.mark.parametrize(
    "path",
    ["/health", "/healthz", "/readyz", "/status", "/status.json", "/docs", "/openapi.json", "/assets/lanyard.css"],
)
async def test_the_gateways_own_addresses_stay_open_to_old_apps(world: World, path: str) -> None:
    world.built.policies.on_changed(policy())
    assert (await world.ask("GET", path, OLD)).status in (200, 503)


async def test_whatever_order_policies_arrive_in_the_newest_one_holds(world: World) -> None:
    policies = world.built.policies
    policies.on_changed(policy(3, minimum="2.5"))
    policies.on_changed(policy(2, minimum="9", latest="9"))
    assert (await ask(world, OLD)).status == 200
    policies.on_changed(policy(4))
    policies.on_changed(policy(4, minimum=None))
    assert (await ask(world, OLD)).status == 426


async def test_a_policy_that_cannot_be_compared_changes_nothing(world: World) -> None:
    policies = world.built.policies
    policies.on_changed(policy(1))
    wrongs: list[dict[str, Any]] = [{"minimum": "new"}, {"latest": "1..2"}, {"blocked": ("2.1", "x")}]
    for number, wrong in enumerate(wrongs, 2):
        policies.on_changed(policy(number, **wrong))
        assert (await ask(world, OLD)).status == 426
        assert (await ask(world, OLD | {"x-app-version": "3"})).status == 200


async def test_a_gateway_that_starts_asks_releases_as_itself_and_goes_on_asking_with_what_it_has(
    run: RunGateway,
) -> None:
    async with run(client_policy_seconds=0.05) as world:
        releases = world["releases"]
        releases.reply = lambda _: told(policy())
        await holds(lambda: world.built.policies.heard, "the policy")
        assert (await ask(world, OLD)).status == 426

        def not_modified(request: Heard) -> bytes:
            return b'HTTP/1.1 304 Not Modified\r\netag: "one"\r\n\r\n'

        releases.reply = not_modified
        seen = len(releases.heard)
        await holds(lambda: len(releases.heard) > seen + 2, "further questions")
        assert releases.heard[-1].target == "/internal/client-policies"
        assert releases.heard[-1].one("if-none-match") == '"one"'
        assert (await ask(world, OLD)).status == 426
        releases.reply = lambda _: told(policy(2, minimum="2.5"), tag='"two"')

        async def until_it_passes() -> None:
            while (await ask(world, OLD)).status != 200:
                await asyncio.sleep(0.01)

        await asyncio.wait_for(until_it_passes(), 10)


@pytest.mark.parametrize(
    "reply",
    [
        json_answer({"items": [{"platform": "ios"}]}),
        json_answer({"code": "x"}, "503 Service Unavailable"),
        json_answer([]),
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (MAX_ANSWER + 1) + b"[" * (MAX_ANSWER + 1),
        b"nonsense\r\n\r\n",
    ],
    ids=["half a policy", "an error", "a list", "half a document", "too much", "no HTTP"],
)
async def test_what_is_known_stays_while_releases_cannot_tell(world: World, reply: bytes) -> None:
    policies = world.built.policies
    world["releases"].reply = lambda _: told(policy())
    await policies.ask()
    world["releases"].reply = lambda _: reply
    await policies.ask()
    assert (await ask(world, OLD)).status == 426
    await world["releases"].stop()
    await policies.ask()
    assert ((await ask(world, OLD)).status, policies.heard) == (426, True)


async def test_before_releases_was_heard_every_app_passes(world: World) -> None:
    await world["releases"].stop()
    await world.built.policies.ask()
    assert ((await ask(world, OLD)).status, world.built.policies.heard) == (200, False)


async def test_made_up_versions_do_not_fill_the_memory(world: World) -> None:
    policies = world.built.policies
    policies.on_changed(policy())
    for number in range(1_001):
        assert (await ask(world, OLD | {"x-app-version": f"1.{number}"})).status == 426
    assert len(policies._told) == 1


async def metrics(world: World) -> str:
    return (await world.ask("GET", "/metrics")).body.decode()

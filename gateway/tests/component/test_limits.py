"""What callers see of their limits, and what services never see of those who pass them."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import http_sf
import pytest

from common.messages import ClientPolicyChanged
from common.testing import principals
from gateway.routes import ROWS
from gateway.routing import Deprecated, Public, Row
from gateway.testing import Answer, RunGateway, World, holds

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
RETIRED = Row("GET", "/v1/retired", "events", Public("a test of limits"), deprecated=Deprecated(LONG_AGO, LONG_AGO))
TOO_OLD = ClientPolicyChanged(
    sequence=1,
    platform="ios",
    minimum="2.0",
    minimum_build=None,
    latest=None,
    blocked=(),
    store_url=None,
    message=None,
    deadline_at=None,
    changed_at=LONG_AGO,
)
PROBLEMS = "https://iana.org/assignments/http-problem-types#"


def field(answer: Answer, name: str) -> dict[str, dict[str, Any]]:
    """A field as an independent parser of structured fields reads it: policy → parameters."""
    items: Any = http_sf.parse(answer.one(name).encode(), tltype="list")
    return dict(items)


async def settled(world: World) -> None:
    await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the lease and identity's keys")


async def test_request_101_of_100_is_refused_in_the_words_of_the_draft(run: RunGateway) -> None:
    """Scenario 7; G9."""
    async with run(rate_limits={"read": (100, 60)}) as world:
        await settled(world)
        token = world.identity.sign_in()
        answers = [await world.ask("GET", "/v1/orders", token=token) for _ in range(101)]
        assert [answer.status for answer in answers] == [200] * 100 + [429]
        assert [field(answer, "ratelimit")["read"]["r"] for answer in answers] == [*range(99, -1, -1), 0]
        assert field(answers[0], "ratelimit-policy") == {"read": {"q": 100, "w": 60}}
        refused = answers[100]
        wait = field(refused, "ratelimit")["read"]["t"]
        assert 0 < wait <= 60
        assert int(refused.one("retry-after")) == wait
        assert refused.code == "gateway.quota_exceeded"
        assert refused.json()["type"] == PROBLEMS + "quota-exceeded"
        assert refused.json()["violated-policies"] == ["read"]
        assert len(world["commerce"].heard) == 100


async def test_hundreds_at_once_get_exactly_the_quota(run: RunGateway) -> None:
    async with run(rate_limits={"read": (100, 60)}) as world:
        await settled(world)
        token = world.identity.sign_in()
        answers = await asyncio.gather(*(world.ask("GET", "/v1/orders", token=token) for _ in range(300)))
        assert Counter(answer.status for answer in answers) == {200: 100, 429: 200}
        assert len(world["commerce"].heard) == 100


async def test_every_policy_of_a_route_is_told_and_one_refusal_costs_the_others_nothing(run: RunGateway) -> None:
    """G11: tickets, free ones among them, have limits of their own beside the usual one."""
    limits = {"buy": (50, 60), "tickets": (2, 600), "tickets-network": (30, 600), "network": (40, 60)}
    async with run(rate_limits=limits, loopback_exempt=False) as world:
        await settled(world)
        token = world.identity.sign_in()

        async def order(key: int) -> Answer:
            return await world.ask("POST", "/v1/orders", {"idempotency-key": f"k{key}"}, b"{}", token)

        answers = [await order(key) for key in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 429, 429, 429]
        assert field(answers[4], "ratelimit-policy") == {
            "buy": {"q": 50, "w": 60},
            "tickets": {"q": 2, "w": 600},
            "tickets-network": {"q": 30, "w": 600},
            "network": {"q": 40, "w": 60},
        }
        left = {name: told["r"] for name, told in field(answers[4], "ratelimit").items()}
        assert left == {"buy": 48, "tickets": 0, "tickets-network": 28, "network": 38}
        assert answers[4].code == "gateway.abnormal_usage"
        assert answers[4].json()["type"] == PROBLEMS + "abnormal-usage-detected"
        assert answers[4].json()["violated-policies"] == ["tickets"]
        assert 60 < int(answers[4].one("retry-after")) <= 600
        assert len(world["commerce"].heard) == 2


async def test_one_network_with_many_accounts_is_bounded(run: RunGateway) -> None:
    async with run(rate_limits={"network": (10, 60)}, loopback_exempt=False) as world:
        await settled(world)
        tokens = [world.identity.sign_in(principals.user(f"{name}@example.org")) for name in range(15)]
        answers = [await world.ask("GET", "/v1/orders", token=token) for token in tokens]
        assert [answer.status for answer in answers] == [200] * 10 + [429] * 5
        assert answers[-1].json()["violated-policies"] == ["network"]
        assert len(world["commerce"].heard) == 10


async def test_a_network_beyond_its_ceiling_costs_identity_nothing(run: RunGateway) -> None:
    """Nothing is looked up, verified or asked for those who are refused anyway; the anonymous are refused alike."""
    async with run(rate_limits={"network": (1, 60)}, loopback_exempt=False) as world:
        await settled(world)
        assert (await world.ask("GET", "/v1/events")).status == 200
        token = world.identity.sign_in()
        before = len(world.identity.heard)
        refused = [await world.ask("GET", "/v1/orders", token=token), await world.ask("GET", "/v1/events")]
        assert [answer.json()["violated-policies"] for answer in refused] == [["network"], ["network"]]
        assert len(world.identity.heard) == before
        assert len(world["commerce"].heard) == 0
        assert (await world.ask("GET", "/healthz")).status == 200


@pytest.mark.parametrize(
    ("target", "bearer", "status"),
    [("/v1/orders", "", 401), ("/v1/orders", "nonsense", 401), ("/v1/admin/users", "mine", 403)],
    ids=["no token", "wrong token", "no capability"],
)
async def test_whoever_is_turned_away_at_the_door_has_asked_too(
    run: RunGateway, target: str, bearer: str, status: int
) -> None:
    async with run(rate_limits={"network": (3, 60)}, loopback_exempt=False) as world:
        await settled(world)
        token = world.identity.sign_in() if bearer == "mine" else bearer
        answers = [await world.ask("GET", target, token=token) for _ in range(4)]
        assert [answer.status for answer in answers] == [status] * 3 + [429]
        assert field(answers[0], "ratelimit") == {"network": {"r": 2, "t": 60}}


SITE = {"origin": "https://tickets.example", "access-control-request-method": "GET"}


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("OPTIONS", "/v1/orders", SITE, 204),
        ("OPTIONS", "/openapi.json", SITE, 204),
        ("GET", "/v1/none", {}, 404),
        ("DELETE", "/v1/orders", {}, 405),
        ("POST", "/status", {}, 405),
        ("GET", "/v1/events/..", {}, 400),
        ("GET", "/v1/retired", {}, 410),
        ("GET", "/v1/events", {"x-app-platform": "ios", "x-app-version": "1"}, 426),
    ],
    ids=["preflight", "own preflight", "no row", "no method", "own method", "dot segment", "retired", "old app"],
)
async def test_what_never_comes_to_the_door_counts_for_its_network(
    run: RunGateway, method: str, target: str, headers: dict[str, str], status: int
) -> None:
    """Nothing a stranger may ask for without end, be it answered without any service; probes of health stay free."""
    async with run(
        rows=(*ROWS, RETIRED), rate_limits={"network": (3, 60)}, loopback_exempt=False, cors_origins=SITE["origin"]
    ) as world:
        await settled(world)
        world.built.policies.on_changed(TOO_OLD)
        answers = [await world.ask(method, target, headers) for _ in range(5)]
        assert [answer.status for answer in answers] == [status] * 3 + [429] * 2
        assert [field(answer, "ratelimit")["network"]["r"] for answer in answers] == [2, 1, 0, 0, 0]
        assert answers[4].json()["violated-policies"] == ["network"]
        assert (await world.ask("GET", "/v1/events")).status == 429, "one quota for all a network asks"
        assert (await world.ask("GET", "/readyz")).status == 200
        assert world["events"].heard == []


async def test_a_preflight_beyond_the_ceiling_may_be_read_by_the_page_that_asked(run: RunGateway) -> None:
    async with run(rate_limits={"network": (1, 60)}, loopback_exempt=False, cors_origins=SITE["origin"]) as world:
        answers = [await world.ask("OPTIONS", "/v1/orders", SITE) for _ in range(2)]
        assert [answer.status for answer in answers] == [204, 429]
        assert {answer.one("access-control-allow-origin") for answer in answers} == {SITE["origin"]}
        assert answers[1].all("access-control-allow-methods") == []
        assert int(answers[1].one("retry-after")) > 0


async def test_the_known_on_a_public_route_have_quotas_of_their_own(run: RunGateway) -> None:
    """At a venue everyone has one address: strangers there may use up theirs without stopping who is signed in."""
    async with run(rate_limits={"public-read": (1, 60), "read": (2, 60)}, loopback_exempt=False) as world:
        await settled(world)
        strangers = [await world.ask("GET", "/v1/events") for _ in range(2)]
        assert [answer.status for answer in strangers] == [200, 429]
        token = world.identity.sign_in()
        known = [await world.ask("GET", "/v1/events", token=token) for _ in range(3)]
        assert [answer.status for answer in known] == [200, 200, 429]
        assert known[2].json()["violated-policies"] == ["read"]
        assert len(world["events"].heard) == 3


VELOCITY = {
    "POST /v1/auth/email/start": ["sign-in-mail"],
    "POST /v1/auth/backers/check": ["code-claim"],
    "POST /v1/orders": ["tickets", "tickets-network"],
    "POST /v1/orders/{orderId}/payments": ["checkout"],
}


def test_what_programs_run_at_has_a_velocity_class() -> None:
    """G11: sign-in mail, the claim of codes, tickets (free ones too), checkout."""
    rows = {f"{row.method} {row.path}": [each.name for each in row.velocity] for row in ROWS if row.velocity}
    assert rows == VELOCITY
    assert all(each.velocity for row in ROWS for each in row.velocity)


@pytest.mark.parametrize("target", ["/v1/auth/email/start", "/v1/auth/backers/check"])
async def test_nobody_tries_codes_or_mails_strangers_at_speed(run: RunGateway, target: str) -> None:
    """G11."""
    limits = {"sign-in-mail": (3, 3600), "code-claim": (3, 900)}
    async with run(rate_limits=limits, loopback_exempt=False) as world:
        answers = [await world.ask("POST", target, body=b"{}") for _ in range(5)]
        assert [answer.status for answer in answers] == [200] * 3 + [429] * 2
        assert answers[4].json()["type"] == PROBLEMS + "abnormal-usage-detected"
        assert len(world.identity.asked()) == 3


def test_every_row_counts_towards_the_ceiling_of_its_network() -> None:
    for row in ROWS:
        assert (row.policies[-1].name, row.policies_of_strangers[-1].name) == ("network", "network")


async def test_behind_a_trusted_proxy_the_client_counts_and_not_the_proxy(run: RunGateway) -> None:
    """G19: the left of X-Forwarded-For is whatever the client wrote."""
    limits = {"public-read": (2, 60)}
    async with run(rate_limits=limits, loopback_exempt=False, trusted_proxies=("127.0.0.0/8",)) as world:

        async def ask(forwarded: str) -> int:
            return (await world.ask("GET", "/v1/events", {"x-forwarded-for": forwarded})).status

        assert [await ask(f"10.9.8.{number}, 198.51.100.1") for number in range(3)] == [200, 200, 429]
        assert [await ask("198.51.100.1:4711"), await ask("::ffff:198.51.100.1")] == [429, 429]
        assert [await ask(f"[2001:db8:1:2::{number}]:443") for number in range(3)] == [200, 200, 429]
        assert await ask("2001:db8:1:3::1") == 200
        assert len(world["events"].heard) == 5

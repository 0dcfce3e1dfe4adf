"""What the gateway answers itself."""

import re

import pytest

from gateway.testing import RunGateway, World, json_answer
from gateway.testing.wire import Heard
from gateway.tracing import RequestTrace, Tracing

READY = json_answer({"service": "x", "status": "ready", "dependencies": {"database": {"status": "ok"}}})
DEGRADED = json_answer({"service": "x", "status": "degraded", "dependencies": {"nats": {"status": "away"}}})
EVENTS_API = {
    "openapi": "3.1.0",
    "paths": {
        "/v1/events": {
            "get": {"summary": "List <events>", "responses": {"200": {}}},
            "post": {
                "responses": {"201": {}},
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
            },
        },
        "/v1/unlisted": {"get": {"responses": {}}},
    },
    "components": {"schemas": {"Page": {"type": "object", "properties": {"name": {}}, "required": ["name"]}}},
}
COMMERCE_API = {
    "openapi": "3.1.0",
    "paths": {"/v1/orders/{id}": {"get": {"responses": {"200": {"$ref": "#/components/schemas/Page"}}}}},
    "components": {"schemas": {"Page": {"type": "object", "properties": {"total": {}}}}},
}


def all_ready(world: World) -> None:
    def reply(heard: Heard) -> bytes:
        if heard.target == "/openapi.json":
            return json_answer({"paths": {}})
        return READY

    for service in world.services.values():
        service.reply = reply
    world.identity.other = reply
    world.identity.reply = world.identity.tell


async def test_health_is_200_only_when_everything_is_ready(world: World) -> None:
    all_ready(world)
    answer = await world.ask("GET", "/health")
    assert (answer.status, answer.json()["status"]) == (200, "ready")
    assert sorted(answer.json()["services"]) == ["commerce", "dp", "events", "identity", "releases", "wallet"]
    assert answer.json()["services"]["dp"] == {"status": "ready", "dependencies": {"database": {"status": "ok"}}}


async def test_health_names_who_is_missing_and_who_is_degraded(world: World) -> None:
    all_ready(world)
    world["wallet"].reply = lambda _: DEGRADED
    world["releases"].reply = lambda _: json_answer({"nonsense": True})
    await world["events"].stop()
    answer = await world.ask("GET", "/health")
    states = {name: told["status"] for name, told in answer.json()["services"].items()}
    assert (answer.status, answer.json()["status"]) == (503, "degraded")
    assert (states["wallet"], states["events"], states["releases"], states["dp"]) == (
        "degraded",
        "away",
        "away",
        "ready",
    )


async def test_readiness_goes_red_first_when_the_gateway_leaves(world: World) -> None:
    ready = await world.ask("GET", "/readyz")
    assert (ready.status, ready.json()["status"]) == (200, "ready")
    world.built.state.draining = True
    leaving = await world.ask("GET", "/readyz")
    assert (leaving.status, leaving.json()["dependencies"]) == (503, {"identityKeys": True, "accepting": False})
    assert (await world.ask("GET", "/healthz")).status == 200
    still = await world.ask("GET", "/v1/events")
    assert (still.status, still.one("connection")) == (200, "close")


async def test_metrics_name_routes_by_template_and_may_ask_for_a_bearer(run: RunGateway) -> None:
    async with run(metrics_token="m3trics") as world:
        await world.ask("GET", "/v1/events/evt_secret?token=abc")
        await world.ask("GET", "/v1/none/of/these")
        assert (await world.ask("GET", "/metrics")).status == 401
        assert (await world.ask("GET", "/metrics", token="other")).status == 401
        text = (await world.ask("GET", "/metrics", token="m3trics")).body.decode()
    assert 'lanyard_gateway_requests_total{method="GET",route="/v1/events/{eventId}",status="200"} 1.0' in text
    assert 'lanyard_gateway_refusals_total{code="gateway.no_such_route"} 1.0' in text
    assert "evt_secret" not in text and "none/of" not in text


async def test_the_document_holds_what_the_table_lists_and_what_the_table_knows(world: World) -> None:
    all_ready(world)
    world["events"].reply = lambda _: json_answer(EVENTS_API)
    world["commerce"].reply = lambda _: json_answer(COMMERCE_API)
    document = (await world.ask("GET", "/openapi.json")).json()
    assert sorted(document["paths"]) == ["/v1/events", "/v1/orders/{orderId}"]
    post = document["paths"]["/v1/events"]["post"]
    assert (post["x-who"], post["security"], post["tags"]) == (
        "needs events:event:write",
        [{"accessToken": []}],
        ["events"],
    )
    schemas = document["components"]["schemas"]
    assert sorted(schemas) == ["EventsPage", "Page"]
    body = post["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/EventsPage"}
    assert list(schemas["EventsPage"]["properties"]) == ["name"]
    assert list(schemas["Page"]["properties"]) == ["total"]


async def test_the_page_is_whole_without_script_and_escapes_what_it_shows(world: World) -> None:
    all_ready(world)
    world["events"].reply = lambda _: json_answer(EVENTS_API)
    answer = await world.ask("GET", "/docs")
    page = answer.body.decode()
    assert answer.one("content-type") == "text/html; charset=utf-8"
    assert "List &lt;events&gt;" in page and "<events>" not in page
    assert re.findall(r'(?:src|href)="([^"#][^"]*)"', page) == ["/assets/lanyard.css", "/openapi.json", "/health"]
    assert "<script" not in page and "style=" not in page


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/assets/lanyard.css", "text/css; charset=utf-8"), ("/assets/lanyard.js", "text/javascript; charset=utf-8")],
)
async def test_the_shared_assets_are_served_here(world: World, path: str, kind: str) -> None:
    answer = await world.ask("GET", path)
    assert (answer.status, answer.one("content-type")) == (200, kind)
    assert b"http" not in answer.body
    head = await world.ask("HEAD", path)
    assert (head.status, head.one("content-length")) == (200, str(len(answer.body)))
    refused = await world.ask("POST", path, body=b"")
    assert (refused.status, refused.one("allow")) == (405, "GET, HEAD")


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    for target in ("/v1/events", "/v1/none", "/healthz", "/assets/lanyard.css", "/v1/me"):
        answer = await world.ask("GET", target)
        assert answer.one("x-content-type-options") == "nosniff"
        assert "script-src 'self';" in answer.one("content-security-policy")
        assert answer.all("server") == []


async def test_answers_over_https_say_so(run: RunGateway) -> None:
    async with run(public_url="https://lanyard.example") as world:
        assert (await world.ask("GET", "/healthz")).one("strict-transport-security").startswith("max-age=31536000")
    async with run() as world:
        assert (await world.ask("GET", "/healthz")).all("strict-transport-security") == []


class BrokenTrace:
    """A fault of our own, as none would be written on purpose."""

    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    def to_service(self, service: str, method: str) -> str:
        raise RuntimeError("a secret of the house")

    def end(self, status: int) -> None:
        return


class BrokenTracing(Tracing):
    def begin(self, method: str, route: str, caller: str | None) -> RequestTrace:
        return BrokenTrace()


async def test_a_fault_of_our_own_is_a_500_that_tells_nothing(run: RunGateway) -> None:
    async with run(tracing=BrokenTracing()) as world:
        answer = await world.ask("GET", "/v1/events")
        assert (answer.status, answer.code) == (500, "common.internal_fault")
        assert b"secret" not in answer.body
        assert answer.json()["traceId"] == BrokenTrace.trace_id
        assert (await world.ask("GET", "/healthz")).status == 200


async def test_a_limited_route_tells_its_policy_and_refuses_beyond_it(run: RunGateway) -> None:
    async with run(rate_limits={"read": (2, 60), "public-read": (1, 60)}, loopback_exempt=False) as world:
        one, other = world.identity.sign_in(), world.identity.sign_in()
        answers = [await world.ask("GET", "/v1/orders", token=token) for token in (one, one, one, other)]
        assert [answer.status for answer in answers] == [200, 200, 429, 200]
        assert [answer.one("ratelimit-policy") for answer in answers] == ['"read";q=2;w=60'] * 4
        assert answers[1].one("ratelimit").startswith('"read";r=0;t=')
        refused = answers[2]
        assert refused.code == "gateway.quota_exceeded"
        assert refused.json()["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
        assert refused.json()["violatedPolicies"] == ["read"]
        assert 0 < int(refused.one("retry-after")) <= 60
        assert len(world["commerce"].heard) == 3
        assert [(await world.ask("GET", "/v1/events")).status for _ in range(2)] == [200, 429]
        assert len(world["events"].heard) == 1

"""What the gateway answers itself."""

import pytest

from gateway.testing import RunGateway, World, json_answer
from gateway.testing.wire import Heard
from gateway.tracing import RequestTrace, Tracing

READY = json_answer({"service": "x", "status": "ready", "dependencies": {"database": {"status": "ok"}}})
DEGRADED = json_answer({"service": "x", "status": "degraded", "dependencies": {"nats": {"status": "away"}}})


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
    needs = {"identityKeys": True, "accepting": False, "services": True}
    assert (leaving.status, leaving.json()["dependencies"]) == (503, needs)
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


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("/he%61lthz", "/healthz"),
        ("/%72eadyz", "/readyz"),
        ("/assets/lanyard%2Ecss", "/assets/lanyard.css"),
        ("/openapi%2ejson?x=1", "/openapi.json"),
    ],
)
async def test_an_address_written_with_escapes_is_the_same_address(world: World, escaped: str, plain: str) -> None:
    """The path is read once, here as on every route."""
    answer, expected = await world.ask("GET", escaped), await world.ask("GET", plain)
    assert (answer.status, answer.body) == (200, expected.body)
    refused = await world.ask("DELETE", escaped)
    assert (refused.status, refused.one("allow")) == (405, "GET, HEAD")


class BrokenTrace:
    """A fault of our own, as none would be written on purpose."""

    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    def to_service(self, service: str, method: str) -> str:
        raise RuntimeError("a secret of the house")

    def end(self, status: int) -> None:
        return


class BrokenTracing(Tracing):
    def begin(self, method: str, route: str, caller: bytes | None) -> RequestTrace:
        return BrokenTrace()


async def test_a_fault_of_our_own_is_a_500_that_tells_nothing(run: RunGateway) -> None:
    async with run(tracing=BrokenTracing()) as world:
        answer = await world.ask("GET", "/v1/events")
        assert (answer.status, answer.code) == (500, "common.internal_fault")
        assert b"secret" not in answer.body
        assert answer.json()["traceId"] == BrokenTrace.trace_id
        assert (await world.ask("GET", "/healthz")).status == 200

"""The documents as a caller gets them: merged from services that come, go and change."""

import asyncio
import gzip
import re
from dataclasses import replace
from datetime import timedelta

from common.testing.clock import FrozenClock
from gateway.routes import ROWS
from gateway.testing import RunGateway, World, json_answer
from gateway.testing.wire import Heard

EVENTS_API = {
    "openapi": "3.1.0",
    "paths": {
        "/v1/events": {
            "get": {"summary": "List <events>", "responses": {"200": {"description": "Done."}}},
            "post": {
                "responses": {"201": {"description": "Done."}},
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
            },
        },
        "/v1/unlisted": {"get": {"responses": {}}},
    },
    "components": {"schemas": {"Page": {"type": "object", "properties": {"name": {}}, "required": ["name"]}}},
}
COMMERCE_API = {
    "openapi": "3.1.0",
    "paths": {
        "/v1/orders/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "Done.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}},
                    }
                },
            }
        }
    },
    "components": {"schemas": {"Page": {"type": "object", "properties": {"total": {}}}}},
}
SILENT: dict[str, object] = {"paths": {}}
UNTOLD = "The service that answers here has not described itself yet."


def say(world: World, **parts: object) -> None:
    """Let every service describe itself: with nothing, where a test does not say more."""

    def replying(service: str) -> None:
        def reply(heard: Heard) -> bytes:
            return json_answer(parts.get(service, SILENT) if heard.target == "/openapi.json" else {})

        if service == "identity":
            world.identity.other = reply
        else:
            world[service].reply = reply

    for service in world.services:
        replying(service)


def asked(world: World, service: str) -> int:
    return sum(heard.target == "/openapi.json" for heard in world[service].heard)


async def test_the_document_holds_what_the_table_lists_and_what_the_table_knows(world: World) -> None:
    """Scenario 25."""
    say(world, events=EVENTS_API, commerce=COMMERCE_API)
    document = (await world.ask("GET", "/openapi.json")).json()
    assert {row.path for row in ROWS} <= set(document["paths"]) and "/v1/unlisted" not in document["paths"]
    post = document["paths"]["/v1/events"]["post"]
    assert (post["x-who"], post["security"], post["tags"], post["operationId"]) == (
        "needs events:event:write",
        [{"accessToken": []}, {"machineToken": []}],
        ["events"],
        "postEvents",
    )
    body = post["requestBody"]["content"]["application/json"]["schema"]
    schemas = document["components"]["schemas"]
    assert body == {"$ref": "#/components/schemas/EventsPage"}
    assert list(schemas["EventsPage"]["properties"]) == ["name"]
    assert list(schemas["Page"]["properties"]) == ["total"]


async def test_a_parameter_in_a_path_has_the_name_the_table_gives_it(world: World) -> None:
    say(world, commerce=COMMERCE_API)
    order = (await world.ask("GET", "/openapi.json")).json()["paths"]["/v1/orders/{orderId}"]["get"]
    assert [(each["name"], each["in"]) for each in order["parameters"]] == [("orderId", "path")]


async def test_what_a_service_said_stays_while_it_is_away_and_is_asked_for_again(run: RunGateway) -> None:
    clock = FrozenClock()
    async with run(clock=clock) as world:
        say(world, events=EVENTS_API)
        before = (await world.ask("GET", "/openapi.json")).json()["paths"]["/v1/events"]["post"]
        await world["events"].stop()
        clock.advance(timedelta(minutes=1))
        away = (await world.ask("GET", "/openapi.json")).json()["paths"]["/v1/events"]["post"]
        assert away == before and "requestBody" in away
        await world["events"].start()
        changed = {**EVENTS_API, "paths": {"/v1/events": {"post": {"summary": "New words", "responses": {}}}}}
        say(world, events=changed)
        clock.advance(timedelta(seconds=5))
        after = (await world.ask("GET", "/openapi.json")).json()["paths"]["/v1/events"]["post"]
        assert after["summary"] == "New words"


async def test_services_are_asked_once_a_minute_however_many_want_to_read(run: RunGateway) -> None:
    clock = FrozenClock()
    async with run(clock=clock) as world:
        say(world, events=EVENTS_API)
        targets = ["/openapi.json", "/docs"] * 4
        answers = await asyncio.gather(*(world.ask("GET", target) for target in targets))
        assert [answer.status for answer in answers] == [200] * 8
        assert asked(world, "events") == 1
        clock.advance(timedelta(seconds=59))
        await world.ask("GET", "/openapi.json")
        assert asked(world, "events") == 1
        clock.advance(timedelta(seconds=1))
        await world.ask("GET", "/openapi.json")
        assert asked(world, "events") == 2


async def test_a_service_never_heard_of_leaves_its_rows_in_the_document(run: RunGateway) -> None:
    clock = FrozenClock()
    async with run(clock=clock) as world:
        say(world)
        await world["wallet"].stop()
        untold = (await world.ask("GET", "/openapi.json")).json()["paths"]["/v1/passes/{passId}/wallet"]["get"]
        assert untold["description"] == UNTOLD
        assert {"401", "403", "429", "503"} <= set(untold["responses"])


async def test_a_table_read_again_is_a_document_made_again(run: RunGateway) -> None:
    async with run() as world:
        say(world)
        before = (await world.ask("GET", "/openapi.json")).json()
        router = world.built.gateway._parts.router
        router.rows = tuple(replace(row, rate=None) for row in ROWS if row.path != "/v1/events")
        after = (await world.ask("GET", "/openapi.json")).json()
        assert "/v1/events" in before["paths"] and "/v1/events" not in after["paths"]


async def test_documents_have_tags_may_be_kept_for_a_moment_and_go_out_compressed(world: World) -> None:
    """Scenario 13."""
    say(world, events=EVENTS_API)
    for target, kind in (
        ("/openapi.json", "application/json"),
        ("/asyncapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
    ):
        whole = await world.ask("GET", target)
        assert (whole.status, whole.one("content-type"), whole.one("cache-control")) == (
            200,
            kind,
            "public, max-age=30",
        )
        unchanged = await world.ask("GET", target, {"if-none-match": whole.one("etag")})
        assert (unchanged.status, unchanged.body, unchanged.one("etag")) == (304, b"", whole.one("etag"))
        changed = await world.ask("GET", target, {"if-none-match": '"other"'})
        assert (changed.status, changed.body) == (200, whole.body)
        small = await world.ask("GET", target, {"accept-encoding": "gzip"})
        assert gzip.decompress(small.body) == whole.body and len(small.body) < len(whole.body) / 4
        head = await world.ask("HEAD", target)
        assert (head.status, head.one("content-length")) == (200, str(len(whole.body)))
        assert (await world.ask("POST", target, body=b"")).status == 405


async def test_the_messages_are_told_without_asking_any_service(world: World) -> None:
    answer = await world.ask("GET", "/asyncapi.json")
    assert (answer.json()["asyncapi"], "order.paid" in answer.json()["channels"]) == ("3.0.0", True)
    assert [asked(world, service) for service in world.services] == [0] * 6


async def test_the_page_is_whole_without_script_and_escapes_what_it_shows(world: World) -> None:
    say(world, events=EVENTS_API)
    answer = await world.ask("GET", "/docs")
    page = answer.body.decode()
    assert "List &lt;events&gt;" in page and "<events>" not in page
    assert re.findall(r"<script[^>]*>(?!</script>)", page) == []
    assert "script-src 'self';" in answer.one("content-security-policy")
    assert page.count('class="card operation"') == len(ROWS) + 8

"""What a service gets of a request, and what a client gets of an answer."""

import asyncio
import json
from datetime import UTC, datetime

import jwt
import pytest

from common.testing import principals
from gateway.testing import Heard, World


async def test_a_request_reaches_its_service_with_path_and_query_as_they_came(world: World) -> None:
    answer = await world.ask("GET", "/v1/events/caf%C3%A9~x?q=a%20b&q=%2F&empty=")
    assert answer.status == 200
    (heard,) = world["events"].heard
    assert (heard.method, heard.target) == ("GET", "/v1/events/caf%C3%A9~x?q=a%20b&q=%2F&empty=")


async def test_an_unlisted_address_is_unknown_and_nobody_is_asked(world: World) -> None:
    for target in ("/v1/nothing", "/", "/internal/keys", "/internal/sign-ins/lookup", "/v1/events/", "/docs/x"):
        answer = await world.ask("GET", target, token=world.identity.sign_in())
        assert (answer.status, answer.code) == (404, "gateway.no_such_route")
    assert [service.heard for name, service in world.services.items() if name != "identity"] == [[]] * 5
    assert world.identity.asked() == []


async def test_another_method_on_a_known_address_names_those_that_exist(world: World) -> None:
    answer = await world.ask("DELETE", "/v1/me", token=world.identity.sign_in())
    assert (answer.status, answer.code, answer.one("allow")) == (405, "gateway.method_not_allowed", "GET, HEAD, PATCH")
    assert world.identity.asked() == []


async def test_a_service_hears_who_asks_from_the_gateway_alone(world: World) -> None:
    person = principals.user()
    forged = {
        "X-User-Id": "usr_evil",
        "x_user_id": "usr_evil",
        "X-Internal-Token": "evil",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil",
        "Forwarded": "for=6.6.6.6",
        "X-Request-Id": "evil",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "evil",
        "TE": "trailers",
    }
    await world.ask("GET", "/v1/orders", forged, token=world.identity.sign_in(person))
    (heard,) = world["commerce"].heard
    assert "evil" not in str(heard.headers) and "6.6.6.6" not in str(heard.headers)
    assert heard.one("x-forwarded-for") == "127.0.0.1"
    key = jwt.PyJWK(json.loads(world.signing_key.public_jwks())["keys"][0], algorithm="EdDSA").key
    token = heard.one("authorization").removeprefix("Bearer ")
    # PyJWT knows the algorithm by its older name only, so the header is read by hand.
    assert jwt.get_unverified_header(token)["alg"] == "Ed25519"
    signed, _, signature = token.rpartition(".")
    key.verify(jwt.utils.base64url_decode(signature), signed.encode())
    claims = json.loads(jwt.utils.base64url_decode(signed.split(".")[1]))
    assert (claims["iss"], claims["aud"], claims["kind"]) == ("lanyard-gateway", "commerce", "user")
    assert (claims["sub"], claims["sid"], claims["email"]) == (person.subject, person.sign_in_id, person.email)
    assert 0 < claims["exp"] - datetime.now(UTC).timestamp() <= 60


async def test_an_internal_token_is_minted_once_for_a_service_and_never_shared_between_services(world: World) -> None:
    token = world.identity.sign_in()
    for target in ("/v1/orders", "/v1/orders", "/v1/passes"):
        await world.ask("GET", target, token=token)
    first, second = (heard.one("authorization") for heard in world["commerce"].heard)
    assert first == second != world["events"].heard[0].one("authorization")


async def test_a_public_route_carries_an_anonymous_token_and_drops_what_the_client_sent(world: World) -> None:
    answer = await world.ask("POST", "/v1/auth/refresh", {"content-type": "application/json"}, b"{}", token="expired")
    assert answer.status == 200
    (heard,) = world.identity.asked()
    claims = json.loads(jwt.utils.base64url_decode(heard.one("authorization").split(".")[1]))
    assert (claims["kind"], claims["sub"], claims["roles"]) == (
        "anonymous",
        None,
        {"platform": [], "org": {}, "wsp": {}},
    )


async def test_a_public_route_that_knows_its_caller_passes_a_token_on_and_refuses_a_bad_one(world: World) -> None:
    await world.ask("GET", "/v1/events/evt_1", token=world.identity.sign_in())
    claims = json.loads(jwt.utils.base64url_decode(world["events"].heard[0].one("authorization").split(".")[1]))
    assert claims["kind"] == "user"
    refused = await world.ask("GET", "/v1/events/evt_1", token="nonsense")
    assert (refused.status, refused.code) == (401, "gateway.token_refused")
    assert len(world["events"].heard) == 1


async def test_a_small_body_goes_on_whole(world: World) -> None:
    body = json.dumps({"name": "Lagos Nights"}).encode()
    token = world.identity.sign_in()
    await world.ask("POST", "/v1/organizations", {"content-type": "application/json"}, body, token=token)
    (heard,) = world.identity.asked()
    assert (heard.body, heard.one("content-length"), heard.one("content-type")) == (
        body,
        str(len(body)),
        "application/json",
    )


async def test_an_answer_comes_back_as_it_was_given_with_the_gateways_own_fields(world: World) -> None:
    world["events"].reply = lambda _: (
        b'HTTP/1.1 404 Not Found\r\netag: "7"\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nserver: uvicorn\r\n'
        b"connection: keep-alive, x-hop\r\nx-hop: 1\r\ncontent-length: 4\r\n\r\nnone"
    )
    answer = await world.ask("GET", "/v1/events")
    assert (answer.status, answer.body, answer.one("etag")) == (404, b"none", '"7"')
    assert answer.all("set-cookie") == ["a=1", "b=2"]
    assert answer.all("server") == answer.all("x-hop") == []
    assert answer.one("x-content-type-options") == "nosniff"
    assert len(answer.one("x-request-id")) == 32
    assert len(answer.all("date")) == 1


@pytest.mark.parametrize(
    ("method", "raw", "status", "body"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", 200, b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 900\r\n\r\n", 304, b""),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (
            "GET",
            b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na",
            200,
            b"a",
        ),
        (
            "GET",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\n",
            200,
            b"abcde",
        ),
        ("GET", b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi", 200, b"hi"),
        ("GET", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
    ],
)
async def test_every_kind_of_framing_keeps_its_meaning(
    world: World, method: str, raw: bytes, status: int, body: bytes
) -> None:
    world["events"].reply = lambda _: raw
    for _ in range(2):
        answer = await world.ask(method, "/v1/events")
        assert (answer.status, answer.body) == (status, body)
    assert world["events"].connections == 1


async def test_an_answer_that_ends_with_its_connection_is_passed_on_whole(world: World) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    world["events"].on_connection = serve
    answer = await world.ask("GET", "/v1/events")
    assert (answer.status, answer.body) == (200, b"to the end")


async def test_a_missing_or_malformed_idempotency_key_is_refused_where_one_is_needed(world: World) -> None:
    token = world.identity.sign_in()
    for headers in ({}, {"idempotency-key": '"'}, {"idempotency-key": "a b"}, {"idempotency-key": "a" * 256}):
        answer = await world.ask("POST", "/v1/orders", headers, b"{}", token=token)
        assert (answer.status, answer.code) == (400, "gateway.idempotency_key_needed")
    assert world["commerce"].heard == []
    for key in ("01J-x", '"01J-x"', "a" * 255):
        answer = await world.ask("POST", "/v1/orders", {"idempotency-key": key}, b"{}", token=token)
        assert answer.status == 200
    assert [heard.one("idempotency-key") for heard in world["commerce"].heard] == ["01J-x", '"01J-x"', "a" * 255]


async def test_trace_and_request_id_are_new_and_the_same_everywhere(world: World) -> None:
    callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await world.ask("GET", "/v1/events", {"traceparent": callers, "tracestate": "a=b"})
    heard: Heard = world["events"].heard[0]
    version, trace_id, span_id, flags = heard.one("traceparent").split("-")
    assert trace_id == answer.one("x-request-id") == heard.one("x-request-id") != "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (version, len(span_id), flags) == ("00", 16, "01")
    assert heard.all("tracestate") == []

"""Pages of other sites: those on the list may call and read, and nobody else learns anything."""

import pytest

from gateway.testing import RunGateway, World

SITE = "https://tickets.example"
SHOWN = (
    "deprecation, etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, sunset, "
    "x-request-id"
)
ACCEPTED = (
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, traceparent, "
    "x-app-build, x-app-platform, x-app-version"
)
OTHERS = ["null", "https://evil.example", "http://tickets.example", "https://tickets.example:444", "*"]


def about_origins(answer: object) -> list[tuple[str, str]]:
    return sorted(header for header in answer.headers if header[0].startswith("access-control-"))  # type: ignore[attr-defined]


def preflight(origin: str = SITE, method: str = "POST", **more: str) -> dict[str, str]:
    return {"origin": origin, "access-control-request-method": method} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def nobody_was_asked(world: World) -> bool:
    return all(not service.heard for name, service in world.services.items() if name != "identity") and (
        world.identity.asked() == []
    )


async def test_a_preflight_of_a_listed_origin_is_answered_here_before_anyone_signs_in(run: RunGateway) -> None:
    async with run(cors_origins=SITE) as world:
        asked = preflight(access_control_request_headers="authorization,idempotency-key")
        answer = await world.ask("OPTIONS", "/v1/orders", asked)
        assert (answer.status, answer.body, answer.one("vary")) == (204, b"", "origin")
        assert about_origins(answer) == [
            ("access-control-allow-headers", ACCEPTED),
            ("access-control-allow-methods", "GET, HEAD, POST"),
            ("access-control-allow-origin", SITE),
            ("access-control-expose-headers", SHOWN),
            ("access-control-max-age", "7200"),
        ]
        assert answer.all("content-length") == answer.all("transfer-encoding") == []
        assert len(answer.one("x-request-id")) == 32
        assert nobody_was_asked(world)


async def test_the_public_url_is_always_listed(run: RunGateway) -> None:
    async with run(public_url="https://Lanyard.example:443/start") as world:
        answer = await world.ask("OPTIONS", "/v1/me", preflight("https://lanyard.example", "PATCH"))
        assert answer.one("access-control-allow-origin") == "https://lanyard.example"
        assert answer.one("access-control-allow-methods") == "GET, HEAD, PATCH"


@pytest.mark.parametrize("origin", OTHERS)
async def test_any_other_origin_is_granted_nothing(run: RunGateway, origin: str) -> None:
    async with run(cors_origins=SITE) as world:
        refused = await world.ask("OPTIONS", "/v1/orders", preflight(origin))
        assert (refused.status, about_origins(refused), refused.one("vary")) == (204, [], "origin")
        plain = await world.ask("GET", "/v1/events", {"origin": origin})
        assert (plain.status, about_origins(plain), plain.one("vary").split(",")[0]) == (200, [], "origin")


async def test_two_origins_in_one_request_are_granted_nothing(run: RunGateway) -> None:
    async with run(cors_origins=SITE) as world:
        head = b"OPTIONS /v1/orders HTTP/1.1\r\nhost: a\r\naccess-control-request-method: POST\r\nconnection: close\r\n"
        lines = f"origin: {SITE}\r\norigin: https://evil.example\r\n\r\n".encode()
        (answer,) = await world.raw(head + lines)
        assert (answer.status, about_origins(answer)) == (204, [])


async def test_a_preflight_never_grants_a_private_network_or_credentials(run: RunGateway) -> None:
    async with run(cors_origins=SITE) as world:
        answer = await world.ask("OPTIONS", "/v1/orders", preflight(access_control_request_private_network="true"))
        assert not {"access-control-allow-private-network", "access-control-allow-credentials"} & {
            name for name, _ in answer.headers
        }


@pytest.mark.parametrize("target", ["/openapi.json", "/status.json", "/%68ealth"])
async def test_the_gateways_own_addresses_have_preflights_too(run: RunGateway, target: str) -> None:
    async with run(cors_origins=SITE) as world:
        answer = await world.ask("OPTIONS", target, preflight(method="GET"))
        assert (answer.status, answer.one("access-control-allow-methods")) == (204, "GET, HEAD")
        assert answer.one("access-control-allow-origin") == SITE
        bare = await world.ask("OPTIONS", target)
        assert (bare.status, bare.one("allow")) == (405, "GET, HEAD")


async def test_an_address_without_a_row_has_no_preflight(run: RunGateway) -> None:
    async with run(cors_origins=SITE) as world:
        answer = await world.ask("OPTIONS", "/v1/nothing", preflight())
        assert (answer.status, answer.code) == (404, "gateway.no_such_route")
        assert "access-control-allow-methods" not in {name for name, _ in answer.headers}


@pytest.mark.parametrize(
    "headers", [{}, {"origin": SITE}, {"access-control-request-method": "POST"}], ids=["bare", "origin", "method"]
)
async def test_an_options_request_that_is_no_preflight_is_refused_as_any_other_method(
    run: RunGateway, headers: dict[str, str]
) -> None:
    async with run(cors_origins=SITE) as world:
        answer = await world.ask("OPTIONS", "/v1/orders", headers)
        assert (answer.status, answer.code) == (405, "gateway.method_not_allowed")
        assert answer.one("allow") == "GET, HEAD, POST"
        assert nobody_was_asked(world)


async def test_a_listed_origin_may_read_answers_and_refusals_alike(run: RunGateway) -> None:
    async with run(cors_origins=f"https://other.example, {SITE}") as world:
        for target, status in (("/v1/events", 200), ("/v1/me", 401), ("/v1/none", 404), ("/healthz", 200)):
            answer = await world.ask("GET", target, {"origin": SITE})
            assert answer.status == status
            assert about_origins(answer) == [
                ("access-control-allow-origin", SITE),
                ("access-control-expose-headers", SHOWN),
            ]
            assert "origin" in answer.all("vary")


async def test_a_service_grants_nothing_that_the_gateway_does_not_and_may_vary_by_more(run: RunGateway) -> None:
    async with run(cors_origins=SITE) as world:
        world["events"].reply = lambda _: (
            b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\n"
            b"vary: accept\r\ncontent-length: 2\r\n\r\n{}"
        )
        for headers, granted in (({"origin": "https://evil.example"}, []), ({"origin": SITE}, [SITE])):
            answer = await world.ask("GET", "/v1/events", headers)
            assert answer.all("access-control-allow-origin") == granted
            assert answer.all("access-control-allow-credentials") == []
            assert {"accept", "origin"} <= set(answer.all("vary"))

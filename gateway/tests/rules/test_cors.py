"""Whose pages may call: origins compared as a whole, nothing granted to any other."""

import pytest

from common.tokens import SigningKey
from gateway.cors import Cors, listed_origin, origin_of
from gateway.headers import Inbound
from gateway.routes import SERVICES
from gateway.settings import GatewaySettings

USUAL = ((b"x-frame-options", b"DENY"), (b"vary", b"origin"))
SHOWN = (
    b"deprecation, etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, sunset, "
    b"x-request-id"
)
cors = Cors(["https://lanyard.example", "http://localhost:5173"], ((b"x-frame-options", b"DENY"),))


def request(*origins: bytes) -> Inbound:
    inbound = Inbound()
    for origin in origins:
        inbound.take(b"Origin", origin)
    return inbound


@pytest.mark.parametrize("origin", [b"https://lanyard.example", b"http://localhost:5173"])
def test_a_listed_origin_is_named_and_told_what_it_may_read(origin: bytes) -> None:
    assert cors.headers_for(request(origin)) == (
        *USUAL,
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", SHOWN),
    )


@pytest.mark.parametrize(
    "origin",
    [
        b"null",
        b"*",
        b"",
        b"https://evil.example",
        b"http://lanyard.example",
        b"https://lanyard.example:8443",
        b"https://lanyard.example.evil.example",
        b"https://evil.example/?https://lanyard.example",
        b"https://sub.lanyard.example",
        b"https://lanyard.example/",
        b"https://LANYARD.example",
        b"http://localhost",
        b"https://lanyard.example https://evil.example",
    ],
)
def test_any_other_origin_gets_nothing(origin: bytes) -> None:
    assert cors.headers_for(request(origin)) == USUAL


def test_two_origins_are_none() -> None:
    assert cors.headers_for(request(b"https://lanyard.example", b"https://evil.example")) == USUAL
    assert cors.headers_for(request(b"https://lanyard.example", b"https://lanyard.example")) == USUAL


def test_an_answer_without_an_origin_says_that_it_may_differ_by_one() -> None:
    assert cors.headers_for(request()) == USUAL


def test_credentials_and_private_networks_are_granted_to_nobody() -> None:
    names = {name for name, _ in cors.headers_for(request(b"https://lanyard.example"))}
    assert not names & {b"access-control-allow-credentials", b"access-control-allow-private-network"}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Lanyard.Example/app?x=1", "https://lanyard.example"),
        ("https://lanyard.example:443", "https://lanyard.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://lanyard.example:80/", "http://lanyard.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "text",
    ["*", "null", "https://*.lanyard.example", "lanyard.example", "https://lanyard.example/", "ftp://lanyard.example",
     "https://u:p@lanyard.example", "https://lanyard.example?x", "https://", "file:///etc"],
)  # fmt: skip
def test_a_setting_that_is_no_exact_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an origin"):
        listed_origin(text)


@pytest.mark.parametrize("origins", ["*", "null", "https://*.example", "https://a.example, https://b.example/path"])
def test_settings_with_such_an_origin_stop_the_start(origins: str) -> None:
    addresses = {service: ["http://127.0.0.1:1"] for service in SERVICES}
    key = SigningKey.generate().private_json()
    with pytest.raises(ValueError, match="an origin"):
        GatewaySettings(upstreams=addresses, internal_signing_key=key, cors_origins=origins)
    listed = GatewaySettings(upstreams=addresses, internal_signing_key=key, cors_origins=" https://A.example,http://b ")
    assert listed.origins == ("http://127.0.0.1:8000", "https://a.example", "http://b")
